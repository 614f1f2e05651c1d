"""Bring projections up to the log: in commit order, some events a transaction, position included.

Each goes its own way: it has its own position, its own task and its own transactions, and one that is
slow or fails holds up no other. It reads of the log what it is made from.
Whoever holds a projection's row may bring it on: the worker that follows the log, or a reader who
must see everything that was there before the question; the others wait for that row, of one process
only one at a time.
No such transaction waits for the disk or a standby: rows and position are lost together, if ever, and the
log brings them again. Whoever promises something by what a projection says waits for a commit behind it.
A projection that is rebuilt grows beside the one that serves, and takes its place when it has
caught up with it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
import structlog
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.lasting import commit_without_waiting
from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from adapters.projections.generations import (
    advance,
    begin,
    exchange,
    growing,
    remove_idle,
    serving,
)
from adapters.projections.log_reader import (
    AT_ONCE,
    AT_ONCE_ANEW,
    Reading,
    counted,
    last_position,
    read_log,
)
from adapters.projections.projection import FeedEvent, Projection
from adapters.projections.setting_aside import SetAside, failed, retry
from application.operations.health import ProjectionStanding
from application.ports.order_repository import StoreUnavailableError

__all__ = ["FeedEvent", "Projection", "ProjectionRunner"]

log = structlog.get_logger()

CHANNEL: Final = "varsel_events"
_POLL: Final = 0.5
_BREATH: Final = 0.25
"""Seconds between two rounds: what is recorded meanwhile is applied together, and a reader brings on
what it needs before."""
_BREATH_IF_WAITED_FOR: Final = 0.1
"""And where a reader does not."""
_LONGEST_PAUSE: Final = 30.0
_UNTIL_TOLD_AGAIN: Final = 0.1

_AHEAD: Final[LiteralString] = """
SELECT last.position, last.position - here.position
  FROM (SELECT max(notification_id) AS position FROM orders_events) AS last,
       (SELECT coalesce(max(position), 0) AS position
          FROM projection WHERE name = %s AND is_serving) AS here
 WHERE last.position > here.position
"""
_STANDINGS: Final[LiteralString] = """
SELECT asked.name, last.position - coalesce(p.position, 0),
       CASE WHEN last.position > coalesce(p.position, 0) THEN
           (SELECT state FROM orders_events e WHERE e.notification_id > coalesce(p.position, 0)
             ORDER BY e.notification_id LIMIT 1) END,
       (SELECT count(*) FROM projection_failure f
         WHERE (f.name, f.generation) = (p.name, p.generation))
  FROM (SELECT coalesce(max(notification_id), 0) AS position FROM orders_events) AS last,
       unnest(%s::text[]) WITH ORDINALITY AS asked (name, place)
  LEFT JOIN projection p ON p.name = asked.name AND p.is_serving
 ORDER BY asked.place
