"""Which orders need something, and when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from domain.order.events import OrderId
from domain.order.order import Lane, Order

QUARANTINE: Final = 3
"""An order that so many workers have taken and not given back is stuck, and leased to nobody."""
OVERDUE: Final = timedelta(hours=72)
"""So long after it was due nothing of an order can leave any more: all of it has expired."""


LANES: Final = {Lane.INSTANT: 0, Lane.NORMAL: 1, Lane.BULK: 2}
"""The order in which lanes are served."""


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """When an order next needs something; without a moment it leaves the agenda."""

    order_id: UUID
    owner: str
    lane: int
    due_at: datetime | None


def agenda_row(order: Order, now: datetime) -> AgendaRow:
    """When the order next needs something, by its own word."""
    return AgendaRow(order.order_id, order.placed.owner, LANES[order.lane], order.due_at(now))


class Wait(NamedTuple):
    """An order that turned out to need nothing before a moment."""

    order_id: OrderId
    was_due: datetime
    """When it was due as it was claimed."""
    until: datetime
    waits_for: str | None = None
    """What it waits for that is outside of it, as operators call it: `krr` …"""


class Lease(NamedTuple):
    """What is known of an order that is leased, before it has been read."""

    due_at: datetime
    """When it was due as it was claimed."""
    owner: str
    lane: Lane


class InHand(NamedTuple):
    """What a worker has in hand of each owner, and how much of one owner's it takes at most."""

    of: Mapping[str, int]
    most: int


class Claim(Protocol):
    """One of the agenda's ways to lease orders to a worker."""

    async def __call__(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        """Lease at most `limit` orders, in the order in which they come."""
        ...


class Agenda(Protocol):
    """Says which unfinished orders are due, and leases each to one worker at a time.

    It is written with the events and never by hand: an unfinished order is always on it.
    """

    async def claim(
        self,
        *,
        limit: int,
        worker: str,
        now: datetime,
        lease: timedelta,
        held: InHand | None = None,
    ) -> Mapping[OrderId, Lease]:
        """Lease at most `limit` orders that are due to a worker, in the order in which they come.

        Instant ones come first and bulk ones last; within a lane every owner has the same share,
        and of one owner's orders the oldest come first. A stopped owner's are leased to nobody.
        Of an owner of whom the worker has as many in hand as `held` says that it takes, none is
        leased, and in each lane no more than are missing to that.
        A leased order is leased to nobody else before the lease ends; a dead worker's orders
        come back by themselves, as suspects.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def claim_redeliveries(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        """Lease orders that are due and that a worker has not given back.

        They are at most `limit` of those that one worker has not given back; where there are none,
        a single one of those that two have not. One that three have not is stuck.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def has_redeliveries(self, now: datetime) -> bool:
        """Whether there is an order that `claim_redeliveries` would lease."""
        ...

    async def claim_overdue(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        """Lease at most `limit` orders that have been leased to nobody for 72 hours though they were due.

        They are stuck, or their owner is stopped. Nothing of them can leave any more; they are leased
        so that they come to their end. One that three more workers do not give back is left alone.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def reschedule(self, waits: Sequence[Wait]) -> None:
        """Let orders wait; not one for which something has been recorded since it was claimed."""
        ...

    async def waiting(self) -> Mapping[str, int]:
        """How many orders wait for what is outside of them, by its name.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def waits_for(self, order_id: OrderId) -> str | None:
        """What one order waits for that is outside of it, by its name; None where there is no such thing.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def keep(self, order_ids: Sequence[OrderId], *, worker: str, until: datetime) -> None:
        """Let a worker that is still at it have what it was leased for longer.

        What has been leased to another meanwhile stays with that.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        """Give back what this worker has been leased, done or not; it is no suspect any more."""
        ...

    async def release_unacknowledged(self, held: Collection[OrderId], *, worker: str) -> None:
        """Give back what this worker was leased and does not hold: the answer to its claim was lost.

        It is as much a suspect as it was before that claim.
        """
        ...

    async def quarantined(self) -> Sequence[OrderId]:
        """The orders that are leased to nobody any more, those first that have waited longest."""
        ...

    async def retry(self, order_id: OrderId) -> bool:
        """Lease a stuck order again; whether it was one."""
        ...

    async def next_due(self) -> datetime | None:
        """The moment at which the next order is due that nobody is leased; None if there is none."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when an order may have become due, or when the time is up."""
        ...

    async def age(self) -> timedelta:
        """How long the most overdue order that nobody has in hand has waited.

        Raises:
            StoreUnavailableError: the store cannot be reached.
        """
        ...
