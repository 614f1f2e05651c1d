"""The figures of a day are what that day left behind, whenever they are asked for on the next."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import uuid4

import msgspec
import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.result_index import InMemoryResultIndex
from application.envelope import SERVICE
from application.ports.result_index import OwnerFigures
from application.queries.statistics import Ended, StatisticsQueries
from contracts.order_repository_contract import SetClock, going_on, placing
from contracts.result_index_contract import HANDED_OVER, NOTHING, SIMULATED, told
from domain.channel import Channel
from domain.order.events import DeliveryReported, NotificationNo, ReportedState
from domain.order.notification import Delivered, Failed
from tests.samples import NOON, TTD, placed

DAY = timedelta(days=1)


class Office:
    """The figures over a repository, by a clock that the tests set."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=self.clock, next_id=uuid4
        )
        self.counting = StatisticsQueries(
            orders=self.orders, results=InMemoryResultIndex(self.orders), clock=self.clock
        )

    async def yesterday(self, channel: Channel = Channel.EMAIL) -> tuple[date, Sequence[Ended]]:
        day, ended = await self.counting.yesterday(channel)
        return day, [each async for each in ended]


@pytest.fixture
def office() -> Office:
    return Office()


async def test_yesterday_has_what_got_its_final_result_then(office: Office) -> None:
    order, under_way = await office.orders.append([placing(), placing()], by=TTD)
    (order,) = await office.orders.append(
        [going_on(order, *HANDED_OVER, told(ReportedState.DELIVERED))], by=SERVICE
    )
    await office.orders.append([going_on(under_way, *HANDED_OVER)], by=SERVICE)
    office.clock.now = NOON + DAY

    day, (ended,) = await office.yesterday()

    assert day == NOON.date()
    assert ended.order.order_id == order.order_id
    assert isinstance(ended.notification.delivery, Delivered)
    assert await office.yesterday(Channel.SMS) == (NOON.date(), [])


async def test_what_ends_today_is_tomorrows_to_tell(office: Office) -> None:
    (order,) = await office.orders.append([placing()], by=TTD)
    office.clock.now = NOON + DAY
    await office.orders.append(
        [going_on(order, *HANDED_OVER, told(ReportedState.DELIVERED))], by=SERVICE
    )

    assert await office.yesterday() == (NOON.date(), [])


async def test_what_has_come_since_changes_nothing_of_yesterday(office: Office) -> None:
    (order,) = await office.orders.append([placing()], by=TTD)
    failed = told(ReportedState.FAILED)
    (order,) = await office.orders.append([going_on(order, *HANDED_OVER, failed)], by=SERVICE)
    office.clock.now = NOON + DAY
    late = DeliveryReported(
        notification_no=NotificationNo(0),
        provider="smtp",
        state=ReportedState.DELIVERED,
        code="2.0.0",
    )
    await office.orders.append([going_on(order, late)], by=SERVICE)

    _, (ended,) = await office.yesterday()
    assert isinstance(ended.notification.delivery, Failed)


async def test_what_was_only_tried_out_is_charged_to_nobody(office: Office) -> None:
    (order,) = await office.orders.append([placing()], by=TTD)
    resolved, *_ = HANDED_OVER
    await office.orders.append([going_on(order, resolved, SIMULATED)], by=SERVICE)
    office.clock.now = NOON + DAY

    assert await office.yesterday() == (NOON.date(), [])


async def test_a_month_has_the_figures_of_every_owner(office: Office) -> None:
    theirs = msgspec.structs.replace(placed, owner="skd")
    mine, _ = await office.orders.append([placing(), placing(theirs)], by=TTD)
    await office.orders.append([going_on(mine, *HANDED_OVER)], by=SERVICE)

    assert await office.counting.month(2026, 9) == [
        OwnerFigures(owner="skd", orders=1, **NOTHING),
        OwnerFigures(owner="ttd", orders=1, **(NOTHING | {"emails": 1, "emails_succeeded": 1})),
    ]
    assert await office.counting.month(2026, 8) == []
