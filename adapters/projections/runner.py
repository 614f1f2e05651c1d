"""Bring projections up to the log: in commit order, a thousand events a transaction, position included.

Whoever holds a projection's row may bring it on: the worker that follows the log, or a reader who
must see everything that was there before the question.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from application.ports.order_repository import StoreUnavailableError

log = structlog.get_logger()

CHANNEL: Final = "varsel_events"
_AT_ONCE: Final = 1000
_POLL: Final = 0.5

_OPEN: Final[LiteralString] = (
    "INSERT INTO projection (name, position) VALUES (%s, 0) ON CONFLICT DO NOTHING"
)
_POSITION: Final[LiteralString] = "SELECT position FROM projection WHERE name = %s FOR UPDATE"
_MOVE: Final[LiteralString] = "UPDATE projection SET position = %s WHERE name = %s"
_EVENTS: Final[LiteralString] = """
SELECT notification_id, originator_id, originator_version, topic, state FROM orders_events
 WHERE notification_id > %s ORDER BY notification_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event as it stands in the log, with its position."""

    position: int
    order_id: UUID
    version: int
    topic: str
    state: bytes


class Projection(Protocol):
    """A table made from events; the same events always make the same rows."""

    @property
    def name(self) -> str:
        """By what its position is kept."""
        ...

    async def clear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Remove every row, in the transaction that is open."""
        ...

    async def project(
        self, connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
    ) -> None:
        """Write what the events mean, in the transaction that is open."""
        ...


class ProjectionRunner:
    """Brings projections up to the log, and makes them anew."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        listener: Listener,
        projections: Sequence[Projection],
    ) -> None:
        self._pool = pool
        self._listener = listener
        self._projections: Mapping[str, Projection] = {each.name: each for each in projections}

    @property
    def names(self) -> Sequence[str]:
        """The projections there are."""
        return tuple(self._projections)

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            try:
                for name in self._projections:
                    await self.catch_up(name)
                await self._listener.wait(CHANNEL, _POLL)
            except StoreUnavailableError:
                log.warning("store_unavailable", does="waits, then follows the log again")
                await asyncio.sleep(_POLL)

    async def catch_up(self, name: str) -> None:
        """Bring one projection up to everything that has been committed.

        Raises:
            StoreUnavailableError: the store cannot be reached; nothing is lost.
        """
        while await self._bring_on(self._projections[name]) == _AT_ONCE:
            pass

    async def rebuild(self, name: str) -> int:
        """Make a projection anew from the first event on, while the old one serves.

        All in one transaction, so that readers see the old rows until the new ones are complete.
        """
        projection = self._projections[name]
        count = 0
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 0")
            position = await _locked(connection, name)
            await projection.clear(connection)
            position = 0
            while events := await _after(connection, position):
                await projection.project(connection, events)
                position, count = events[-1].position, count + len(events)
            await connection.execute(_MOVE, (position, name))
        return count

    async def _bring_on(self, projection: Projection) -> int:
        async with reaching(self._pool) as connection, connection.transaction():
            position = await _locked(connection, projection.name)
            events = await _after(connection, position)
            if events:
                await projection.project(connection, events)
                await connection.execute(_MOVE, (events[-1].position, projection.name))
            return len(events)


async def _locked(connection: psycopg.AsyncConnection[Any], name: str) -> int:
    cursor = await connection.execute(_POSITION, (name,))
    row = await cursor.fetchone()
    if row is None:
        await connection.execute(_OPEN, (name,))
        return await _locked(connection, name)
    return int(row[0])


async def _after(connection: psycopg.AsyncConnection[Any], position: int) -> Sequence[FeedEvent]:
    cursor = await connection.execute(_EVENTS, (position, _AT_ONCE), binary=True)
    return [FeedEvent(*row) for row in await cursor.fetchall()]
