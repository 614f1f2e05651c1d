"""Orders that bring their worker down, or need nothing yet, and what becomes of the others."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from application.commands import NewOrder, PlaceOrder
from application.ports.order_repository import SpoiltHistoryError
from application.ports.provider import Deferred
from domain.channel import ChannelChoice
from domain.message import SendingTime, SmsMessage
from domain.order.events import OrderId
from domain.order.order import Order, OrderStatus
from domain.personal import Contact, Content
from domain.recipient import Direct
from tests.application.test_dispatching import now, placed, rewired
from tests.samples import TTD
from tests.scenarios.worlds import MemoryWorld

LEASE = timedelta(seconds=31)


class Spoilt:
    """A store in which somebody has changed one order's history."""

    def __init__(self, world: MemoryWorld, order_id: OrderId) -> None:
        self._world = world
        self._order_id = order_id

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        if self._order_id in order_ids:
            raise SpoiltHistoryError
        return await self._world.orders.load(order_ids)

    def __getattr__(self, name: str) -> object:
        return getattr(self._world.orders, name)


class Poisonous:
    """A condition that no worker survives asking."""

    async def check(self, url: str) -> bool:  # noqa: ARG002
        raise RuntimeError("the worker is dead")


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


async def test_a_history_that_somebody_has_changed_holds_up_no_other(world: MemoryWorld) -> None:
    spoilt, sound = await placed(world), await placed(world)

    await rewired(world, orders=Spoilt(world, spoilt)).run_until_idle()

    assert (await now(world, sound)).status is OrderStatus.PROCESSED
    assert (await now(world, spoilt)).status is OrderStatus.REGISTERED


async def test_an_order_that_fails_three_workers_is_stuck_and_the_others_are_not(
    world: MemoryWorld,
) -> None:
    poison = await placed(world, condition="https://example.org/ok")
    for _ in range(5):
        other = await placed(world)
        await rewired(world, condition=Poisonous()).run_until_idle()
        assert (await now(world, other)).status is OrderStatus.PROCESSED
        world.pass_time(LEASE)

    assert await world.agenda.stuck() == [poison]


async def test_a_stuck_order_is_carried_out_when_an_operator_lets_it(world: MemoryWorld) -> None:
    poison = await placed(world, condition="https://example.org/ok")
    for _ in range(3):
        await rewired(world, condition=Poisonous()).run_until_idle()
        world.pass_time(LEASE)
    await world.dispatching.run_until_idle()
    assert (await now(world, poison)).status is OrderStatus.REGISTERED

    assert await world.agenda.retry(poison)
    await world.dispatching.run_until_idle()

    assert (await now(world, poison)).status is OrderStatus.PROCESSED
    assert await world.agenda.stuck() == []


async def test_what_may_not_leave_by_night_is_looked_at_again_in_the_morning_and_not_before(
    world: MemoryWorld,
) -> None:
    # The gateway puts a daytime message off shortly before five, until after five.
    world.pass_time(datetime(2026, 11, 24, 15, 59, 55, tzinfo=UTC) - world.clock())
    world.sms.answer(Deferred("busy"))
    order = NewOrder(
        channel=ChannelChoice.SMS,
        recipients=(Direct(mobile=Contact("+4799999999")),),
        sms=SmsMessage(sender="Varsel", body=Content("Hi"), sending_time=SendingTime.DAYTIME),
    )
    order_id = (await world.ordering.place(PlaceOrder(order=order, by=TTD))).order_id
    await world.dispatching.run_until_idle()
    world.pass_time(timedelta(minutes=5))

    await world.dispatching.run_until_idle()

    assert (await world.agenda.next_due()) == datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert len(await world.orders.history(order_id)) == 4
