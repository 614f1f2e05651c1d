"""The agenda in PostgreSQL: claimed in batches, lent by lease."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from domain.order.events import OrderId

CHANNEL: Final = "varsel_agenda"

# Lane by lane, each read from its end of the index, and no further than the limit; and the rows of an
# array are found by the index, whatever the planner believes of the table's size.
# A claim never waits for a row that somebody else has locked.
_CLAIM: Final[LiteralString] = """
WITH ready AS MATERIALIZED (
    SELECT first.order_id, lanes.lane, first.ready_at
      FROM unnest('{0,1,2}'::smallint[]) AS lanes(lane), LATERAL (
           SELECT order_id, greatest(due_at, leased_until) AS ready_at FROM agenda
            WHERE agenda.lane = lanes.lane AND greatest(due_at, leased_until) <= %(now)s
            ORDER BY greatest(due_at, leased_until)
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS first
     LIMIT %(limit)s),
lent AS (
    UPDATE agenda SET leased_until = %(until)s, worker = %(worker)s
     WHERE order_id = ANY(ARRAY(SELECT order_id FROM ready))
    RETURNING order_id)
SELECT order_id FROM ready JOIN lent USING (order_id) ORDER BY ready.lane, ready.ready_at
"""
# Rows are locked in the order in which appends lock them, so that neither waits for the other for ever.
_RELEASE: Final[LiteralString] = """
WITH own AS MATERIALIZED (
    SELECT order_id FROM agenda WHERE order_id = ANY(%s) AND worker = %s
     ORDER BY order_id FOR UPDATE)
UPDATE agenda SET leased_until = '-infinity', worker = NULL
 WHERE order_id = ANY(ARRAY(SELECT order_id FROM own))
"""
_NEXT: Final[LiteralString] = """
SELECT min(first.ready_at) FROM unnest('{0,1,2}'::smallint[]) AS lanes(lane), LATERAL (
       SELECT greatest(due_at, leased_until) AS ready_at FROM agenda
        WHERE agenda.lane = lanes.lane
        ORDER BY greatest(due_at, leased_until) LIMIT 1) AS first
"""
_AGE: Final[LiteralString] = f"""
SELECT greatest(now() - ({_NEXT}), interval '0')
"""


class PostgresAgenda:
    """Lends orders that are due to workers, on any number of machines."""

    def __init__(self, pool: AsyncConnectionPool[Any], listener: Listener) -> None:
        self._pool = pool
        self._listener = listener

    async def claim(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Sequence[OrderId]:
        asked = {"now": now, "limit": limit, "until": now + lease, "worker": worker}
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_CLAIM, asked)
            return [OrderId(row[0]) for row in await cursor.fetchall()]

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_RELEASE, (list(order_ids), worker))

    async def next_due(self) -> datetime | None:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_NEXT)
            row = await cursor.fetchone()
            return None if row is None else row[0]

    async def wait(self, seconds: float) -> None:
        await self._listener.wait(CHANNEL, seconds)

    async def age(self) -> timedelta:
        """How long the most overdue order that nobody has in hand has waited."""
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_AGE)
            row = await cursor.fetchone()
            return timedelta() if row is None or row[0] is None else row[0]
