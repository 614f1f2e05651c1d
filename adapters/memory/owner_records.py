"""The owners' records in memory, in the log of the orders."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import reduce
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from eventsourcing.popo import POPOApplicationRecorder

from adapters.event_store.envelope import OwnerEventMapper
from application.envelope import Actor, RecordedOfOwner, recorded_of_owner
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.owner_records import Entry
from domain.owner.events import OwnerEvent
from domain.owner.record import OwnerRecord, evolve, owner_id, rebuild

_OF_OWNERS = "owner."


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
        self._entries: list[Entry] = []
        self._read_to = 0

    @property
    def who_is_suspended(self) -> Collection[str]:
        """The owners that are suspended now, for the agenda of the same process."""
        records: dict[str, OwnerRecord] = {}
        for _, each in self._after(0):
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
        return self._after(position)

    def _after(self, position: int) -> Sequence[Entry]:
        # The log is the orders', too, and is read once: whoever is handed an order asks who is suspended.
        end = self._log.max_notification_id() or 0
        if end > self._read_to:
            self._entries += [
                Entry(each.id, self._mapper.from_stored(each, {}))
                for each in self._log.select_notifications(
                    start=self._read_to, limit=end - self._read_to, inclusive_of_start=False
                )
                if each.topic.startswith(_OF_OWNERS)
            ]
            self._read_to = end
        return self._entries[bisect_right(self._entries, position, key=_position) :]


def _position(entry: Entry) -> int:
    return entry.position
