"""The mails in a table, each sealed under a key of its own, which the month's key of the vault wraps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.lasting import make_lasting
from adapters.postgres.reaching import reaching
from adapters.sealed_box import OwnKeyBox, opened_alone, sealed_alone
from application.ports.key_vault import KeyVault
from application.ports.unread_mail import (
    KEPT_FOR,
    LONGEST_KEPT,
    MOST_KEPT,
    MailId,
    UnreadKind,
    UnreadMail,
)

_PURPOSE: Final = "unread mail"
_KEEP: Final[LiteralString] = """
INSERT INTO unread_mail (digest, kind, received_at, size, sealed, month, wrapped)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (digest) DO NOTHING
"""
_TIDY: Final[LiteralString] = """
DELETE FROM unread_mail WHERE received_at < %(since)s OR mail_id IN (
    SELECT mail_id FROM unread_mail WHERE kind = %(kind)s ORDER BY mail_id DESC OFFSET %(most)s)
"""
_COLUMNS: Final[LiteralString] = "mail_id, kind, received_at, size, digest, sealed, month, wrapped"
_LATEST: Final[LiteralString] = f"""
SELECT {_COLUMNS} FROM unread_mail
 WHERE %(kind)s::text IS NULL OR kind = %(kind)s ORDER BY mail_id DESC LIMIT %(most)s
"""  # noqa: S608  # nothing but names of columns
_FIND: Final[LiteralString] = f"SELECT {_COLUMNS} FROM unread_mail WHERE mail_id = %s"  # noqa: S608  # as above
_FORGET: Final[LiteralString] = "DELETE FROM unread_mail WHERE mail_id = %s"


class PostgresUnreadMails:
    """Keeps the mails for all processes."""

    def __init__(self, pool: AsyncConnectionPool[Any], vault: KeyVault) -> None:
        self._pool = pool
        self._vault = vault

    async def keep(self, kind: UnreadKind, content: bytes, *, at: datetime) -> None:
        digest = self._vault.keyed_hash(_PURPOSE, content)
        box = sealed_alone(self._vault, content[:LONGEST_KEPT], digest, f"{at:%Y-%m}")
        row = (digest, kind, at, len(content), *box)
        tidying = {"since": at - KEPT_FOR, "kind": kind, "most": MOST_KEPT}
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute(_KEEP, row)
            await connection.execute(_TIDY, tidying)
            await make_lasting(connection)  # one that was kept before is answered for, too

    async def latest(self, most: int, kind: UnreadKind | None = None) -> Sequence[UnreadMail]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_LATEST, {"kind": kind, "most": most})
            return [self._opened(*row) for row in await cursor.fetchall()]

    async def find(self, mail_id: MailId) -> UnreadMail | None:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIND, (mail_id,))
            row = await cursor.fetchone()
        return None if row is None else self._opened(*row)

    async def forget(self, mail_id: MailId) -> bool:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FORGET, (mail_id,))
            return cursor.rowcount > 0

    def _opened(  # noqa: PLR0917  # the columns
        self,
        mail_id: int,
        kind: str,
        received_at: datetime,
        size: int,
        digest: bytes,
        box: bytes,
        month: str,
        wrapped: bytes,
    ) -> UnreadMail:
        return UnreadMail(
            mail_id=MailId(mail_id),
            kind=UnreadKind(kind),
            received_at=received_at,
            size=size,
            content=opened_alone(self._vault, OwnKeyBox(box, month, wrapped), digest),
        )
