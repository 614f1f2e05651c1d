"""What a worker has in hand nobody else takes, for as long as it is at it; what is done is given back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryAgenda, InMemoryOrderRepository
from application.delivery.leased_orders import CarriedOut, LeasedOrders
from application.ports.agenda import Lease
from contracts.order_repository_contract import SetClock, placing
from domain.order.events import OrderId
from tests.samples import TTD, placed

LEASE = timedelta(seconds=30)


class House:
    """An agenda, and workers that have orders in hand, each of which is done when a test says so."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=self.clock, next_id=uuid4
        )
        self.agenda = InMemoryAgenda(self.orders)
        self.ends: dict[OrderId, asyncio.Future[CarriedOut]] = {}
        self.begun: list[OrderId] = []

    def worker(self, name: str) -> LeasedOrders:
        return LeasedOrders(
            agenda=self.agenda, begin=self._begin, lease=LEASE, clock=self.clock, worker=name
        )

    async def place(self, owner: str = "ttd") -> OrderId:
        (order,) = await self.orders.append(
            [placing(msgspec.structs.replace(placed, owner=owner))], by=TTD
        )
        return order.order_id

    def _begin(self, leases: Mapping[OrderId, Lease]) -> Mapping[OrderId, asyncio.Task[CarriedOut]]:
        self.begun += leases
        return {each: asyncio.create_task(self._carry_out(each)) for each in leases}

    async def _carry_out(self, order_id: OrderId) -> CarriedOut:
        return await self._end_of(order_id)

    async def end(self, *order_ids: OrderId, by: CarriedOut | None = None) -> None:
        for each in order_ids:
            self._end_of(each).set_result(by or CarriedOut())
        for _ in range(3):  # let whoever waits for it go on
            await asyncio.sleep(0)

    def _end_of(self, order_id: OrderId) -> asyncio.Future[CarriedOut]:
        return self.ends.setdefault(order_id, asyncio.get_running_loop().create_future())


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    await made.end(*(each for each, end in made.ends.items() if not end.done()))


async def claim(worker: LeasedOrders, *, most: int = 10) -> int:
    return await worker.claim(limit=10, most=most)


async def test_what_one_has_in_hand_another_does_not_take(house: House) -> None:
    await house.place()
    one, other = house.worker("one"), house.worker("other")

    assert await claim(one) == 1
    assert await claim(other) == 0
    assert (len(one), len(other)) == (1, 0)


async def test_what_is_done_is_given_back_and_what_is_not_is_kept(house: House) -> None:
    done, left = await house.place(), await house.place()
    one, other = house.worker("one"), house.worker("other")
    await claim(one)

    await house.end(done)
    await one.release()

    assert len(one) == 1
    assert await claim(other) == 1
    assert house.begun[-1] == done
    assert left in house.begun[:2]


async def test_what_waits_for_something_is_not_due_before_then(house: House) -> None:
    order_id = await house.place()
    one = house.worker("one")
    await claim(one)
    later = house.clock.now + timedelta(minutes=10)

    await house.end(order_id, by=CarriedOut(until=later))
    await one.release()

    assert await claim(one) == 0
    house.clock.now = later
    assert await claim(one) == 1


async def test_what_is_in_hand_for_long_is_leased_for_longer(house: House) -> None:
    await house.place()
    one, other = house.worker("one"), house.worker("other")
    await claim(one)

    for _ in range(5):
        house.clock.now += LEASE / 2
        await one.keep()

    assert await claim(other) == 0
    assert await other.claim_redeliveries() == 0


async def test_what_nobody_keeps_any_more_is_a_suspect(house: House) -> None:
    order_id = await house.place()
    one, other = house.worker("one"), house.worker("other")
    await claim(one)
    house.clock.now += LEASE

    assert await claim(other) == 0
    assert await other.claim_redeliveries() == 1
    assert house.begun == [order_id, order_id]


async def test_a_suspect_is_left_to_its_lease(house: House) -> None:
    order_id = await house.place()
    one, other = house.worker("one"), house.worker("other")
    await claim(one)

    await house.end(order_id, by=CarriedOut(is_suspect=True))
    await one.release()

    assert len(one) == 0
    assert await other.claim_redeliveries() == 0
    house.clock.now += LEASE
    assert await other.claim_redeliveries() == 1


async def test_of_one_owner_so_many_are_in_hand_and_no_more(house: House) -> None:
    for owner in ("ttd", "ttd", "ttd", "skd"):
        await house.place(owner)
    one = house.worker("one")

    assert await claim(one, most=2) == 3
    assert await claim(one, most=2) == 0
    assert await claim(one, most=3) == 1


async def test_what_was_leased_by_an_answer_that_never_came_is_given_back(house: House) -> None:
    mine, lost = await house.place(), await house.place()
    one, other = house.worker("one"), house.worker("other")
    await house.agenda.claim(limit=2, worker="one", now=house.clock(), lease=LEASE)
    await house.agenda.release([mine], worker="one")
    await claim(one)

    await one.release_unacknowledged()

    assert house.begun == [mine]
    assert await claim(other) == 1
    assert house.begun == [mine, lost]


async def test_hands_are_empty_when_what_was_in_them_is_done(house: House) -> None:
    order_id = await house.place()
    one = house.worker("one")
    await one.empty_hands()
    await claim(one)

    emptied = asyncio.create_task(one.empty_hands())
    await house.end(order_id)
    await emptied

    assert all(each.done() for each in one.tasks)
