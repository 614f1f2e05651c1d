"""Bring projections up to the log: in commit order, a thousand events a transaction, position included.

Whoever holds a projection's row may bring it on: the worker that follows the log, or a reader who
must see everything that was there before the question; the others wait for that row.
A projection that is made anew grows beside the one that serves, and takes its place when it has
caught up with it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import structlog
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from adapters.projections.generations import (
    AT_ONCE,
    advance,
    begin,
    exchange,
    growing,
    remove_idle,
    serving,
)
from adapters.projections.projection import FeedEvent, Projection
from application.ports.order_repository import StoreUnavailableError

__all__ = ["FeedEvent", "Projection", "ProjectionRunner"]

log = structlog.get_logger()

CHANNEL: Final = "varsel_events"
_POLL: Final = 0.5

_IS_UP: Final[LiteralString] = """
SELECT position >= coalesce((SELECT max(notification_id) FROM orders_events), 0)
  FROM projection WHERE name = %s AND is_serving
"""


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
                await self._called()
            except StoreUnavailableError:
                log.warning("store_unavailable", does="waits, then follows the log again")
                await asyncio.sleep(_POLL)

    async def catch_up(self, name: str, *, within: float | None = None) -> None:
        """Bring one projection up to everything that has been committed.

        Raises:
            StoreUnavailableError: the store cannot be reached, or so many seconds were not enough;
                nothing is lost.
        """
        try:
            async with asyncio.timeout(within):
                if await self._is_up(name):
                    return
                while await self._bring_on(self._projections[name]) == AT_ONCE:
                    pass
        except TimeoutError:
            raise StoreUnavailableError from None

    async def rebuild(self, name: str) -> int:
        """Make a projection anew from the first event on, while the old one serves.

        Returns how many events it was made from.

        Raises:
            StoreUnavailableError: the store cannot be reached; the old one goes on serving.
            SupersededError: somebody else has begun the same; theirs goes on.
        """
        projection = self._projections[name]
        await self._remove_idle(projection)
        async with reaching(self._pool) as connection, connection.transaction():
            generation = await begin(connection, name)
        count = 0
        while (read := await self._grow(projection, generation)) == AT_ONCE:
            count += read
        count += read
        async with reaching(self._pool) as connection, connection.transaction():
            await serving(connection, name)
            while read := await advance(
                connection, projection, generation, await growing(connection, name, generation)
            ):
                count += read
            await exchange(connection, name, generation)
        await self._remove_idle(projection)
        return count

    async def _called(self) -> None:
        # In a task of its own, so that being told to stop is never taken for being called.
        waiting = asyncio.ensure_future(self._listener.wait(CHANNEL, _POLL))
        try:
            await asyncio.wait({waiting})
        finally:
            waiting.cancel()

    async def _is_up(self, name: str) -> bool:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_IS_UP, (name,))
            row = await cursor.fetchone()
            return row is not None and bool(row[0])

    async def _bring_on(self, projection: Projection) -> int:
        async with reaching(self._pool) as connection, connection.transaction():
            generation, position = await serving(connection, projection.name)
            return await advance(connection, projection, generation, position)

    async def _grow(self, projection: Projection, generation: int) -> int:
        async with reaching(self._pool) as connection, connection.transaction():
            position = await growing(connection, projection.name, generation)
            return await advance(connection, projection, generation, position)

    async def _remove_idle(self, projection: Projection) -> None:
        is_more = True
        while is_more:
            async with reaching(self._pool) as connection, connection.transaction():
                is_more = await remove_idle(connection, projection)
