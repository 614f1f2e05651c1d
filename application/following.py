"""Let owners follow their orders."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.order_repository import OrderRepository
from application.ports.status_feed import FeedEntry, StatusFeed
from application.recorded import Recorded
from domain.order.events import OrderCompleted
from domain.order.order import Order, rebuild


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An order as an event left it, and the event's position."""

    position: int
    order: Order
    is_end: bool
    """Whether it is by that event that the order came to its end."""


class FollowingService:
    """Shows an owner what became of its orders, as it became of them."""

    def __init__(self, *, orders: OrderRepository, feed: StatusFeed) -> None:
        self._orders = orders
        self._feed = feed

    async def feed(
        self,
        owner: str,
        *,
        after: int = 0,
        size: int = 500,
        is_descending: bool = False,
        every_transition: bool = False,
    ) -> Sequence[Transition]:
        """A page of the owner's feed; each entry shows its order as it was at that moment.

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
        if entries:
            # Whoever has read a position never asks for what is before it again.
            await self._orders.confirm()
        histories = await self._orders.histories(list({each.order_id for each in entries}))
        return [_transition(each, histories[each.order_id][: each.version]) for each in entries]


def _transition(entry: FeedEntry, history: Sequence[Recorded]) -> Transition:
    return Transition(
        position=entry.position,
        order=rebuild(entry.order_id, [(line.event, line.recorded_at) for line in history]),
        is_end=isinstance(history[-1].event, OrderCompleted),
    )
