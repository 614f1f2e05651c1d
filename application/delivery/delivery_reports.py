"""Take down what providers tell of notifications."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import structlog

from application.envelope import Actor, PendingEvents, Role
from application.ports.order_repository import (
    ConcurrentUpdateError,
    OrderRepository,
    Spoilt,
    SpoiltHistoryError,
    StoreUnavailableError,
)
from application.ports.report_inbox import Matched, Report, ReportInbox
from application.ports.unread_mail import MailRead, UnreadKind, UnreadMails
from application.unfolding import Unfolding
from domain.order.events import DeliveryReported, OrderId

log = structlog.get_logger()

_AT_ONCE: Final = 1000
_POLL: Final = 1.0


class DeliveryReportService:
    """Keeps every delivery report first, and writes it into its order's history when that is known.

    A report may come before the provider's answer is recorded, late, twice or out of order;
    the order ranks what it is told.
    """

    def __init__(
        self,
        *,
        inbox: ReportInbox,
        orders: OrderRepository,
        unread: UnreadMails,
        clock: Callable[[], datetime],
    ) -> None:
        self._inbox = inbox
        self._orders = orders
        self._unfolding = Unfolding(orders)
        self._unreadable: set[OrderId] = set()
        self._unread = unread
        self._clock = clock

    async def keep(self, reports: Sequence[Report]) -> None:
        """Keep reports; when this returns they are not lost any more.

        Raises:
            StoreUnavailableError: nothing was kept; let the provider try again.
        """
        if reports:
            await self._inbox.keep(reports)

    async def keep_mail(self, content: bytes, read: MailRead) -> None:
        """Keep what a mail told, or else the mail itself, for people; nothing is lost when this returns.

        Raises:
            StoreUnavailableError: nothing was kept; let the mail server try again.
        """
        if isinstance(read, UnreadKind):
            log.info("mail_kept_unread", kind=read)
            await self._unread.keep(read, content, at=self._clock())
        else:
            await self.keep(read)

    async def run(self) -> None:
        """Take reports down as they find their notifications, until cancelled."""
        while True:
            try:
                if not await self.take_down():
                    await self._inbox.wait(_POLL)
            except StoreUnavailableError:
                log.warning("store_unavailable", does="waits, then looks at the reports again")
                await asyncio.sleep(_POLL)

    async def take_down(self) -> int:
        """Write the reports that have found their notification into the orders' histories.

        Those of an order whose history cannot be read wait: until the next start of the process, or
        for another.
        """
        matched = await self._inbox.matched(_AT_ONCE, but_of=self._unreadable)
        if not matched:
            return 0
        by_order: dict[OrderId, list[Matched]] = {}
        for each in matched:
            by_order.setdefault(each.order_id, []).append(each)
        await asyncio.gather(*(self._record(*each) for each in by_order.items()))
        await self._inbox.settle(
            [each.report_id for each in matched if each.order_id not in self._unreadable]
        )
        return len(matched)

    async def _record(self, order_id: OrderId, matched: Sequence[Matched]) -> None:
        told = [_told(each) for each in matched]
        by = Actor(role=Role.PROVIDER, name=matched[0].report.provider)
        while True:
            try:
                before = (await self._orders.load([order_id]))[order_id]
            except SpoiltHistoryError as problem:
                self._unfolding.sound_alarm(order_id, Spoilt(str(problem)))
                self._unreadable.add(order_id)
                return
            events = before.record_reports(told)
            if not events:
                return
            change = PendingEvents(order_id=order_id, before=before, events=tuple(events))
            try:
                await self._orders.append([change], by=by)
            except ConcurrentUpdateError:
                continue
            return


def _told(matched: Matched) -> DeliveryReported:
    report = matched.report
    return DeliveryReported(
        notification_no=matched.notification_no,
        provider=report.provider,
        state=report.state,
        code=report.code,
        failure=report.failure,
        occurred_at=report.occurred_at,
    )
