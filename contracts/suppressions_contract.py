"""What everybody promises who knows the addresses that bounced; a suite for each names its stand."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from application.envelope import SERVICE
from application.ports.order_repository import OrderRepository
from application.ports.suppressions import Suppressions
from contracts.order_repository_contract import (
    Erase,
    SetClock,
    attempted,
    going_on,
    placing,
    resolved,
    sent,
)
from contracts.samples import NOON, TTD
from domain.channel import Channel
from domain.contact_point import AddressKey, address_key
from domain.order.events import (
    DeliveryReported,
    Failure,
    NotificationNo,
    NotificationRejected,
    OrderEvent,
    OrderId,
    ReportedState,
)
from domain.personal import Contact

Settled = Callable[[], Awaitable[None]]
"""Returns when everything that was recorded is known."""

KARIS, OLAS, NOBODYS = (
    address_key(Contact(f"{name}@example.org"), Channel.EMAIL) for name in ("kari", "ola", "nobody")
)
DAY = timedelta(days=1)


def reported(
    failure: Failure | None, state: ReportedState = ReportedState.FAILED
) -> DeliveryReported:
    return DeliveryReported(
        notification_no=NotificationNo(0),
        provider="smtp",
        state=state,
        code="5.1.1",
        failure=failure,
    )


BOUNCED = reported(Failure.BOUNCED)
REFUSED = NotificationRejected(
    notification_no=NotificationNo(0), attempt=1, failure=Failure.BOUNCED, code="550 5.1.1"
)


async def came_back(
    orders: OrderRepository, event: OrderEvent = BOUNCED, *, address: str = "kari@example.org"
) -> OrderId:
    """An order whose notification went to an address, and what became of it."""
    (opened,) = await orders.append([placing()], by=TTD)
    before: list[OrderEvent] = [resolved(address), attempted()]
    if not isinstance(event, NotificationRejected):
        before.append(sent())
    (order,) = await orders.append([going_on(opened, *before)], by=SERVICE)
    await orders.append([going_on(order, event)], by=SERVICE)
    return order.order_id


class SuppressionsContract:
    async def test_an_address_that_bounced_is_known_with_when_it_did(
        self, orders: OrderRepository, suppressions: Suppressions, settled: Settled
    ) -> None:
        await came_back(orders)
        await came_back(orders, REFUSED, address="ola@example.org")
        await settled()

        found = await suppressions.bounced([KARIS, OLAS, NOBODYS], since=NOON - DAY)

        assert found == {KARIS: NOON, OLAS: NOON}

    async def test_however_it_is_written_it_is_one_address(
        self, orders: OrderRepository, suppressions: Suppressions, settled: Settled
    ) -> None:
        await came_back(orders, address=" Kari@Example.org")
        await settled()

        assert KARIS in await suppressions.bounced([KARIS], since=NOON)

    async def test_the_same_word_on_another_channel_is_another_address(
        self, orders: OrderRepository, suppressions: Suppressions, settled: Settled
    ) -> None:
        await came_back(orders)
        await settled()
        namesake: AddressKey = (Channel.SMS, KARIS[1])

        assert await suppressions.bounced([namesake], since=NOON) == {}

    async def test_what_did_not_bounce_hard_is_not_known(
        self, orders: OrderRepository, suppressions: Suppressions, settled: Settled
    ) -> None:
        await came_back(orders, reported(Failure.EXPIRED_AT_PROVIDER))
        await came_back(orders, reported(None, ReportedState.DELIVERED), address="ola@example.org")
        await settled()

        assert await suppressions.bounced([KARIS, OLAS], since=NOON - DAY) == {}

    async def test_its_last_bounce_counts_and_none_from_before(
        self,
        orders: OrderRepository,
        suppressions: Suppressions,
        settled: Settled,
        clock: SetClock,
    ) -> None:
        await came_back(orders)
        clock.now = NOON + DAY
        await came_back(orders)
        await settled()

        assert await suppressions.bounced([KARIS], since=NOON) == {KARIS: NOON + DAY}
        assert await suppressions.bounced([KARIS], since=NOON + 2 * DAY) == {}

    async def test_what_is_lifted_is_forgotten_up_to_then(
        self,
        orders: OrderRepository,
        suppressions: Suppressions,
        settled: Settled,
        clock: SetClock,
    ) -> None:
        await came_back(orders)
        await settled()
        hashed = suppressions.address_hash(KARIS)
        await suppressions.lift(hashed, at=NOON + DAY)
        await suppressions.lift(hashed, at=NOON)
        assert await suppressions.bounced([KARIS], since=NOON) == {}
        assert list(await suppressions.latest(since=NOON, most=10)) == []

        clock.now = NOON + 2 * DAY
        await came_back(orders)
        await settled()

        assert await suppressions.bounced([KARIS], since=NOON) == {KARIS: NOON + 2 * DAY}

    async def test_the_latest_come_first_each_once_with_its_order(
        self,
        orders: OrderRepository,
        suppressions: Suppressions,
        settled: Settled,
        clock: SetClock,
    ) -> None:
        await came_back(orders)
        clock.now = NOON + DAY
        await came_back(orders, address="ola@example.org")
        clock.now = NOON + 2 * DAY
        order_id = await came_back(orders)
        await settled()

        found = await suppressions.latest(since=NOON, most=10)

        assert [(each.address_hash, each.bounced_at) for each in found] == [
            (suppressions.address_hash(KARIS), NOON + 2 * DAY),
            (suppressions.address_hash(OLAS), NOON + DAY),
        ]
        assert (found[0].order_id, found[0].channel) == (order_id, Channel.EMAIL)
        assert found[0].failure is Failure.BOUNCED
        assert len(await suppressions.latest(since=NOON, most=1)) == 1

    async def test_an_address_that_was_erased_before_it_bounced_is_not_known(
        self,
        orders: OrderRepository,
        suppressions: Suppressions,
        settled: Settled,
        erase: Erase,
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        changes = going_on(opened, resolved(), attempted(), sent())
        (order,) = await orders.append([changes], by=SERVICE)
        await erase(order.order_id, "contact")

        await orders.append([going_on(order, BOUNCED)], by=SERVICE)
        await settled()

        assert list(await suppressions.latest(since=NOON, most=10)) == []
