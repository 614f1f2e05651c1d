"""The owners' records in PostgreSQL, in the log of the orders."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, Final, LiteralString
from uuid import UUID

import structlog
from eventsourcing.persistence import StoredEvent
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import OwnerEventMapper
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.sealing import TamperedError
from adapters.postgres.reaching import reaching
from application.envelope import Actor, RecordedOfOwner, recorded_of_owner
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_records import Entry
from domain.owner.events import OwnerEvent, OwnerResumed
from domain.owner.record import OwnerRecord, evolve, owner_id, rebuild

log = structlog.get_logger()

_HISTORY: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = %s AND topic LIKE 'owner.%%' ORDER BY originator_version
"""
# An index holds these events alone. Not prepared: a plan that was made when the log was short may read
# all of it for ever after.
_AFTER: Final[LiteralString] = """
SELECT notification_id, originator_id, originator_version, topic, state FROM orders_events
 WHERE notification_id > %s AND topic LIKE 'owner.%%' ORDER BY notification_id
"""

_WAKE_WORKERS: Final[LiteralString] = "SELECT pg_notify('varsel_agenda', '')"


class PostgresOwnerRecords:
    """Keeps the records beside the orders; nothing in them is sealed, and none is on the agenda."""

    def __init__(
        self,
        *,
        appender: Appender,
        pool: AsyncConnectionPool[Any],
        mapper: OwnerEventMapper,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._appender = appender
        self._pool = pool
        self._mapper = mapper
        self._clock = clock
        self._next_id = next_id

    async def append(
        self, record: OwnerRecord, events: Sequence[OwnerEvent], *, by: Actor
    ) -> OwnerRecord:
        if not events:
            await self._appender.confirm()
            return record
        command_id = self._next_id()
        told = recorded_of_owner(record, events, self._clock(), by, command_id)
        stored = [self._mapper.to_stored(each) for each in told]
        await self._appender.append(
            command_id,
            [event for event, _ in stored],
            [box for _, boxes in stored for box in boxes],
            agenda=(),
        )
        if any(isinstance(each, OwnerResumed) for each in events):
            await self._wake_workers()
        return reduce(evolve, events, record)

    async def _wake_workers(self) -> None:
        """Let what had become due begin at once; workers look by themselves, only later."""
        with contextlib.suppress(StoreUnavailableError):
            async with reaching(self._pool) as connection:
                await connection.execute(_WAKE_WORKERS)

    async def load(self, owner: str) -> OwnerRecord:
        return rebuild(owner, [each.event for each in await self.history(owner)])

    async def history(self, owner: str) -> Sequence[RecordedOfOwner]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_HISTORY, (owner_id(owner),), binary=True)
            rows = await cursor.fetchall()
        return [self._mapper.from_stored(StoredEvent(*row), {}) for row in rows]

    async def after(self, position: int) -> Sequence[Entry]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_AFTER, (position,), binary=True, prepare=False)
            rows = await cursor.fetchall()
        entries: list[Entry] = []
        for place, *row in rows:
            try:
                entries.append(Entry(place, self._mapper.from_stored(StoredEvent(*row), {})))
            except TamperedError:
                log.critical("owner_event_unreadable", position=place, does="goes on without it")
        return entries
