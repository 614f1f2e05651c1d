"""Aggregates of one kind, in whose events nobody's words stand, in PostgreSQL, in the log of the orders."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import StreamKind
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.kind_in_log import KindInLog
from application.envelope import Actor, RecordedInStream, recorded_in_stream
from application.ports.streams import Entry

E = TypeVar("E")


class PostgresStreams(Generic[E]):
    """Keeps them beside the orders; nothing in them is sealed, and none is on the agenda."""

    def __init__(
        self,
        kind: StreamKind[E],
        *,
        appender: Appender,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._mapper = kind.mapper
        self._appender = appender
        self._recorded = KindInLog(
            kind.name, pool=pool, mapper=kind.mapper, alarm="event_unreadable", kind=kind.name
        )
        self._clock = clock
        self._next_id = next_id

    async def append(
        self, stream: UUID, after: int, events: Sequence[E], *, by: Actor
    ) -> Sequence[RecordedInStream[E]]:
        if not events:
            await self._appender.confirm()
            return ()
        command_id = self._next_id()
        told = list(recorded_in_stream(stream, after, events, self._clock(), by, command_id))
        stored = [self._mapper.to_stored(each)[0] for each in told]
        await self._appender.append(command_id, stored, boxes=(), agenda=())
        return told

    async def history(self, stream: UUID) -> Sequence[RecordedInStream[E]]:
        return await self._recorded.history(stream)

    async def after(self, position: int) -> Sequence[Entry[E]]:
        return [Entry(*each) for each in await self._recorded.after(position)]
