"""The agenda in PostgreSQL: claimed in batches, lent by lease."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from domain.order.events import OrderId

CHANNEL: Final = "varsel_agenda"

_CLAIM: Final[LiteralString] = """
WITH ready AS (
    SELECT order_id FROM agenda
     WHERE lane = ANY('{0,1,2}') AND greatest(due_at, leased_until) <= %(now)s
     ORDER BY lane, greatest(due_at, leased_until)
     LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE agenda SET leased_until = %(until)s, worker = %(worker)s
  FROM ready WHERE agenda.order_id = ready.order_id
RETURNING agenda.order_id
"""
_RELEASE: Final[LiteralString] = """
UPDATE agenda SET leased_until = '-infinity', worker = NULL
 WHERE order_id = ANY(%s) AND worker = %s
"""
_NEXT: Final[LiteralString] = "SELECT min(greatest(due_at, leased_until)) FROM agenda"
_AGE: Final[LiteralString] = """
SELECT greatest(now() - min(greatest(due_at, leased_until)), interval '0') FROM agenda
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
