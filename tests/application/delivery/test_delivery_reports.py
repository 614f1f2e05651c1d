"""Delivery reports find their way into the orders' histories, whatever is wrong with one of them."""

import pytest
from structlog.testing import capture_logs

from application.ports.order_repository import SpoiltHistoryError
from application.ports.report_inbox import Report
from contracts.order_repository_contract import attempted, going_on, placing, resolved
from domain.order.events import NotificationNo, OrderId, ReportedState
from domain.order.notification import Delivered
from domain.order.order import Order
from tests.samples import TTD
from tests.scenarios.worlds import MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


async def under_way(world: MemoryWorld, token: str) -> Order:
    (opened,) = await world.orders.append([placing()], by=TTD)
    events = (resolved(), attempted(token))
    (order,) = await world.orders.append([going_on(opened, *events)], by=TTD)
    return order


async def reported(world: MemoryWorld, *tokens: str) -> None:
    await world.reporting.keep(
        [
            Report(provider="smtp", reference=each, state=ReportedState.DELIVERED, code="250")
            for each in tokens
        ]
    )


async def delivery(world: MemoryWorld, order_id: OrderId) -> object:
    order = (await world.orders.load([order_id]))[order_id]
    return order.notification(NotificationNo(0)).delivery


async def test_a_report_of_an_order_that_cannot_be_read_holds_up_no_other(
    world: MemoryWorld,
) -> None:
    ill, well = await under_way(world, "ill"), await under_way(world, "well")
    world.orders.spoil(ill.order_id)
    await reported(world, "ill", "well")

    with capture_logs() as told:
        taken = [await world.reporting.take_down() for _ in range(3)]

    assert taken[-1] == 0
    assert await delivery(world, well.order_id) == Delivered()
    with pytest.raises(SpoiltHistoryError):
        await delivery(world, ill.order_id)
    alarms = [each for each in told if each["event"] == "history_spoilt"]
    assert [(each["order_id"], each["log_level"]) for each in alarms] == [
        (str(ill.order_id), "critical")
    ]
