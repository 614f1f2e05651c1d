"""Aggregates of one kind, in whose events nobody's words stand, in a log in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification
from eventsourcing.popo import POPOApplicationRecorder

from adapters.event_store.envelope import StreamKind
from adapters.memory.kind_in_log import KindInLog
from application.envelope import Actor, RecordedInStream, recorded_in_stream
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.streams import Entry

E = TypeVar("E")


class InMemoryStreams(Generic[E]):
    """Keeps them in the log of a repository of orders, or in one of their own."""

    def __init__(
        self,
        kind: StreamKind[E],
        log: POPOApplicationRecorder,
        *,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._kind = kind
        self._log = log
        self._clock = clock
        self._next_id = next_id
        self._entries = KindInLog(log, kind.name, self._entry)

    async def append(
        self, stream: UUID, after: int, events: Sequence[E], *, by: Actor
    ) -> Sequence[RecordedInStream[E]]:
        told = list(recorded_in_stream(stream, after, events, self._clock(), by, self._next_id()))
        try:
            self._log.insert_events([self._kind.mapper.to_stored(each)[0] for each in told])
        except IntegrityError:
            raise ConcurrentUpdateError from None
        return told

    async def history(self, stream: UUID) -> Sequence[RecordedInStream[E]]:
        return [self._kind.mapper.from_stored(each, {}) for each in self._log.select_events(stream)]

    async def after(self, position: int) -> Sequence[Entry[E]]:
        return self._entries.after(position)

    def _entry(self, stored: Notification) -> Entry[E]:
        return Entry(stored.id, self._kind.mapper.from_stored(stored, {}))
