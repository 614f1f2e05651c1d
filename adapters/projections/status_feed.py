"""What has happened to owners' orders, in commit order."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, LiteralString

import msgspec
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.projection import EventByEvent, FeedEvent, Row
from adapters.projections.runner import ProjectionRunner
from application.ports.status_feed import FeedEntry
from domain.order.events import OrderId

_PATIENCE: Final = 5.0

_PLACED: Final = "order.placed"
_COMPLETED: Final = "order.completed"
_UNSEEN: Final = frozenset({"order.send_condition_met", "order.send_condition_unknown"})
"""What is nobody's status."""

_FROM: Final[LiteralString] = """
SELECT f.position, f.order_id, f.version FROM status_feed f
  JOIN projection p ON p.name = 'status_feed' AND p.is_serving AND p.generation = f.generation
 WHERE f.owner = %(owner)s AND (f.is_end OR %(every)s)
"""
_UP: Final[LiteralString] = _FROM + " AND f.position > %(after)s ORDER BY f.position LIMIT %(size)s"
_DOWN: Final[LiteralString] = (
    _FROM + " AND (%(after)s = 0 OR f.position < %(after)s) ORDER BY f.position DESC LIMIT %(size)s"
)


class _Placed(Struct, frozen=True):
    owner: str


class _State(Struct, frozen=True):
    event: _Placed


_read = msgspec.json.Decoder(_State).decode


class StatusFeedProjection(EventByEvent):
    """Writes down every event that changes what can be seen of an order."""

    name = "status_feed"
    columns: Mapping[str, str] = MappingProxyType(
        {
            "position": "int8",
            "owner": "text",
            "order_id": "uuid",
            "version": "int4",
            "is_end": "bool",
        }
    )
    channel = None

    def rows(self, event: FeedEvent) -> Iterator[Row]:
        """The event's place in the log and in its order; the first one tells whose order it is."""
        if event.topic in _UNSEEN:
            return
        owner = _read(event.state).event.owner if event.topic == _PLACED else None
        is_end = event.topic == _COMPLETED
        yield event.position, owner, event.order_id, event.version, is_end


class PostgresStatusFeed:
    """Gives pages of the feed, after everything that was recorded before the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the feed on, or asks again later."""
        self._pool = pool
        self._runner = runner
        self._patience = patience

    async def page(
        self, owner: str, *, after: int, size: int, is_descending: bool, every_transition: bool
    ) -> Sequence[FeedEntry]:
        await self._runner.catch_up(StatusFeedProjection.name, within=self._patience)
        asked = {"owner": owner, "after": after, "size": size, "every": every_transition}
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_DOWN if is_descending else _UP, asked)
            return [
                FeedEntry(position=row[0], order_id=OrderId(row[1]), version=row[2])
                for row in await cursor.fetchall()
            ]
