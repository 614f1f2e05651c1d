"""Orders that bring their worker down, or need nothing yet, and what becomes of the others."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from application.ordering.commands import NewOrder, PlaceOrder
from application.ports.agenda import OVERDUE, InHand, Lease
from application.ports.order_repository import SpoiltHistoryError, StoreUnavailableError
from application.ports.provider import HandoverDeferred, OutboundMessage
from contracts.owner_records_contract import suspend
from domain.channel import Channel, ChannelChoice
from domain.message import SendingTime, SmsMessage
from domain.order.events import OrderId
from domain.order.notification import Accepted as Taken
from domain.order.notification import Attempting, Expired
from domain.order.order import Order
from domain.order.state import OrderStatus
from domain.personal import Contact, Content
from domain.recipient import Direct
from tests.application.delivery.test_dispatcher import now, placed, rewired
from tests.application.stand_in import StandIn
from tests.samples import TTD
from tests.scenarios.worlds import MemoryWorld
from tests.simulation.clockwork import played

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

    async def check(self, url: str, *, owner: str) -> bool:  # noqa: ARG002
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

    assert await world.agenda.quarantined() == [poison]


async def test_a_stuck_order_is_an_alarm_once(world: MemoryWorld) -> None:
    poison = await placed(world, condition="https://example.org/ok")
    for _ in range(3):
        await rewired(world, condition=Poisonous()).run_until_idle()
        world.pass_time(LEASE)
    service = rewired(world)
    world.pass_time(LEASE)

    with capture_logs() as logged:
        for _ in range(3):
            await service._look_for_redeliveries()
            world.pass_time(timedelta(seconds=2))

    alarms = [each for each in logged if each["log_level"] == "critical"]
    assert [(each["event"], each["order_id"]) for each in alarms] == [("order_stuck", str(poison))]


@pytest.mark.parametrize("is_stopped", [False, True], ids=["stuck", "of a stopped owner"])
async def test_what_nobody_carries_out_comes_to_its_end_when_all_of_it_has_expired(
    world: MemoryWorld,
    is_stopped: bool,  # noqa: FBT001
) -> None:
    order_id = await placed(world, condition="https://example.org/ok")
    if is_stopped:
        await suspend(world.owner_records, "ttd")
    else:
        for _ in range(3):
            await rewired(world, condition=Poisonous()).run_until_idle()
            world.pass_time(LEASE)
    world.pass_time(timedelta(hours=60))
    await world.dispatching.run_until_idle()
    assert (await now(world, order_id)).status is OrderStatus.REGISTERED

    world.pass_time(OVERDUE)
    await world.dispatching.run_until_idle()

    order = await now(world, order_id)
    assert order.status is OrderStatus.COMPLETED
    assert order.notifications[0].delivery == Expired(has_left=False)
    assert world.mail.offered == []


class Forgetful:
    """An agenda that is away whenever something is to be given back, so many times."""

    def __init__(self, world: MemoryWorld, times: int) -> None:
        self._agenda = world.agenda
        self._times = times

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        if self._times:
            self._times -= 1
            raise StoreUnavailableError
        await self._agenda.release(order_ids, worker=worker)

    def __getattr__(self, name: str) -> object:
        return getattr(self._agenda, name)


class Unheard:
    """An agenda whose answers to claims are lost, so many times."""

    def __init__(self, world: MemoryWorld, times: int) -> None:
        self._agenda = world.agenda
        self._times = times

    async def claim(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta, held: InHand
    ) -> Mapping[OrderId, Lease]:
        claimed = await self._agenda.claim(
            limit=limit, worker=worker, now=now, lease=lease, held=held
        )
        if claimed and self._times:
            self._times -= 1
            raise StoreUnavailableError
        return claimed

    def __getattr__(self, name: str) -> object:
        return getattr(self._agenda, name)


class Away:
    """A store that cannot be read, so many times."""

    def __init__(self, world: MemoryWorld, times: int) -> None:
        self._orders = world.orders
        self._times = times

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        if self._times:
            self._times -= 1
            raise StoreUnavailableError
        return await self._orders.load(order_ids)

    def __getattr__(self, name: str) -> object:
        return getattr(self._orders, name)


def test_an_order_that_takes_longer_than_its_lease_is_no_suspect_of_who_is_still_at_it(
    world: MemoryWorld,
) -> None:
    class Slow:
        async def check(self, url: str, *, owner: str) -> bool:  # noqa: ARG002
            await asyncio.sleep(10 * LEASE.total_seconds())
            return True

    async def story() -> None:
        order_id = await placed(world, condition="https://example.org/slow")
        working = asyncio.create_task(rewired(world, condition=Slow(), clock=clock).run())
        await asyncio.sleep(9 * LEASE.total_seconds())

        assert not await world.agenda.has_redeliveries(clock())
        assert await world.agenda.quarantined() == []
        await asyncio.sleep(2 * LEASE.total_seconds())
        working.cancel()
        await asyncio.wait({working})
        assert (await now(world, order_id)).status is OrderStatus.PROCESSED

    began = world.clock()

    def clock() -> datetime:
        return began + timedelta(seconds=asyncio.get_running_loop().time())

    world.orders.clock = clock
    played(story())


@pytest.mark.parametrize(
    "parts",
    [{"agenda": Forgetful}, {"orders": Away}, {"agenda": Unheard}],
    ids=["given back", "read", "claimed"],
)
def test_a_store_that_is_away_makes_no_order_a_suspect(
    world: MemoryWorld, parts: Mapping[str, Callable[[MemoryWorld, int], object]]
) -> None:
    async def story() -> None:
        several = [await placed(world) for _ in range(3)]
        changes = {name: part(world, 4) for name, part in parts.items()}
        working = asyncio.create_task(rewired(world, **changes).run())
        await asyncio.sleep(10)
        working.cancel()
        await asyncio.wait({working})

        assert not await world.agenda.has_redeliveries(world.clock() + timedelta(hours=1))
        assert await world.agenda.quarantined() == []
        for each in several:
            assert (await now(world, each)).notifications[0].attempts == 1

    played(story())


def test_a_suspect_that_takes_long_keeps_nobody_waiting(world: MemoryWorld) -> None:
    async def linger(letter: OutboundMessage) -> None:
        if letter.to.text == "slow@example.org":
            await asyncio.sleep(600)

    async def story() -> None:
        suspect = await placed(world, Direct(email=Contact("slow@example.org")))
        await world.agenda.claim(limit=1, worker="dead", now=world.clock(), lease=LEASE)
        world.pass_time(LEASE + timedelta(seconds=1))
        slow = StandIn(world, linger)
        working = asyncio.create_task(rewired(world, providers={Channel.EMAIL: [slow]}).run())
        await asyncio.sleep(1)
        world.pass_time(LEASE)  # others may have been about to give it back
        other = await placed(world)

        await asyncio.sleep(10)

        assert isinstance((await now(world, other)).notifications[0].delivery, Taken)
        assert isinstance((await now(world, suspect)).notifications[0].delivery, Attempting)
        working.cancel()
        await asyncio.wait({working})

    played(story())


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
    assert await world.agenda.quarantined() == []


async def test_what_may_not_leave_by_night_is_looked_at_again_in_the_morning_and_not_before(
    world: MemoryWorld,
) -> None:
    # The gateway puts a daytime message off shortly before five, until after five.
    world.pass_time(datetime(2026, 11, 24, 15, 59, 55, tzinfo=UTC) - world.clock())
    world.sms.answer(HandoverDeferred("busy"))
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
