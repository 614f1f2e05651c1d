"""An owner reads its own orders, and nobody else's; that there is none is said when it is certain."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderIndex, InMemoryOrderRepository
from application.envelope import Recorded
from application.ports.order_repository import Spoilt, SpoiltHistoryError
from application.queries.orders import OrderQueries
from application.seeking import OrderNotFoundError
from contracts.order_repository_contract import SetClock, going_on, placing, resolved
from contracts.result_index_contract import found
from domain.channel import Channel, ChannelChoice
from domain.order.events import OrderId
from tests.samples import NOON, REMINDER_SMS, SKD, TTD, placed

NIGHT = NOON + timedelta(hours=11)


class WithSpoilt(InMemoryOrderRepository):
    """Cannot read the histories that a test names."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__(vault=InMemoryKeyVault(), clock=clock, next_id=uuid4)
        self.spoilt: set[OrderId] = set()

    @override
    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        read = await super().histories(order_ids)
        return {each: Spoilt("of a test") if each in self.spoilt else read[each] for each in read}


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def orders(clock: SetClock) -> WithSpoilt:
    return WithSpoilt(clock)


@pytest.fixture
def reading(orders: WithSpoilt, clock: SetClock) -> OrderQueries:
    return OrderQueries(orders=orders, index=InMemoryOrderIndex(orders), clock=clock)


async def test_an_owner_reads_its_order_as_it_stands_now(
    orders: WithSpoilt, reading: OrderQueries
) -> None:
    (order,) = await orders.append([placing()], by=TTD)
    (left,) = await orders.append([going_on(order, resolved())], by=TTD)

    assert await reading.order(order.order_id, "ttd") == left


async def test_another_owners_order_is_as_absent_as_one_that_there_is_not(
    orders: WithSpoilt, reading: OrderQueries
) -> None:
    (order,) = await orders.append([placing()], by=TTD)

    for order_id, owner in ((order.order_id, "skd"), (OrderId(uuid4()), "ttd")):
        with pytest.raises(OrderNotFoundError):
            await reading.order(order_id, owner)


async def test_an_order_that_cannot_be_read_is_said_to_be_so_and_an_alarm(
    orders: WithSpoilt, reading: OrderQueries
) -> None:
    (order,) = await orders.append([placing()], by=TTD)
    orders.spoilt.add(order.order_id)

    with capture_logs() as logs, pytest.raises(SpoiltHistoryError):
        await reading.order(order.order_id, "ttd")

    assert [each["order_id"] for each in logs] == [str(order.order_id)]


async def test_a_reference_gives_every_order_under_it_and_no_other_owners(
    orders: WithSpoilt, reading: OrderQueries, clock: SetClock
) -> None:
    (first,) = await orders.append([placing()], by=TTD)
    clock.now += timedelta(minutes=1)
    (second,) = await orders.append([placing()], by=TTD)
    await orders.append([placing(msgspec.structs.replace(placed, owner="skd"))], by=SKD)
    await orders.append(
        [placing(msgspec.structs.replace(placed, senders_reference="case-78"))], by=TTD
    )

    found = await reading.with_reference("ttd", "case-77")

    assert [each.order_id for each in found.orders] == [first.order_id, second.order_id]
    assert found.spoilt == []


async def test_one_that_cannot_be_read_hides_no_other_under_its_reference(
    orders: WithSpoilt, reading: OrderQueries
) -> None:
    first, second = await orders.append([placing(), placing()], by=TTD)
    orders.spoilt.add(first.order_id)

    found = await reading.with_reference("ttd", "case-77")

    assert [each.order_id for each in found.orders] == [second.order_id]
    assert found.spoilt == [first.order_id]


async def test_what_waits_for_the_day_says_until_when(
    orders: WithSpoilt, reading: OrderQueries, clock: SetClock
) -> None:
    text = msgspec.structs.replace(
        placed, channel=ChannelChoice.SMS, email=None, sms=REMINDER_SMS, requested_send_time=NIGHT
    )
    (order,) = await orders.append([placing(text)], by=TTD)
    (order,) = await orders.append([going_on(order, found(Channel.SMS))], by=TTD)

    clock.now = NIGHT
    until = reading.waits_until(order)
    clock.now = NOON + timedelta(days=1)

    assert until is not None
    assert NIGHT < until < NOON + timedelta(days=1)
    assert reading.waits_until(order) is None
