"""Which orders an owner has placed under a reference."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.runner import FeedEvent, ProjectionRunner
from domain.order.events import OrderId

_PLACED: Final = "order.placed"
_INSERT: Final[LiteralString] = """
INSERT INTO order_index (owner, senders_reference, order_id, position)
SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING
"""
_FIND: Final[LiteralString] = """
SELECT order_id FROM order_index WHERE owner = %s AND senders_reference = %s ORDER BY position
"""


class _Placed(Struct, frozen=True):
    owner: str
    senders_reference: str | None = None


class _State(Struct, frozen=True):
    event: _Placed


_read = msgspec.json.Decoder(_State).decode


class OrderIndexProjection:
    """Writes down under which reference each order was placed; blank ones are none."""

    name = "order_index"

    async def clear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute("DELETE FROM order_index")

    async def project(
        self, connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
    ) -> None:
        rows = [
            (placed.owner, placed.senders_reference, each.order_id, each.position)
            for each in events
            if each.topic == _PLACED
            and (placed := _read(each.state).event).senders_reference
            and placed.senders_reference.strip()
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await connection.execute(_INSERT, columns)


class PostgresOrderIndex:
    """Finds orders by reference, after everything that was accepted before the question."""

    def __init__(self, pool: AsyncConnectionPool[Any], runner: ProjectionRunner) -> None:
        self._pool = pool
        self._runner = runner

    async def with_reference(self, owner: str, reference: str) -> Sequence[OrderId]:
        await self._runner.catch_up(OrderIndexProjection.name)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIND, (owner, reference))
            return [OrderId(row[0]) for row in await cursor.fetchall()]
