"""Which order each chain began with."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.placing import PLACED
from adapters.projections.projection import EventByEvent, FeedEvent, Row
from adapters.projections.runner import ProjectionRunner
from domain.order.events import ChainId, OrderId, OrderKind

_PATIENCE: Final = 5.0

_FIND: Final[LiteralString] = """
SELECT i.order_id FROM chain_index i
  JOIN projection p ON p.name = 'chain_index' AND p.is_serving AND p.generation = i.generation
 WHERE i.chain_id = %s
"""


class _Chain(Struct, frozen=True):
    chain_id: UUID


class _Placed(Struct, frozen=True):
    kind: str
    chain: _Chain | None = None


class _State(Struct, frozen=True):
    event: _Placed


_read = msgspec.json.Decoder(_State).decode


class ChainIndexProjection(EventByEvent):
    """Writes down with which order each chain begins; reminders come after it."""

    name = "chain_index"
    columns: Mapping[str, str] = MappingProxyType({"chain_id": "uuid", "order_id": "uuid"})
    topics: Collection[str] = (PLACED,)
    read = topics
    channel = None
    is_waited_for = False

    def rows(self, event: FeedEvent) -> Iterator[Row]:
        """The order's chain, if it is the first of one."""
        placed = _read(event.state).event
        if placed.chain is not None and placed.kind != OrderKind.REMINDER:
            yield placed.chain.chain_id, event.order_id


class PostgresChainIndex:
    """Finds orders by their chains, after everything that was accepted before the question."""

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

    async def main_order(self, chain_id: ChainId) -> OrderId | None:
        await self._runner.catch_up(ChainIndexProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            row = await (await connection.execute(_FIND, (chain_id,))).fetchone()
            return None if row is None else OrderId(row[0])