"""


class BehindError(StoreUnavailableError):
    """A projection could not be brought up to the log in the time that there was for it."""


class _State(Struct, frozen=True):
    recorded_at: datetime


_read = msgspec.json.Decoder(_State).decode


class ProjectionRunner:
    """Brings projections up to the log, and rebuilds them."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        listener: Listener,
        projections: Sequence[Projection],
    ) -> None:
        self._pool = pool
        self._listener = listener
        self._projections: Mapping[str, Projection] = {each.name: each for each in projections}
        self._turns: Mapping[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._calls = {name: asyncio.Event() for name in self._projections}
        self._at_once = dict.fromkeys(self._projections, AT_ONCE)

    @property
    def names(self) -> Sequence[str]:
        """The projections there are."""
        return tuple(self._projections)

    async def run(self) -> None:
        """Follow the log with every projection until cancelled."""
        following = [self._pass_calls_on(), *map(self._follow, self._projections)]
        tasks = {asyncio.ensure_future(each) for each in following}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()  # none ends by itself but by a fault of ours
        finally:
            await _ended(tasks)

    async def catch_up(
        self, name: str, *, within: float | None = None, most: int | None = None
    ) -> None:
        """Bring one projection up to everything that has been committed.

        Raises:
            BehindError: so many seconds were not enough, or it lacks more than `most` events;
                nothing is lost.
            StoreUnavailableError: the store cannot be reached; nothing is lost.
        """
        try:
            async with asyncio.timeout(within):
                if (ahead := await self._ahead(name)) is None:
                    return
                target, lacking = ahead
                if most is not None and lacking > most:
                    raise BehindError
                async with self._turns[name]:
                    while await self._bring_on(name, target) < target:
                        pass
        except TimeoutError:
            raise BehindError from None

    async def rebuild(self, name: str) -> int:
        """Rebuild a projection from the first event on, while the old one serves.

        Returns how many events it was made from.

        Raises:
            StoreUnavailableError: the store cannot be reached; the old one goes on serving.
            SupersededError: somebody else has begun the same; theirs goes on.
        """
        projection = self._projections[name]
        await self._remove_idle(projection)
        async with reaching(self._pool) as connection, connection.transaction():
            generation = await begin(connection, name)
        count = await self._grow_up(projection, generation)
        async with reaching(self._pool) as connection, connection.transaction():
            await serving(connection, name)
            position = await growing(connection, name, generation)
            while (last := await last_position(connection)) > position:
                reading = await read_log(connection, projection, after=position, last=last)
                await advance(connection, projection, generation, reading)
                count += await counted(connection, position, reading.position)
                position = reading.position
            await exchange(connection, name, generation)
        await self._remove_idle(projection)
        return count

    async def failed(self, *, most: int = 1000) -> Sequence[SetAside]:
        """The events that projections could not take, in the order of the log.

        Raises:
            StoreUnavailableError: the store cannot be reached.
        """
        async with reaching(self._pool) as connection:
            return await failed(connection, self.names, most=most)

    async def retry(self, name: str) -> Sequence[int]:
        """Take up again what was set aside of a projection: the positions of what it has now taken.

        Raises:
            StoreUnavailableError: the store cannot be reached; what was taken up is not lost.
        """
        projection = self._projections[name]
        all_taken: list[int] = []
        after: int | None = 0
        while after is not None:
            async with reaching(self._pool) as connection, connection.transaction():
                generation, _ = await serving(connection, name)
                taken, after = await retry(connection, projection, generation, after=after)
            all_taken += taken
        return all_taken

    async def standings(self) -> Sequence[ProjectionStanding]:
        """How far each projection is behind the log, and how many events it has set aside.

        Raises:
            StoreUnavailableError: the store cannot be reached.
        """
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_STANDINGS, (list(self.names),), binary=True)
            return [
                ProjectionStanding(
                    name=name,
                    events_behind=max(behind, 0),
                    waiting_since=None if state is None else _recorded_at(state),
                    set_aside=set_aside,
                )
                for name, behind, state, set_aside in await cursor.fetchall()
            ]

    async def _follow(self, name: str) -> None:
        """Follow the log with one projection, whatever becomes of it and of the others."""
        is_waited_for = self._projections[name].is_waited_for
        breath, pause = _BREATH_IF_WAITED_FOR if is_waited_for else _BREATH, _POLL
        while True:
            try:
                await self.catch_up(name)
                pause = _POLL
                await asyncio.sleep(breath)
                await self._called(name)
            except StoreUnavailableError:
                log.warning(
                    "store_unavailable", does="waits, then follows the log again", projection=name
                )
                await asyncio.sleep(_POLL)
            except Exception as problem:  # noqa: BLE001  # as above; it stays where it was
                sound = log.critical if pause == _POLL else log.warning
                sound("projection_stands_still", projection=name, because=type(problem).__name__)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _pass_calls_on(self) -> None:
        """Wake every projection that waits, at each call and twice a second."""
        while True:
            # In a task of its own, so that being told to stop is never taken for being called.
            waiting = asyncio.ensure_future(self._listener.wait(CHANNEL, _POLL))
            try:
                await asyncio.wait({waiting})
            finally:
                waiting.cancel()
            for call in self._calls.values():
                call.set()

    async def _called(self, name: str) -> None:
        await self._calls[name].wait()
        self._calls[name].clear()

    async def _ahead(self, name: str) -> tuple[int, int] | None:
        """The last position of the log, and how far the projection is from it; None if it is there."""
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_AHEAD, (name,))
            row = await cursor.fetchone()
            return None if row is None else (int(row[0]), int(row[1]))

    async def _bring_on(self, name: str, target: int) -> int:
        """Apply the next events up to a position: to which one that went.

        After what took too long it is fewer at once, until that goes well.
        """
        projection = self._projections[name]
        at_once = self._at_once[name]
        self._at_once[name] = max(1, at_once // 2)
        async with reaching(self._pool) as connection, connection.transaction():
            await commit_without_waiting(connection)
            generation, position = await serving(connection, name)
            if position < target:
                reading = await read_log(
                    connection, projection, after=position, last=target, at_once=at_once
                )
                await advance(connection, projection, generation, reading)
                position = reading.position
        self._at_once[name] = min(AT_ONCE, 2 * at_once)
        return position

    async def _grow_up(self, projection: Projection, generation: int) -> int:
        """Apply all that there is to a generation that grows: how many events were gone over.

        What follows is read while that which was read is written.
        """
        count = position = 0
        reading_on = asyncio.ensure_future(self._read_on(projection, position))
        try:
            while (reading := await reading_on).position > position:
                reading_on = asyncio.ensure_future(self._read_on(projection, reading.position))
                count += await self._grow(projection, generation, reading)
                position = reading.position
        finally:
            reading_on.cancel()
        return count

    async def _read_on(self, projection: Projection, position: int) -> Reading:
        async with reaching(self._pool) as connection:
            last = await last_position(connection)
            return await read_log(
                connection, projection, after=position, last=last, at_once=AT_ONCE_ANEW
            )

    async def _grow(self, projection: Projection, generation: int, reading: Reading) -> int:
        """Apply the next events to a generation that grows: how many were gone over."""
        async with reaching(self._pool) as connection, connection.transaction():
            await commit_without_waiting(connection)
            position = await growing(connection, projection.name, generation)
            await advance(connection, projection, generation, reading)
            return await counted(connection, position, reading.position)

    async def _remove_idle(self, projection: Projection) -> None:
        is_more = True
        while is_more:
            async with reaching(self._pool) as connection, connection.transaction():
                await commit_without_waiting(connection)
                is_more = await remove_idle(connection, projection)


async def _ended(tasks: AbstractSet[asyncio.Task[None]]) -> None:
    """Tell tasks to stop until they have.

    Once is not always enough: whoever waits for a connection of the pool waits by `wait_for`, which in
    Python 3.11 loses a cancellation that comes together with what was waited for.
    """
    while tasks:
        for each in tasks:
            each.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=_UNTIL_TOLD_AGAIN)


def _recorded_at(state: bytes) -> datetime | None:
    try:
        return _read(state).recorded_at
    except msgspec.MsgspecError:
        return None
