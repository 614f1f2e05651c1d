"""An owner follows its orders page by page; each entry shows its order as that event left it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias
from uuid import uuid4

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.status_feed import InMemoryStatusFeed
from application.envelope import SERVICE
from application.queries.status_feed import Entry, StatusFeedQueries, Transition
from contracts.order_repository_contract import SetClock, going_on, resolved
from contracts.status_feed_contract import lived, of
from domain.order.events import OrderCancelled, OrderCompleted, SendConditionMet
from domain.order.state import OrderStatus

Page: TypeAlias = Sequence[Entry]


@pytest.fixture
def orders() -> InMemoryOrderRepository:
    return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)


@pytest.fixture
def following(orders: InMemoryOrderRepository) -> StatusFeedQueries:
    clock = SetClock()
    clock.now += timedelta(days=1)
    return StatusFeedQueries(orders=orders, feed=InMemoryStatusFeed(orders), clock=clock)


async def read(
    following: StatusFeedQueries,
    *,
    after: int = 0,
    size: int = 500,
    is_descending: bool = False,
    every_transition: bool = False,
) -> Sequence[Transition]:
    page = following.feed(
        "ttd",
        after=after,
        size=size,
        is_descending=is_descending,
        every_transition=every_transition,
    )
    entries = [each async for some in page for each in some]
    assert all(isinstance(each, Transition) for each in entries)
    return [each for each in entries if isinstance(each, Transition)]


async def test_each_order_that_has_ended_is_told_once(
    orders: InMemoryOrderRepository, following: StatusFeedQueries
) -> None:
    completed = await lived(orders, resolved(), OrderCompleted())
    cancelled = await lived(orders, OrderCancelled())
    await lived(orders, resolved())
    await lived(orders, OrderCompleted(), owner="skd")

    told = await read(following)

    assert [(each.order_id, each.is_end) for each in told] == [(completed, True), (cancelled, True)]


async def test_every_transition_shows_the_order_as_that_event_left_it(
    orders: InMemoryOrderRepository, following: StatusFeedQueries
) -> None:
    await lived(orders, SendConditionMet(), resolved(), OrderCompleted())

    told = await read(following, every_transition=True)

    assert [each.order.version for each in told] == [1, 3, 4]
    assert [each.is_end for each in told] == [False, False, True]
    assert told[0].order.status is not OrderStatus.COMPLETED
    assert told[2].order.status is OrderStatus.COMPLETED


async def test_whoever_goes_on_from_a_position_is_told_what_came_after_it(
    orders: InMemoryOrderRepository, following: StatusFeedQueries
) -> None:
    ended = [await lived(orders, OrderCompleted()) for _ in range(3)]

    (first,) = await read(following, size=1)
    rest = await read(following, after=first.position)

    assert [each.order_id for each in (first, *rest)] == ended
    assert await read(following, after=rest[-1].position) == []


async def test_backwards_the_newest_comes_first(
    orders: InMemoryOrderRepository, following: StatusFeedQueries
) -> None:
    ended = [await lived(orders, OrderCompleted()) for _ in range(3)]

    newest = await read(following, size=2, is_descending=True)
    rest = await read(following, after=newest[-1].position, is_descending=True)

    assert [each.order_id for each in (*newest, *rest)] == ended[::-1]


async def test_many_long_histories_come_some_at_a_time_and_in_their_order(
    orders: InMemoryOrderRepository, following: StatusFeedQueries
) -> None:
    long = []
    for _ in range(3):
        (order,) = await orders.append([of("ttd")], by=SERVICE)
        met = [SendConditionMet()] * 1500
        await orders.append([going_on(order, *met, OrderCompleted())], by=SERVICE)
        long.append(order.order_id)

    pages = [some async for some in following.feed("ttd")]

    assert len(pages) == 3
    assert [each.order_id for some in pages for each in some] == long
