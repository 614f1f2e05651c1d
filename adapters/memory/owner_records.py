"""The owners' records in memory, in the log of the orders."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import reduce
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification
from eventsourcing.popo import POPOApplicationRecorder

from adapters.event_store.envelope import OwnerEventMapper
from adapters.memory.kind_in_log import KindInLog
from application.envelope import Actor, RecordedOfOwner, recorded_of_owner
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.owner_records import Entry
from domain.owner.events import OwnerEvent
from domain.owner.record import OwnerRecord, evolve, owner_id, rebuild


class InMemoryOwnerRecords:
    """Keeps the records in a log in memory."""

    def __init__(
        self,
        log: POPOApplicationRecorder,
        *,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        """Keep them in the log of a repository of orders, or in one of their own."""
        self._log = log
        self._mapper = OwnerEventMapper()
        self._clock = clock
        self._next_id = next_id
        # The log is the orders', too: whoever is handed an order asks who is suspended.
        self._entries = KindInLog(log, "owner", self._entry)

    @property
    def who_is_suspended(self) -> Collection[str]:
        """The owners that are suspended now, for the agenda of the same process."""
        records: dict[str, OwnerRecord] = {}
        for _, each in self._entries.after(0):
            before = records.get(each.owner) or OwnerRecord(owner=each.owner)
            records[each.owner] = evolve(before, each.event)
        return {owner for owner, each in records.items() if each.suspended_because is not None}

    async def append(
        self, record: OwnerRecord, events: Sequence[OwnerEvent], *, by: Actor
    ) -> OwnerRecord:
        told = recorded_of_owner(record, events, self._clock(), by, self._next_id())
        try:
            self._log.insert_events([self._mapper.to_stored(each)[0] for each in told])
        except IntegrityError:
            raise ConcurrentUpdateError from None
        return reduce(evolve, events, record)

    async def load(self, owner: str) -> OwnerRecord:
        return rebuild(owner, [each.event for each in await self.history(owner)])

    async def history(self, owner: str) -> Sequence[RecordedOfOwner]:
        return [
            self._mapper.from_stored(each, {}) for each in self._log.select_events(owner_id(owner))
        ]

    async def after(self, position: int) -> Sequence[Entry]:
        return self._entries.after(position)

    def _entry(self, stored: Notification) -> Entry:
        return Entry(stored.id, self._mapper.from_stored(stored, {}))
