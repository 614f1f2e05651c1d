"""The ledger in two tables; one statement counts and judges, for all processes at once."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.ports.owner_ledger import REMEMBERED, Amount, QuotaLimit
from domain.order.events import OrderId

_TAKE: Final[LiteralString] = """
SELECT used_recipients, used_segments FROM count_order(
    %(owner)s, %(day)s, %(recipients)s, %(segments)s, %(most_recipients)s, %(most_segments)s,
    %(order_id)s, %(remembered_since)s)
"""
_GIVE_BACK: Final[LiteralString] = """
WITH held AS (
    SELECT * FROM owner_order WHERE order_id = %s FOR UPDATE
), fewer AS (
    UPDATE owner_order o SET asked = o.asked - 1
      FROM held WHERE o.order_id = held.order_id AND held.asked > 1
), nobody AS (
    DELETE FROM owner_order o USING held WHERE o.order_id = held.order_id AND held.asked = 1
)
UPDATE owner_usage used
   SET recipients = used.recipients - held.recipients, segments = used.segments - held.segments
  FROM held
 WHERE held.asked = 1 AND used.owner = held.owner AND used.day = held.day
"""
_USED: Final[LiteralString] = (
    "SELECT recipients, segments FROM owner_usage WHERE owner = %s AND day = %s"
)
_STOPPED: Final[LiteralString] = """
SELECT owner, reason FROM owner_stopped WHERE NOT is_carried_over ORDER BY owner FOR UPDATE
"""
_CARRIED_OVER: Final[LiteralString] = (
    "UPDATE owner_stopped SET is_carried_over = true WHERE NOT is_carried_over"
)


class PostgresOwnerLedger:
    """Keeps the ledger."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def take(
        self,
        owner: str,
        day: date,
        amount: Amount,
        ceiling: QuotaLimit,
        *,
        order_id: OrderId | None = None,
    ) -> Amount | None:
        asked = {
            "owner": owner,
            "day": day,
            "recipients": amount.recipients,
            "segments": amount.segments,
            "most_recipients": ceiling.recipients,
            "most_segments": ceiling.segments,
            "order_id": order_id,
            "remembered_since": day - REMEMBERED,
        }
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_TAKE, asked)
            row = await cursor.fetchone()
            return None if row is None else Amount(*row)

    async def give_back(self, order_id: OrderId) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_GIVE_BACK, (order_id,))

    async def used(self, owner: str, day: date) -> Amount:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_USED, (owner, day))
            row = await cursor.fetchone()
            return Amount() if row is None else Amount(*row)


async def carry_over_stopped(
    pool: AsyncConnectionPool[Any], carry_over: Callable[[str, str], Awaitable[None]]
) -> None:
    """Tell once whom an operator stopped, and why, before that was recorded in the log.

    The rows stay for processes of the version before, which go by them until they are replaced.

    Raises:
        StoreUnavailableError: try again later.
    """
    async with reaching(pool) as connection, connection.transaction():
        cursor = await connection.execute(_STOPPED)
        if rows := await cursor.fetchall():
            for owner, reason in rows:
                await carry_over(str(owner), str(reason))
            await connection.execute(_CARRIED_OVER)
