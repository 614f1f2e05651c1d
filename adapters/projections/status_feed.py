"""What has happened to owners' orders, in commit order."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, LiteralString

import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.placing import PLACED, Placings
from adapters.projections.projection import FeedEvent, insert
from adapters.projections.runner import BehindError, ProjectionRunner
from application.ports.status_feed import ENDS, UNSEEN, FeedEntry
from domain.order.events import OrderId

_FEW: Final = 20
"""Events that a reader waits for; when the feed lacks more, it is the worker's to bring it on."""
_PATIENCE: Final = 0.25
"""Seconds that a reader waits for the feed to come up to the log; then it gets what there is."""

_UNSEEN: Final = frozenset(str(each.__struct_config__.tag) for each in UNSEEN)
_ENDS: Final = frozenset(str(each.__struct_config__.tag) for each in ENDS)

_FROM: Final[LiteralString] = """
SELECT f.position, f.order_id, f.version FROM status_feed f
  JOIN projection p ON p.name = 'status_feed' AND p.is_serving AND p.generation = f.generation
 WHERE f.owner = %(owner)s AND (f.is_end OR %(every)s)
"""
_UP: Final[LiteralString] = _FROM + " AND f.position > %(after)s ORDER BY f.position LIMIT %(size)s"
_DOWN: Final[LiteralString] = (
    _FROM + " AND (%(after)s = 0 OR f.position < %(after)s) ORDER BY f.position DESC LIMIT %(size)s"
)


class StatusFeedProjection:
    """Writes down every event that changes what can be seen of an order."""

    name = "status_feed"
    tables: Sequence[str] = ("status_feed",)
    columns: Mapping[str, str] = MappingProxyType(
        {
            "position": "int8",
            "owner": "text",
            "order_id": "uuid",
            "version": "int4",
            "is_end": "bool",
        }
    )
    topics = "order.%"  # whatever else may be recorded of orders some day
    read: Collection[str] = (PLACED,)
    channel = None
    is_waited_for = True  # by webhooks

    def __init__(self) -> None:
        self._placings = Placings()

    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        """Write each event's place in the log and in its order, and whose it is."""
        seen = [each for each in events if each.topic not in _UNSEEN]
        placed = await self._placings.of(connection, seen)
        rows = [
            (
                each.position,
                placed[each.order_id.int].owner,
                each.order_id,
                each.version,
                each.topic in _ENDS,
            )
            for each in seen
        ]
        return await insert(connection, self.name, self.columns, generation, rows)


class PostgresStatusFeed:
    """Gives pages of the feed, as far as it has come a moment after the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the feed on."""
        self._pool = pool
        self._runner = runner
        self._patience = patience

    async def page(
        self, owner: str, *, after: int, size: int, is_descending: bool, every_transition: bool
    ) -> Sequence[FeedEntry]:
        # In commit order nothing is skipped: what has not come so far comes on a later page.
        with suppress(BehindError):
            await self._runner.catch_up(StatusFeedProjection.name, within=self._patience, most=_FEW)
        asked = {"owner": owner, "after": after, "size": size, "every": every_transition}
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_DOWN if is_descending else _UP, asked)
            return [
                FeedEntry(position=row[0], order_id=OrderId(row[1]), version=row[2])
                for row in await cursor.fetchall()
            ]
