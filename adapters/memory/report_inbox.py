"""What providers have told, in memory."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.report_inbox import Matched, Report, ReportId
from domain.order.events import (
    NotificationAttempted,
    NotificationNo,
    NotificationSent,
    OrderId,
)


class InMemoryReportInbox:
    """Keeps reports in memory, and matches them by reading the histories."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders
        self._kept: dict[Report, ReportId] = {}
        self._settled: set[ReportId] = set()
        self._came = asyncio.Event()

    async def keep(self, reports: Sequence[Report]) -> None:
        for each in reports:
            self._kept.setdefault(each, ReportId(len(self._kept) + 1))
        self._came.set()

    async def matched(self, limit: int) -> Sequence[Matched]:
        known = {
            (provider, reference): (order_id, notification_no)
            for provider, reference, order_id, notification_no in self._references()
        }
        matched = [
            Matched(report_id, report, *known[report.provider, report.reference])
            for report, report_id in self._kept.items()
            if report_id not in self._settled and (report.provider, report.reference) in known
        ]
        return matched[:limit]

    async def settle(self, report_ids: Sequence[ReportId]) -> None:
        self._settled.update(report_ids)

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._came.wait(), seconds)
        self._came.clear()

    def _references(self) -> Iterator[tuple[str, str, OrderId, NotificationNo]]:
        for each in self._orders.everything():
            match each.event:
                case (
                    NotificationAttempted(provider=provider, token=name, notification_no=number)
                    | NotificationSent(provider=provider, reference=name, notification_no=number)
                ):
                    yield provider, name, each.order_id, number
                case _:
                    pass
