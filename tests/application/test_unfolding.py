"""Many orders are read at once: each history is folded once, others have their turns, and one that
cannot be read hides no other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.status_feed import InMemoryStatusFeed
from application.envelope import SERVICE, Recorded
from application.pace import Pace
from application.ports.order_repository import OrderRepository, Spoilt, SpoiltHistoryError
from application.queries.status_feed import Entry, StatusFeedQueries, Transition, Unreadable
from application.unfolding import Unfolding, rebuilt
from contracts.order_repository_contract import SetClock, going_on, placing, resolved
from contracts.status_feed_contract import lived
from domain.order.events import NotificationExpired, NotificationNo, OrderCompleted, OrderId
from domain.order.order import Order
from domain.recipient import Recipient, RecipientNo
from tests.samples import KARI, NOON, ORDER_ID, TTD, placed


class Counting(InMemoryOrderRepository):
    """Counts whose histories are read, and how often."""

    def __init__(self) -> None:
        super().__init__(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)
        self.read: list[OrderId] = []

    @override
    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        self.read += order_ids
        return await super().histories(order_ids)


@pytest.fixture
def orders() -> Counting:
    return Counting()


def following(orders: InMemoryOrderRepository) -> StatusFeedQueries:
    return StatusFeedQueries(
        orders=orders, feed=InMemoryStatusFeed(orders), clock=lambda: NOON + timedelta(days=1)
    )


async def entries(page: AsyncIterator[Sequence[Entry]]) -> Sequence[Entry]:
    return [each async for some in page for each in some]


async def fold(history: Sequence[Recorded]) -> Order:
    with Pace() as pace:
        return await rebuilt(ORDER_ID, history, pace)


async def wide(orders: OrderRepository, recipients: int) -> OrderId:
    """An order for so many, each of whom was found for itself."""
    everybody = tuple(Recipient(RecipientNo(number), KARI) for number in range(recipients))
    first = msgspec.structs.replace(placed, recipients=everybody)
    (order,) = await orders.append([placing(first)], by=TTD)
    found = [
        msgspec.structs.replace(
            resolved(),
            recipient_no=RecipientNo(number),
            targets=(
                msgspec.structs.replace(
                    resolved().targets[0], notification_no=NotificationNo(number)
                ),
            ),
        )
        for number in range(recipients)
    ]
    (order,) = await orders.append([going_on(order, *found)], by=SERVICE)
    return order.order_id


async def test_every_state_of_an_order_is_told_from_one_reading_of_it(orders: Counting) -> None:
    order_id = await wide(orders, 300)
    history = await orders.history(order_id)
    orders.read = []

    for is_descending in (False, True):
        told = await entries(
            following(orders).feed(
                "ttd", size=500, every_transition=True, is_descending=is_descending
            )
        )

        versions = [each.order.version for each in told if isinstance(each, Transition)]
        assert versions == sorted(range(1, 302), reverse=is_descending)
        for each in told:
            assert isinstance(each, Transition)
            before = await fold(history[: each.order.version])
            assert each.order == msgspec.structs.replace(before, order_id=order_id)
    assert orders.read == [order_id, order_id]


async def test_who_reads_a_part_of_a_page_has_not_paid_for_the_rest(orders: Counting) -> None:
    ids = [await wide(orders, 1500) for _ in range(3)]
    for order in (await orders.load(ids)).values():
        await orders.append([going_on(order, OrderCompleted())], by=SERVICE)
    orders.read = []

    async with aclosing(following(orders).feed("ttd")) as page:
        (first,) = await anext(page)
        assert (first.order_id, orders.read) == (ids[0], ids[:1])
        rest = [each.order_id for each in await entries(page)]

    assert rest == ids[1:]
    assert orders.read == ids


async def test_others_have_their_turns_while_a_wide_order_is_folded(orders: Counting) -> None:
    history = await orders.history(await wide(orders, 2000))
    turns = 0

    async def wait() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    before = turns
    order = await fold(history)
    waiting.cancel()

    assert len(order.notifications) == 2000
    assert turns > before


async def test_a_history_that_cannot_be_read_is_told_as_such_and_the_feed_goes_on(
    orders: Counting,
) -> None:
    before, ill, after = [await lived(orders, resolved(), OrderCompleted()) for _ in range(3)]
    orders.spoil(ill)
    service = following(orders)

    with capture_logs() as told:
        first = await entries(service.feed("ttd"))
        second = await entries(service.feed("ttd", every_transition=True))

    assert [each.order_id for each in first] == [before, ill, after]
    assert isinstance(first[1], Unreadable)
    assert first[1].found_at == NOON + timedelta(days=1)
    assert [type(each) for each in second] == 3 * [Transition] + 3 * [Unreadable] + 3 * [Transition]
    (alarm,) = told
    assert (alarm["event"], alarm["log_level"]) == ("history_spoilt", "critical")
    assert alarm["order_id"] == str(ill)


async def test_what_does_not_follow_is_no_history(orders: Counting) -> None:
    order_id = await lived(orders, resolved(), OrderCompleted())
    first, second, third = await orders.history(order_id)
    of_nothing = msgspec.structs.replace(
        second, event=NotificationExpired(notification_no=NotificationNo(0), has_left=True)
    )

    for spoilt in ([], [second], [first, third], [first, first], [first, of_nothing]):
        with pytest.raises(SpoiltHistoryError):
            await fold(spoilt)


class Ending(Counting):
    """Has lost the ends of its histories."""

    @override
    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        found = await super().histories(order_ids)
        return {each: () if isinstance(h, Spoilt) else h[:-1] for each, h in found.items()}


async def test_an_entry_that_the_history_does_not_hold_is_spoilt() -> None:
    orders = Ending()
    ended = await lived(orders, resolved(), OrderCompleted())

    (entry,) = await entries(following(orders).feed("ttd"))

    assert isinstance(entry, Unreadable)
    assert entry.order_id == ended


async def test_of_many_orders_those_that_can_be_read_are_read(orders: Counting) -> None:
    ids = [await lived(orders, OrderCompleted()) for _ in range(450)]
    orders.spoil(ids[7])

    found = await Unfolding(orders).orders(ids)

    assert list(found) == ids
    assert [each for each, order in found.items() if isinstance(order, Spoilt)] == [ids[7]]


async def test_an_order_is_rebuilt_as_it_was_before_a_moment(orders: Counting) -> None:
    early = await lived(orders, resolved())
    orders.clock = SetClock(NOON + timedelta(hours=1))
    late = await lived(orders, OrderCompleted())
    order = (await orders.load([early]))[early]
    await orders.append([going_on(order, OrderCompleted())], by=SERVICE)

    found = await Unfolding(orders).orders([early, late], until=NOON + timedelta(minutes=1))

    assert found == {early: order}
