"""Order histories in memory, on eventsourcing's own in-memory recorder.

The events are sealed and opened as they are in a database, so that nothing is simpler here than there.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from eventsourcing.popo import POPOApplicationRecorder

from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.repository import LANES, changed
from adapters.event_store.sealing import Place, Sealer, StoredBox
from application.ports.key_vault import KeyVault
from application.ports.order_repository import ConcurrentUpdateError
from application.recorded import Actor, Change, Recorded
from domain.order.events import OrderId
from domain.order.order import Order, rebuild


class InMemoryOrderRepository:
    """Keeps histories in memory, and with them the agenda and the index of references."""

    def __init__(
        self,
        *,
        vault: KeyVault,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._recorder = POPOApplicationRecorder()
        self._mapper = EnvelopeMapper(Sealer(vault))
        self._boxes: dict[Place, StoredBox] = {}
        self._clock = clock
        self._next_id = next_id
        self.due: dict[OrderId, tuple[int, datetime]] = {}
        """The lane and the moment of each unfinished order."""
        self.changed = asyncio.Event()

    async def append(self, changes: Sequence[Change], *, by: Actor) -> Sequence[Order]:
        now, command_id = self._clock(), self._next_id()
        orders = [changed(change, now) for change in changes]
        stored = [
            self._mapper.to_stored(
                Recorded(
                    order_id=change.order_id,
                    version=change.after + number,
                    recorded_at=now,
                    recorded_by=by,
                    command_id=command_id,
                    event=event,
                )
            )
            for change in changes
            for number, event in enumerate(change.events, start=1)
        ]
        try:
            self._recorder.insert_events([event for event, _ in stored])
        except IntegrityError:
            raise ConcurrentUpdateError from None
        for _, boxes in stored:
            for box in boxes:
                self._boxes[box.place] = StoredBox(box.ciphertext, box.month, box.wrapped)
        for order in orders:
            due_at = order.due_at(now)
            if due_at is None:
                self.due.pop(order.order_id, None)
            else:
                self.due[order.order_id] = (LANES[order.lane], due_at)
        self.changed.set()
        return orders

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        return {
            order_id: rebuild(order_id, [(each.event, each.recorded_at) for each in history])
            for order_id in order_ids
            if (history := await self.history(order_id))
        }

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        return [
            self._mapper.from_stored(each.state, order_id, each.originator_version, self._boxes)
            for each in self._recorder.select_events(order_id)
        ]

    def everything(self) -> Sequence[Recorded]:
        """Every event of every order, in the order in which they were recorded."""
        return [
            self._mapper.from_stored(
                each.state, each.originator_id, each.originator_version, self._boxes
            )
            for each in self._recorder.select_notifications(start=None, limit=1_000_000_000)
        ]

    def erase(self, order_id: OrderId, kind: str) -> None:
        """Remove the keys and the boxes of one class of an order's personal data."""
        for place in [p for p in self._boxes if p.order_id == order_id and p.kind == kind]:
            del self._boxes[place]


class InMemoryAgenda:
    """Lends the orders of a repository in memory."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders
        self._lent: dict[OrderId, tuple[str, datetime]] = {}

    async def claim(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Sequence[OrderId]:
        ready = sorted(
            (lane, max(due_at, self._lent_until(order_id)), order_id)
            for order_id, (lane, due_at) in self._orders.due.items()
            if due_at <= now and self._lent_until(order_id) <= now
        )
        claimed = [order_id for _, _, order_id in ready[:limit]]
        self._lent |= dict.fromkeys(claimed, (worker, now + lease))
        return claimed

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        for order_id in order_ids:
            if self._lent.get(order_id, (None,))[0] == worker:
                del self._lent[order_id]

    async def next_due(self) -> datetime | None:
        return min(
            (
                max(due_at, self._lent_until(order_id))
                for order_id, (_, due_at) in self._orders.due.items()
            ),
            default=None,
        )

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._orders.changed.wait(), seconds)
        self._orders.changed.clear()

    def _lent_until(self, order_id: OrderId) -> datetime:
        _, until = self._lent.get(order_id, ("", datetime.min.replace(tzinfo=UTC)))
        return until


class InMemoryOrderIndex:
    """Finds orders by reading every history."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders

    async def with_reference(self, owner: str, reference: str) -> Sequence[OrderId]:
        return [
            each.order_id
            for each in self._orders.everything()
            if each.version == 1
            and getattr(each.event, "owner", None) == owner
            and getattr(each.event, "senders_reference", None) == reference
        ]
