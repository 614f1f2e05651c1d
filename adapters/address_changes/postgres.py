"""The changes in a table, each address sealed under a key of its own, which the month's key wraps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from psycopg.rows import kwargs_row, namedtuple_row
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.sealed_box import OwnKeyBox, opened_alone, sealed_alone
from application.ports.address_changes import ChangesStanding, ConcurrentChangeError
from application.ports.key_vault import KeyVault
from domain.channel import Channel
from domain.official_address import (
    AddressChange,
    ChangeId,
    ChangeKind,
    ChangeState,
    Place,
    WantedChange,
)
from domain.personal import Contact
from domain.recipient import OrganisationNumber

log = structlog.get_logger()

_ONE_AT_A_TIME: Final[LiteralString] = (
    "SELECT pg_advisory_xact_lock(hashtextextended('address_change ' || %s, 0))"
)
_LATEST: Final[LiteralString] = "SELECT max(change_id) FROM address_change WHERE organisation = %s"
_ADD: Final[LiteralString] = """
INSERT INTO address_change
       (version, organisation, kind, registry_id, state, requested_at, due_at, sealed, month, wrapped)
VALUES (1, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING change_id
"""
_SAVE: Final[LiteralString] = """
UPDATE address_change
   SET version = %(version)s, state = %(state)s, due_at = %(due_at)s, attempts = %(attempts)s,
       told_at = %(told_at)s, taken_as = %(taken_as)s, refusal = %(refusal)s,
       sealed = CASE WHEN %(has_place)s THEN sealed END,
       month = CASE WHEN %(has_place)s THEN month END,
       wrapped = CASE WHEN %(has_place)s THEN wrapped END
 WHERE change_id = %(change_id)s AND version = %(after)s
"""
_OF: Final[LiteralString] = (
    "SELECT * FROM address_change WHERE organisation = %s ORDER BY change_id"
)
_DUE: Final[LiteralString] = """
SELECT * FROM address_change
 WHERE state IN ('requested', 'told', 'taken') AND due_at <= %s ORDER BY due_at, change_id LIMIT %s
"""
_STANDING: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE is_open) AS waiting,
       min(requested_at) FILTER (WHERE is_open) AS waiting_since,
       count(*) FILTER (WHERE state = 'refused') AS refused
  FROM address_change, LATERAL (SELECT state IN ('requested', 'told', 'taken')) AS o (is_open)
"""
_FORGET: Final[LiteralString] = """
DELETE FROM address_change WHERE state IN ('held', 'dismissed') AND requested_at < %s
"""


class PostgresAddressChanges:
    """Keeps the changes for all processes."""

    def __init__(self, pool: AsyncConnectionPool[Any], vault: KeyVault) -> None:
        self._pool = pool
        self._vault = vault

    async def of(self, organisation: OrganisationNumber) -> Sequence[AddressChange]:
        async with reaching(self._pool) as connection:
            cursor = connection.cursor(row_factory=namedtuple_row)
            await cursor.execute(_OF, (organisation,))
            return [self._change(row) for row in await cursor.fetchall()]

    async def add(
        self, wanted: WantedChange, *, after: ChangeId | None, now: datetime
    ) -> AddressChange:
        box: tuple[object, object, object] = (None, None, None)
        if wanted.place is not None:
            content = f"{wanted.place.channel} {wanted.place.address.text}".encode()
            box = sealed_alone(self._vault, content, wanted.organisation.encode(), f"{now:%Y-%m}")
        state = ChangeState.REQUESTED
        row = (wanted.organisation, wanted.kind, wanted.registry_id, state, now, now, *box)
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute(_ONE_AT_A_TIME, (wanted.organisation,))
            latest = await (await connection.execute(_LATEST, (wanted.organisation,))).fetchone()
            if latest != (after,):
                raise ConcurrentChangeError
            added = await (await connection.execute(_ADD, row)).fetchone()
        (change_id,) = added or (0,)
        return AddressChange(
            change_id=ChangeId(change_id),
            version=1,
            organisation=wanted.organisation,
            kind=wanted.kind,
            place=wanted.place,
            registry_id=wanted.registry_id,
            state=state,
            requested_at=now,
            due_at=now,
        )

    async def save(self, change: AddressChange, *, after: int) -> bool:
        values = {
            "version": change.version,
            "state": change.state,
            "due_at": change.due_at,
            "attempts": change.attempts,
            "told_at": change.told_at,
            "taken_as": change.taken_as,
            "refusal": change.refusal,
            "has_place": change.place is not None,
            "change_id": change.change_id,
            "after": after,
        }
        async with reaching(self._pool) as connection:
            return (await connection.execute(_SAVE, values)).rowcount > 0

    async def due(self, now: datetime, *, most: int) -> Sequence[AddressChange]:
        async with reaching(self._pool) as connection:
            cursor = connection.cursor(row_factory=namedtuple_row)
            await cursor.execute(_DUE, (now, most))
            return [self._change(row) for row in await cursor.fetchall()]

    async def standing(self) -> ChangesStanding:
        async with (
            reaching(self._pool) as connection,
            connection.cursor(row_factory=kwargs_row(ChangesStanding)) as cursor,
        ):
            await cursor.execute(_STANDING)
            return await cursor.fetchone() or ChangesStanding()

    async def forget(self, before: datetime) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_FORGET, (before,))

    def _change(self, row: Any) -> AddressChange:  # noqa: ANN401  # a row, by the names of its columns
        return AddressChange(
            change_id=ChangeId(row.change_id),
            version=row.version,
            organisation=OrganisationNumber(row.organisation),
            kind=ChangeKind(row.kind),
            place=self._place(row),
            registry_id=row.registry_id,
            state=ChangeState(row.state),
            requested_at=row.requested_at,
            due_at=row.due_at,
            attempts=row.attempts,
            told_at=row.told_at,
            taken_as=row.taken_as,
            refusal=row.refusal,
        )

    def _place(self, row: Any) -> Place | None:  # noqa: ANN401  # as above
        """The address; None where it was erased, or with an alarm if somebody has changed what is stored."""
        try:
            return self._opened(row.organisation, row.sealed, row.month, row.wrapped)
        except (InvalidTag, InvalidUnwrap):
            log.critical(
                "address_change_spoilt",
                change=row.change_id,
                organisation=row.organisation,
                does="the register is not told of it",
                see="somebody has changed what is stored; whoever asked for the change has to ask again",
            )
            return None

    def _opened(
        self, organisation: str, box: bytes | None, month: str | None, wrapped: bytes | None
    ) -> Place | None:
        if box is None or month is None or wrapped is None:
            return None
        content = opened_alone(self._vault, OwnKeyBox(box, month, wrapped), organisation.encode())
        if content is None:
            return None
        channel, _, address = content.decode().partition(" ")
        return Place(channel=Channel(channel), address=Contact(address))
