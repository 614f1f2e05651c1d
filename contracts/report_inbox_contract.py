"""What every inbox of delivery reports promises; a suite for each names its stand."""

import asyncio
from collections.abc import Sequence

from application.envelope import SERVICE, PendingEvents
from application.ports.order_repository import OrderRepository
from application.ports.report_inbox import Matched, Report, ReportInbox
from contracts.order_repository_contract import (
    attempted,
    going_on,
    placing,
    resolved,
    sent,
)
from contracts.samples import NOON, TTD
from domain.order.events import Failure, NotificationNo, ReportedState
from domain.order.order import Order


def report(reference: str = "reference-1", code: str = "250", provider: str = "smtp") -> Report:
    return Report(
        provider=provider,
        reference=reference,
        state=ReportedState.FAILED,
        code=code,
        failure=Failure.BOUNCED,
        occurred_at=NOON,
    )


async def under_way(orders: OrderRepository, change: PendingEvents | None = None) -> Order:
    """An order whose notification has been attempted, and not accepted yet."""
    (opened,) = await orders.append([change or placing()], by=TTD)
    (order,) = await orders.append([going_on(opened, resolved(), attempted())], by=SERVICE)
    return order


async def matches(inbox: ReportInbox, count: int = 1, limit: int = 100) -> Sequence[Matched]:
    """The reports that have found their notifications, as soon as there are so many."""
    async with asyncio.timeout(10):
        while len(found := await inbox.matched(limit)) < count:
            await inbox.wait(0.05)
    return found


class ReportInboxContract:
    async def test_a_report_finds_its_notification_by_the_providers_reference(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        order = await under_way(orders)
        await orders.append([going_on(order, sent("reference-1"))], by=SERVICE)

        await inbox.keep([report("reference-1")])

        (found,) = await matches(inbox)
        assert found.report == report("reference-1")
        assert (found.order_id, found.notification_no) == (order.order_id, NotificationNo(0))

    async def test_a_report_finds_its_notification_by_the_attempts_token(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        order = await under_way(orders)

        await inbox.keep([report("token-1")])

        (found,) = await matches(inbox)
        assert found.order_id == order.order_id

    async def test_a_report_that_comes_first_finds_its_notification_later(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        await inbox.keep([report("reference-1")])
        order = await under_way(orders)
        assert list(await inbox.matched(100)) == []

        await orders.append([going_on(order, sent("reference-1"))], by=SERVICE)

        (found,) = await matches(inbox)
        assert found.order_id == order.order_id

    async def test_whoever_asks_may_leave_out_the_reports_of_some_orders(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        left_out = await under_way(orders)
        (opened,) = await orders.append([placing()], by=TTD)
        await orders.append([going_on(opened, resolved(), attempted("token-2"))], by=SERVICE)
        await inbox.keep([report("token-1"), report("token-2")])
        await matches(inbox, count=2)

        (found,) = await inbox.matched(1, but_of=[left_out.order_id])

        assert found.report.reference == "token-2"

    async def test_another_providers_reference_is_another(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        await under_way(orders)

        await inbox.keep([report("token-1", provider="link"), report("token-1", provider="smtp")])

        (found,) = await matches(inbox)
        assert found.report.provider == "smtp"

    async def test_a_report_without_a_reference_finds_nothing(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        order = await under_way(orders)
        await orders.append([going_on(order, sent(""))], by=SERVICE)

        await inbox.keep([report(""), report("\0")])

        (opened,) = await orders.append([placing()], by=TTD)
        await orders.append([going_on(opened, resolved(), attempted("token-2"))], by=SERVICE)
        await inbox.keep([report("token-2")])
        (found,) = await matches(inbox)  # all that was recorded before has been looked at, too
        assert found.report.reference == "token-2"

    async def test_the_same_report_is_kept_once(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        await under_way(orders)

        await inbox.keep([report("token-1"), report("token-1")])
        await inbox.keep([report("token-1")])

        assert len(await matches(inbox)) == 1

    async def test_a_report_that_says_something_else_is_another(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        await under_way(orders)

        await inbox.keep([report("token-1", "250"), report("token-1", "550")])

        assert [each.report.code for each in await matches(inbox, 2)] == ["250", "550"]

    async def test_what_is_settled_does_not_come_again(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        await under_way(orders)
        await inbox.keep([report("token-1", str(code)) for code in range(3)])
        first, second, third = await matches(inbox, 3)

        await inbox.settle([first.report_id, third.report_id])
        assert list(await inbox.matched(100)) == [second]

        await inbox.keep([first.report])
        assert list(await inbox.matched(100)) == [second]

    async def test_the_oldest_come_first_and_no_more_than_asked_for(
        self, orders: OrderRepository, inbox: ReportInbox
    ) -> None:
        await under_way(orders)
        await inbox.keep([report("token-1", str(code)) for code in range(5)])
        await matches(inbox, 5)

        assert [each.report.code for each in await inbox.matched(2)] == ["0", "1"]

    async def test_whoever_waits_is_told_of_a_report(self, inbox: ReportInbox) -> None:
        await inbox.wait(0.05)
        waiting = asyncio.ensure_future(inbox.wait(30))
        await asyncio.sleep(0)
        assert not waiting.done()

        await inbox.keep([report()])

        await asyncio.wait_for(waiting, 5)

    async def test_nobody_waits_for_longer_than_they_said(self, inbox: ReportInbox) -> None:
        await inbox.wait(0.01)  # whatever was there to be told of
        await asyncio.wait_for(inbox.wait(0.01), 5)
