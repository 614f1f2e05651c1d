"""Order histories in memory, on eventsourcing's own in-memory recorder, with the agenda and the index.

The events are sealed and opened as they are in a database, so that nothing is simpler here than there.
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from adapters.event_store.envelope import EnvelopeMapper, readable
from adapters.event_store.sealing import BoxKey, Sealer, StoredBox
from application.envelope import Actor, PendingEvents, Recorded, changed, recorded
from application.pace import Pace
from application.ports.agenda import (
    LANES,
    OVERDUE,
    QUARANTINE,
    AgendaRow,
    InHand,
    Lease,
    Wait,
    agenda_row,
)
from application.ports.key_vault import KeyVault
from application.ports.order_repository import ConcurrentUpdateError, Spoilt, SpoiltHistoryError
from application.ports.recording import Recording
from application.unfolding import rebuilt
from domain.order.events import OrderId, OrderPlaced
from domain.order.order import Order
from domain.personal import PersonalClass

_LANES: Final = {number: lane for lane, number in LANES.items()}
_OF_ORDERS: Final = "order."
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class InMemoryOrderRepository:
    """Keeps histories in memory, and when each unfinished order next needs something."""

    def __init__(
        self,
        *,
        vault: KeyVault,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self.log = POPOApplicationRecorder()
        """Everything that was recorded, in one order; not of orders alone, if others record here, too."""
        self._mapper = EnvelopeMapper(Sealer(vault))
        self._boxes: dict[BoxKey, StoredBox] = {}
        self._next_id = next_id
        self.clock = clock
        self.agenda: dict[OrderId, AgendaRow] = {}
        """The row of each unfinished order."""
        self.followers: list[asyncio.Event] = []
        """Set whenever something was recorded."""

    async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
        now, command_id = self.clock(), self._next_id()
        orders = [changed(change, now) for change in changes]
        stored = [self._mapper.to_stored(each) for each in recorded(changes, now, by, command_id)]
        if any(self._version(each.order_id) != each.after for each in changes if each.events):
            raise ConcurrentUpdateError
        self.log.insert_events([event for event, _ in stored])
        for _, boxes in stored:
            for box in boxes:
                self._boxes[box.place] = StoredBox(box.ciphertext, box.month, box.wrapped)
        for order in orders:
            row = agenda_row(order, now)
            self.agenda[order.order_id] = row
            if row.due_at is None:
                del self.agenda[order.order_id]
        for follower in self.followers:
            follower.set()
        return orders

    @property
    def recording(self) -> Recording:
        return Recording.UP

    async def confirm(self) -> None:
        """Return at once: what is here is nowhere else."""

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        histories = await self.histories(order_ids)
        with Pace() as pace:
            return {
                order_id: await rebuilt(order_id, readable(history), pace)
                for order_id, history in histories.items()
            }

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        return readable((await self.histories([order_id])).get(order_id, []))

    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        return {each: told for each in order_ids if (told := self._history(each))}

    async def outlines(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        return await self.histories(order_ids)

    def _history(self, order_id: OrderId) -> Sequence[Recorded] | Spoilt:
        try:
            return self._opened(order_id)
        except SpoiltHistoryError as problem:
            return Spoilt(str(problem))

    def _opened(self, order_id: OrderId) -> Sequence[Recorded]:
        return [
            self._mapper.from_stored(each, self._boxes)
            for each in self.log.select_events(order_id)
            if each.topic.startswith(_OF_ORDERS)
        ]

    def everything(self) -> Sequence[Recorded]:
        """Every event of every order that can be read, in the order in which they were recorded."""
        events: list[Recorded] = []
        for _, event in self._log(after=0):
            with contextlib.suppress(SpoiltHistoryError):
                events.append(self._mapper.from_stored(event, self._boxes))
        return events

    def follow(self, *, after: int) -> Sequence[tuple[int, Recorded]]:
        """What was recorded after a position, with the position of each; nobody's words are opened."""
        return [
            (position, self._mapper.from_stored(event, {}))
            for position, event in self._log(after=after)
        ]

    def follow_topics(self, topics: Sequence[str], *, after: int) -> tuple[int, Sequence[Recorded]]:
        """How far the log goes, and what was recorded after a position of some kinds; no words are opened."""
        end = self.log.max_notification_id() or 0
        if end <= after:
            return after, []
        found = self.log.select_notifications(
            start=after, limit=end, stop=end, topics=topics, inclusive_of_start=False
        )
        return end, [self._mapper.from_stored(each, {}) for each in found]

    def erase(self, order_id: OrderId, kind: PersonalClass) -> None:
        """Remove the keys and the boxes of one class of an order's personal data."""
        for place in [p for p in self._boxes if p.order_id == order_id and p.kind == kind]:
            del self._boxes[place]

    def spoil(self, order_id: OrderId) -> None:
        """Change the words of an order that were recorded last, as nobody may."""
        of_order = [place for place in self._boxes if place.order_id == order_id]
        last = max(of_order, key=lambda place: place.version)
        box = self._boxes[last]
        self._boxes[last] = box._replace(ciphertext=(box.ciphertext or b"") + b"!")

    def _version(self, order_id: OrderId) -> int:
        last = self.log.select_events(order_id, desc=True, limit=1)
        return last[0].originator_version if last else 0

    def _log(self, *, after: int) -> Sequence[tuple[int, StoredEvent]]:
        end = self.log.max_notification_id() or 0
        return [
            (each.id, each)
            for each in self.log.select_notifications(
                start=after, limit=end, inclusive_of_start=False
            )
            if each.topic.startswith(_OF_ORDERS)
        ]


