"""The ledger in two tables; one statement counts and judges, for all processes at once."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.ports.owner_ledger import Amount, Ceiling

_TAKE: Final[LiteralString] = """
INSERT INTO owner_usage AS so_far (owner, day, recipients, segments)
SELECT %(owner)s, %(day)s, %(recipients)s, %(segments)s
 WHERE %(recipients)s <= coalesce(%(most_recipients)s, %(recipients)s)
   AND %(segments)s <= coalesce(%(most_segments)s, %(segments)s)
ON CONFLICT (owner, day) DO UPDATE
   SET recipients = so_far.recipients + excluded.recipients,
       segments = so_far.segments + excluded.segments
 WHERE so_far.recipients + excluded.recipients
       <= coalesce(%(most_recipients)s, so_far.recipients + excluded.recipients)
   AND so_far.segments + excluded.segments
       <= coalesce(%(most_segments)s, so_far.segments + excluded.segments)
RETURNING recipients, segments
"""
_GIVE_BACK: Final[LiteralString] = """
UPDATE owner_usage SET recipients = greatest(recipients - %s, 0), segments = greatest(segments - %s, 0)
 WHERE owner = %s AND day = %s
"""
_USED: Final[LiteralString] = (
    "SELECT recipients, segments FROM owner_usage WHERE owner = %s AND day = %s"
)
_STOPPED: Final[LiteralString] = "SELECT owner, reason FROM owner_stopped ORDER BY owner"
_STOP: Final[LiteralString] = """
INSERT INTO owner_stopped (owner, reason) VALUES (lower(%s), %s)
ON CONFLICT (owner) DO UPDATE SET reason = excluded.reason
"""
_LET: Final[LiteralString] = """
WITH stopped AS (DELETE FROM owner_stopped WHERE owner = lower(%s) RETURNING owner)
SELECT owner, pg_notify('varsel_agenda', '') FROM stopped
"""


class PostgresOwnerLedger:
    """Keeps the ledger."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def take(self, owner: str, day: date, amount: Amount, ceiling: Ceiling) -> Amount | None:
        asked = {
            "owner": owner,
            "day": day,
            "recipients": amount.recipients,
            "segments": amount.segments,
            "most_recipients": ceiling.recipients,
            "most_segments": ceiling.segments,
        }
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_TAKE, asked)
            row = await cursor.fetchone()
            return None if row is None else Amount(*row)

    async def give_back(self, owner: str, day: date, amount: Amount) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_GIVE_BACK, (amount.recipients, amount.segments, owner, day))

    async def used(self, owner: str, day: date) -> Amount:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_USED, (owner, day))
            row = await cursor.fetchone()
            return Amount() if row is None else Amount(*row)

    async def stopped(self) -> Mapping[str, str]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_STOPPED)
            return {str(owner): str(reason) for owner, reason in await cursor.fetchall()}

    async def stop(self, owner: str, reason: str) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_STOP, (owner, reason))

    async def let(self, owner: str) -> bool:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_LET, (owner,))
            return await cursor.fetchone() is not None
