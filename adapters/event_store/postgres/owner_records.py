"""The owners' records in PostgreSQL, in the log of the orders."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import OwnerEventMapper
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.kind_in_log import KindInLog
from adapters.postgres.reaching import reaching
from application.envelope import Actor, RecordedOfOwner, recorded_of_owner
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_records import Entry
from domain.owner.events import OwnerEvent, OwnerResumed
from domain.owner.record import OwnerRecord, evolve, owner_id, rebuild

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
        self._recorded = KindInLog(
            "owner", pool=pool, mapper=mapper, alarm="owner_event_unreadable"
        )

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
        return await self._recorded.history(owner_id(owner))

    async def after(self, position: int) -> Sequence[Entry]:
        return [Entry(*each) for each in await self._recorded.after(position)]
