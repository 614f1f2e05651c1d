"""Which orders an owner has placed under a reference."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, LiteralString

import msgspec
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.placing import PLACED
from adapters.projections.projection import EventByEvent, FeedEvent, Row, is_storable
from adapters.projections.runner import ProjectionRunner
from domain.order.events import OrderId

_PATIENCE: Final = 5.0

_FIND: Final[LiteralString] = """
SELECT i.order_id FROM order_index i
  JOIN projection p ON p.name = 'order_index' AND p.is_serving AND p.generation = i.generation
 WHERE i.owner = %(owner)s AND i.senders_reference = %(reference)s
   AND hashtextextended(i.senders_reference, 0) = hashtextextended(%(reference)s, 0)
 ORDER BY i.position
"""


class _Placed(Struct, frozen=True):
    owner: str
    senders_reference: str | None = None


class _State(Struct, frozen=True):
    event: _Placed


_read = msgspec.json.Decoder(_State).decode


class OrderIndexProjection(EventByEvent):
    """Writes down under which reference each order was placed; blank ones are none."""

    name = "order_index"
    columns: Mapping[str, str] = MappingProxyType(
        {"owner": "text", "senders_reference": "text", "order_id": "uuid", "position": "int8"}
    )
    topics: Collection[str] = (PLACED,)
    read = topics
    channel = None
    is_waited_for = False

    def rows(self, event: FeedEvent) -> Iterator[Row]:
        """The order's reference, if it was placed under one."""
        placed = _read(event.state).event
        if is_reference(placed.senders_reference):
            yield placed.owner, placed.senders_reference, event.order_id, event.position


class PostgresOrderIndex:
    """Finds orders by reference, after everything that was accepted before the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the index on, or asks again later."""
        self._pool = pool
        self._runner = runner
        self._patience = patience

    async def with_reference(self, owner: str, reference: str) -> Sequence[OrderId]:
        if not is_reference(reference):
            return ()
        await self._runner.catch_up(OrderIndexProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIND, {"owner": owner, "reference": reference})
            return [OrderId(row[0]) for row in await cursor.fetchall()]


def is_reference(text: str | None) -> bool:
    """Whether orders can be found by this: neither blank, nor what no database can hold."""
    return text is not None and bool(text.strip()) and is_storable(text)
