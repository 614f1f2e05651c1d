"""Let owners follow their orders."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from application.ports.order_repository import OrderRepository, Spoilt
from application.ports.status_feed import ENDS, FeedEntry, StatusFeed
from application.unfolding import States, Unfolding
from domain.order.events import OrderId
from domain.order.order import Order

_AT_ONCE: Final = 2000
"""Histories of so many events are read at a time, unless a single one is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An order as an event left it, and the event's position."""

    position: int
    order: Order
    is_end: bool
    """Whether it is by that event that the order came to its end."""

    @property
    def order_id(self) -> OrderId:
        """Which order."""
        return self.order.order_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something changed in an order whose history cannot be read any more."""

    position: int
    order_id: OrderId
    found_at: datetime
    """When it was found to be so."""


Entry: TypeAlias = Transition | Unreadable


class StatusFeedQueries:
    """Shows an owner what became of its orders, as it became of them."""

    def __init__(
        self, *, orders: OrderRepository, feed: StatusFeed, clock: Callable[[], datetime]
    ) -> None:
        self._orders = orders
        self._unfolding = Unfolding(orders)
        self._feed = feed
        self._clock = clock

    async def feed(
        self,
        owner: str,
        *,
        after: int = 0,
        size: int = 500,
        is_descending: bool = False,
        every_transition: bool = False,
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """A page of the owner's feed, some entries at a time; each shows its order as it was then.

        Orders are read as entries are asked for: who stops early has not paid for the rest.

        Raises:
            StoreUnavailableError: try again later, from the same position.
        """
        entries = await self._feed.page(
            owner,
            after=after,
            size=size,
            is_descending=is_descending,
            every_transition=every_transition,
        )
        for number, some in enumerate(_some_at_a_time(entries)):
            wanted: dict[OrderId, set[int]] = {}
            for entry in some:
                wanted.setdefault(entry.order_id, set()).add(entry.version)
            reading = self._unfolding.states(wanted)
            if number == 0:
                # Whoever has read a position never asks for what is before it again. The disk is waited
                # for while the first orders are read, and before anything of them is told.
                states, _ = await asyncio.gather(reading, self._orders.confirm())
            else:
                states = await reading
            yield [self._entry(entry, states[entry.order_id]) for entry in some]

    def _entry(self, entry: FeedEntry, states: States | Spoilt) -> Entry:
        if isinstance(states, Spoilt):
            return Unreadable(
                position=entry.position, order_id=entry.order_id, found_at=self._clock()
            )
        order, event = states[entry.version]
        return Transition(position=entry.position, order=order, is_end=isinstance(event, ENDS))


def _some_at_a_time(entries: Sequence[FeedEntry]) -> Iterator[Sequence[FeedEntry]]:
    """Divide entries, in their order, by how much has to be read for them."""
    some: list[FeedEntry] = []
    lengths: dict[OrderId, int] = {}
    total = 0
    for entry in entries:
        more = max(entry.version - lengths.get(entry.order_id, 0), 0)
        if some and entry.order_id not in lengths and total + more > _AT_ONCE:
            yield some
            some, lengths, total = [], {}, 0
        some.append(entry)
        lengths[entry.order_id] = lengths.get(entry.order_id, 0) + more
        total += more
    if some:
        yield some
