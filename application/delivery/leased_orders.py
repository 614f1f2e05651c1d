"""The orders that are leased to a worker: claimed, kept for as long as they are in hand, and given back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from application.ports.agenda import Agenda, Claim, InHand, Lease, Wait
from domain.order.events import OrderId

_KEEPS: Final = 3
"""So many times in a lease it is made longer for what is still in hand."""
_ALONE: Final = 5.0
"""Seconds for which others wait at most, so that a suspect can be carried out alone."""
_FEW: Final = 50
"""At most so many suspects, or orders that were withheld, are taken in hand at once."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What came of carrying an order out."""

    until: datetime | None = None
    """Until when it waits, if nothing was recorded of it that would have moved it."""
    waits_for: str | None = None
    """What it waits for that is outside of it, as operators call it."""
    is_suspect: bool = False
    """Whether it is left to its lease, since it may bring the next worker down, too."""


@dataclass(slots=True)
class _Leased:
    """An order that is leased to this worker, until it has been given back."""

    lease: Lease
    task: asyncio.Task[CarriedOut]
    """Reads it, and carries it out."""

    @property
    def is_in_hand(self) -> bool:
        return not self.task.done()

    @property
    def done(self) -> CarriedOut:
        return CarriedOut() if self.task.cancelled() else self.task.result()


Begin = Callable[[Mapping[OrderId, Lease]], Mapping[OrderId, asyncio.Task[CarriedOut]]]
"""Begins to carry out orders that were just leased, each in a task of its own."""


class LeasedOrders:
    """What a worker has in hand, and until when nobody else may take it."""

    def __init__(
        self,
        *,
        agenda: Agenda,
        begin: Begin,
        lease: timedelta,
        clock: Callable[[], datetime],
        worker: str,
    ) -> None:
        """Begin with empty hands; whoever claims for a `worker` claims for so long as a `lease`."""
        self._agenda = agenda
        self._begin = begin
        self._lease = lease
        self._clock = clock
        self._worker = worker
        self._orders: dict[OrderId, _Leased] = {}
        self._is_something_done = asyncio.Event()
        self._keep_at = datetime.min.replace(tzinfo=UTC)

    def __len__(self) -> int:
        """How many are in hand, or still to be given back."""
        return len(self._orders)

    @property
    def tasks(self) -> Sequence[asyncio.Task[CarriedOut]]:
        """What carries them out."""
        return [each.task for each in self._orders.values()]

    async def something_done(self) -> None:
        """Return when there is something to be given back."""
        await self._is_something_done.wait()

    async def release(self) -> None:
        """Give back what is done, or could not be read; what cannot be given back now is so later."""
        self._is_something_done.clear()
        back = {order_id: each for order_id, each in self._orders.items() if not each.is_in_hand}
        await self._agenda.reschedule(
            [
                Wait(order_id, each.lease.due_at, each.done.until, each.done.waits_for)
                for order_id, each in back.items()
                if each.done.until is not None
            ]
        )
        returned = [order_id for order_id, each in back.items() if not each.done.is_suspect]
        if returned:
            await self._agenda.release(returned, worker=self._worker)
        for order_id in back:
            del self._orders[order_id]

    async def keep(self) -> None:
        """Have what is in hand leased for longer, so that nobody takes it for left by a dead worker."""
        now = self._clock()
        if now >= self._keep_at:
            self._keep_at = now + self._lease / _KEEPS
            in_hand = [order_id for order_id, each in self._orders.items() if each.is_in_hand]
            until = now + self._lease
            await self._agenda.keep(in_hand, worker=self._worker, until=until)

    async def claim(self, *, limit: int, most: int) -> int:
        """Take orders that are due, at most so many of one owner's, with those that are in hand.

        An owner whose conditions, attachments or relays are slow has no place but its own.
        """
        of = Counter(each.lease.owner for each in self._orders.values())
        return await self._borrow(partial(self._agenda.claim, held=InHand(of, most)), limit)

    async def claim_redeliveries(self) -> int:
        """Take orders that may have brought their worker down."""
        return await self._borrow(self._agenda.claim_redeliveries, _FEW)

    async def claim_overdue(self) -> int:
        """Take orders that were withheld for so long that nothing of them can leave any more."""
        return await self._borrow(self._agenda.claim_overdue, _FEW)

    async def _borrow(self, claim: Claim, limit: int) -> int:
        now = self._clock()
        claimed = await claim(limit=limit, worker=self._worker, now=now, lease=self._lease)
        new = {each: lease for each, lease in claimed.items() if each not in self._orders}
        for order_id, task in self._begin(new).items():
            self._orders[order_id] = _Leased(new[order_id], task)
            task.add_done_callback(self._note_done)
        return len(claimed)

    def _note_done(self, _: asyncio.Task[CarriedOut]) -> None:
        self._is_something_done.set()

    async def release_unacknowledged(self) -> None:
        """Give back what may have been leased to this worker by an answer that it never got."""
        await self._agenda.release_unacknowledged(self._orders.keys(), worker=self._worker)

    async def empty_hands(self) -> None:
        """Take nothing new for a moment; what takes longer keeps nobody waiting."""
        if tasks := self.tasks:
            await asyncio.wait(tasks, timeout=_ALONE)
