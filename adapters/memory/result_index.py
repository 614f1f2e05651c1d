"""The figures over a repository in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.result_index import OwnerFigures
from application.unfolding import Unfolding
from domain.channel import Channel
from domain.order.events import OrderId
from domain.order.notification import Accepted, Delivered, Relayed, Simulated
from domain.order.order import Order


class InMemoryResultIndex:
    """Rebuilds every order, each time."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders

    async def figures(self, year: int, month: int) -> Sequence[OwnerFigures]:
        asked = [each for each in await self._all() if _month(each) == (year, month)]
        return [
            _of(owner, [each for each in asked if each.placed.owner == owner])
            for owner in sorted({each.placed.owner for each in asked})
        ]

    async def ended(
        self, channel: Channel, *, since: datetime, until: datetime
    ) -> Sequence[OrderId]:
        return [
            order.order_id
            for order in await self._all(until=until)
            if any(
                each.channel is channel and each.is_final and since <= each.changed_at
                for each in order.notifications
            )
        ]

    async def _all(self, *, until: datetime | None = None) -> Sequence[Order]:
        order_ids = dict.fromkeys(each.order_id for _, each in self._orders.follow(after=0))
        orders = await Unfolding(self._orders).orders(list(order_ids), until=until)
        return [each for each in orders.values() if isinstance(each, Order)]


def _month(order: Order) -> tuple[int, int]:
    sent_at = order.placed.requested_send_time.astimezone(UTC)
    return sent_at.year, sent_at.month


def _of(owner: str, orders: Sequence[Order]) -> OwnerFigures:
    notifications = [
        each
        for order in orders
        for each in order.notifications
        if not isinstance(each.delivery, Simulated)
    ]
    emails = [each.delivery for each in notifications if each.channel is Channel.EMAIL]
    texts = [each.delivery for each in notifications if each.channel is Channel.SMS]
    return OwnerFigures(
        owner=owner,
        orders=len(orders),
        emails=len(emails),
        emails_succeeded=sum(isinstance(each, Accepted | Relayed | Delivered) for each in emails),
        text_messages=len(texts),
        text_messages_succeeded=sum(
            isinstance(each, Accepted | Relayed | Delivered) for each in texts
        ),
    )
