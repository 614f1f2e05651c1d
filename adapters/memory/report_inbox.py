"""What providers have told, in memory."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.report_inbox import Matched, Report, ReportId, reporting_name
from domain.order.events import (
    NotificationAttempted,
    NotificationNo,
    NotificationSent,
    OrderId,
)


class InMemoryReportInbox:
    """Keeps reports in memory, and matches them by following the log of a repository."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders
        self._position = 0
        self._known: dict[tuple[str, str], tuple[OrderId, NotificationNo]] = {}
        self._kept: dict[Report, ReportId] = {}
        self._settled: set[ReportId] = set()
        self._called = asyncio.Event()
        orders.followers.append(self._called)

    async def keep(self, reports: Sequence[Report]) -> None:
        for each in reports:
            self._kept.setdefault(each, ReportId(len(self._kept) + 1))
        self._called.set()

    async def matched(self, limit: int, *, but_of: Collection[OrderId] = ()) -> Sequence[Matched]:
        self._follow()
        matched = [
            Matched(report_id, report, *self._known[report.provider, report.reference])
            for report, report_id in self._kept.items()
            if report_id not in self._settled and (report.provider, report.reference) in self._known
        ]
        return [each for each in matched if each.order_id not in but_of][:limit]

    async def settle(self, report_ids: Sequence[ReportId]) -> None:
        self._settled.update(report_ids)

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._called.wait()
        self._called.clear()

    def _follow(self) -> None:
        for position, each in self._orders.follow(after=self._position):
            self._position = position
            match each.event:
                case (
                    NotificationAttempted(provider=provider, token=name, notification_no=number)
                    | NotificationSent(provider=provider, reference=name, notification_no=number)
                ) if name.strip():
                    self._known.setdefault(
                        (reporting_name(provider), name), (each.order_id, number)
                    )
                case _:
                    pass