class InMemoryAgenda:
    """Leases the orders of a repository in memory."""

    def __init__(
        self, orders: InMemoryOrderRepository, *, suspended: Callable[[], Collection[str]] = tuple
    ) -> None:
        """Lease orders of `orders`; `suspended` tells the suspended owners, in small letters."""
        self._orders = orders
        self._suspended = suspended
        self._lent: dict[OrderId, tuple[str, datetime]] = {}
        self._unreturned: dict[OrderId, int] = defaultdict(int)
        self._waits_for: dict[OrderId, tuple[str | None, datetime]] = {}
        self._called = asyncio.Event()
        orders.followers.append(self._called)

    async def claim(
        self,
        *,
        limit: int,
        worker: str,
        now: datetime,
        lease: timedelta,
        held: InHand | None = None,
    ) -> Mapping[OrderId, Lease]:
        of, most = held or InHand({}, limit)
        ready = sorted(
            (row.lane, ready_at, order_id, row.owner)
            for order_id, row in self._orders.agenda.items()
            if not self._unreturned[order_id]
            and of.get(row.owner, 0) < most
            and not self._is_suspended(row)
            and (ready_at := self._ready_at(order_id, row)) <= now
        )
        owners: dict[int, set[str]] = defaultdict(set)
        for lane, _, _, owner in ready:
            owners[lane].add(owner)
        taken: dict[tuple[int, str], int] = defaultdict(int)
        claimed: list[OrderId] = []
        for lane, _, order_id, owner in ready:
            taken[lane, owner] += 1
            share = min(-(-limit // len(owners[lane])), most - of.get(owner, 0))
            if taken[lane, owner] <= share and len(claimed) < limit:
                claimed.append(order_id)
        return self._lend(claimed, worker, now + lease)

    async def claim_redeliveries(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        once = self._suspects(now, range(1, 2))
        often = self._suspects(now, range(2, QUARANTINE))
        return self._lend(once[:limit] or often[:1], worker, now + lease)

    async def has_redeliveries(self, now: datetime) -> bool:
        return bool(self._suspects(now, range(1, QUARANTINE)))

    async def claim_overdue(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        withheld = [
            order_id
            for order_id, row in self._orders.agenda.items()
            if (self._unreturned[order_id] or self._is_suspended(row))
            and self._unreturned[order_id] < 2 * QUARANTINE
            and self._ready_at(order_id, row) <= now - OVERDUE
        ]
        return self._lend(withheld[:limit], worker, now + lease)

    async def reschedule(self, waits: Sequence[Wait]) -> None:
        for order_id, was_due, until, waits_for in waits:
            row = self._orders.agenda.get(order_id)
            if row is not None and row.due_at == was_due:
                self._orders.agenda[order_id] = replace(row, due_at=until)
                self._waits_for[order_id] = waits_for, until

    async def waiting(self) -> Mapping[str, int]:
        names = [await self.waits_for(order_id) for order_id in self._waits_for]
        return Counter(each for each in names if each is not None)

    async def waits_for(self, order_id: OrderId) -> str | None:
        waits_for, until = self._waits_for.get(order_id, (None, _NEVER))
        row = self._orders.agenda.get(order_id)
        return waits_for if row is not None and row.due_at == until else None

    async def keep(self, order_ids: Sequence[OrderId], *, worker: str, until: datetime) -> None:
        for order_id in order_ids:
            holder, lent_until = self._lent.get(order_id, ("", _NEVER))
            if holder == worker:
                self._lent[order_id] = worker, max(lent_until, until)

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        for order_id in order_ids:
            if self._lent.get(order_id, ("", _NEVER))[0] == worker:
                del self._lent[order_id]
                self._unreturned[order_id] = 0

    async def release_unacknowledged(self, held: Collection[OrderId], *, worker: str) -> None:
        lost = [each for each, (holder, _) in self._lent.items() if holder == worker]
        for order_id in set(lost) - set(held):
            del self._lent[order_id]
            self._unreturned[order_id] -= 1

    async def quarantined(self) -> Sequence[OrderId]:
        now = self._orders.clock()
        return [
            order_id
            for order_id, row in self._orders.agenda.items()
            if self._unreturned[order_id] >= QUARANTINE and self._ready_at(order_id, row) <= now
        ]

    async def retry(self, order_id: OrderId) -> bool:
        is_stuck = self._unreturned[order_id] >= QUARANTINE
        if is_stuck:
            self._unreturned[order_id] = 1
        return is_stuck

    def _suspects(self, now: datetime, unreturned: Collection[int]) -> Sequence[OrderId]:
        ready = sorted(
            (ready_at, order_id)
            for order_id, row in self._orders.agenda.items()
            if self._unreturned[order_id] in unreturned
            and not self._is_suspended(row)
            and (ready_at := self._ready_at(order_id, row)) <= now
        )
        return [order_id for _, order_id in ready]

    def _is_suspended(self, row: AgendaRow) -> bool:
        return row.owner.lower() in self._suspended()

    def _lend(
        self, order_ids: Sequence[OrderId], worker: str, until: datetime
    ) -> Mapping[OrderId, Lease]:
        for order_id in order_ids:
            self._lent[order_id] = worker, until
            self._unreturned[order_id] += 1
        rows = {each: self._orders.agenda[each] for each in order_ids}
        return {
            each: Lease(row.due_at or _NEVER, row.owner, _LANES[row.lane])
            for each, row in rows.items()
        }

    async def next_due(self) -> datetime | None:
        return min(
            (
                self._ready_at(order_id, row)
                for order_id, row in self._orders.agenda.items()
                if self._unreturned[order_id] < QUARANTINE
            ),
            default=None,
        )

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._called.wait()
        self._called.clear()

    async def age(self) -> timedelta:
        first, now = await self.next_due(), self._orders.clock()
        return timedelta() if first is None else max(now - first, timedelta())

    def _ready_at(self, order_id: OrderId, row: AgendaRow) -> datetime:
        _, lent_until = self._lent.get(order_id, ("", _NEVER))
        return max(row.due_at or _NEVER, lent_until)


class InMemoryOrderIndex:
    """Follows the log of a repository in memory."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders
        self._position = 0
        self._found: dict[tuple[str, str], list[OrderId]] = defaultdict(list)

    async def with_reference(self, owner: str, reference: str) -> Sequence[OrderId]:
        for position, each in self._orders.follow(after=self._position):
            self._position = position
            if isinstance(each.event, OrderPlaced) and each.event.senders_reference is not None:
                key = each.event.owner, each.event.senders_reference
                self._found[key].append(each.order_id)
        return tuple(self._found.get((owner, reference), ())) if reference.strip() else ()
