"""What every status feed promises; a suite for each names its stand."""

from collections.abc import Sequence

import msgspec

from application.envelope import SERVICE, PendingEvents
from application.ports.order_repository import OrderRepository
from application.ports.status_feed import FeedEntry, StatusFeed
from contracts.order_repository_contract import going_on, placing, resolved
from contracts.samples import TTD, placed
from domain.order.events import (
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderId,
    SendConditionMet,
)


def of(owner: str) -> PendingEvents:
    return placing(msgspec.structs.replace(placed, owner=owner))


async def lived(orders: OrderRepository, *events: OrderEvent, owner: str = "ttd") -> OrderId:
    """An order to which these events happened, each recorded for itself."""
    (order,) = await orders.append([of(owner)], by=TTD)
    for event in events:
        (order,) = await orders.append([going_on(order, event)], by=SERVICE)
    return order.order_id


async def page(
    feed: StatusFeed,
    owner: str = "ttd",
    *,
    after: int = 0,
    size: int = 500,
    is_descending: bool = False,
    every_transition: bool = False,
) -> Sequence[FeedEntry]:
    return await feed.page(
        owner,
        after=after,
        size=size,
        is_descending=is_descending,
        every_transition=every_transition,
    )


class StatusFeedContract:
    async def test_an_order_has_one_entry_when_it_has_ended(
        self, orders: OrderRepository, feed: StatusFeed
    ) -> None:
        ended = await lived(orders, resolved(), OrderCompleted())
        await lived(orders, resolved())

        (entry,) = await page(feed)

        assert (entry.order_id, entry.version) == (ended, 3)

    async def test_a_cancelled_order_has_ended(
        self, orders: OrderRepository, feed: StatusFeed
    ) -> None:
        cancelled = await lived(orders, OrderCancelled())

        (entry,) = await page(feed)

        assert (entry.order_id, entry.version) == (cancelled, 2)

    async def test_every_transition_is_told_to_those_who_ask(
        self, orders: OrderRepository, feed: StatusFeed
    ) -> None:
        ended = await lived(orders, SendConditionMet(), resolved(), OrderCompleted())
        cancelled = await lived(orders, OrderCancelled())

        entries = await page(feed, every_transition=True)

        assert [(each.order_id, each.version) for each in entries] == [
            (ended, 1),
            (ended, 3),
            (ended, 4),
            (cancelled, 1),
            (cancelled, 2),
        ]

    async def test_pages_go_up_and_down_and_leave_nothing_out(
        self, orders: OrderRepository, feed: StatusFeed
    ) -> None:
        ids = [await lived(orders, OrderCompleted()) for _ in range(5)]

        up: list[FeedEntry] = []
        while more := await page(feed, after=up[-1].position if up else 0, size=2):
            up += more
        down: list[FeedEntry] = []
        while more := await page(
            feed, after=down[-1].position if down else 0, size=2, is_descending=True
        ):
            down += more

        assert [each.order_id for each in up] == ids
        assert down == up[::-1]
        assert [each.position for each in up] == sorted({each.position for each in up})

    async def test_another_owners_orders_are_not_told_of(
        self, orders: OrderRepository, feed: StatusFeed
    ) -> None:
        await lived(orders, OrderCompleted(), owner="skd")
        own = await lived(orders, OrderCompleted())

        assert [each.order_id for each in await page(feed)] == [own]
        every = await page(feed, every_transition=True)
        assert {each.order_id for each in every} == {own}
        assert await page(feed, "nobody", every_transition=True) == []

    async def test_everything_recorded_before_the_question_is_in_the_answer(
        self, orders: OrderRepository, feed: StatusFeed
    ) -> None:
        for count in range(1, 6):
            await lived(orders, OrderCompleted())
            assert len(await page(feed)) == count
