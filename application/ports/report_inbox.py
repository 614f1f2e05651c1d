"""What providers have told of notifications, until it is matched with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from msgspec import Struct

from domain.order.events import Failure, NotificationNo, OrderId, ReportedState

ReportId = NewType("ReportId", int)


class Report(Struct, frozen=True, kw_only=True):
    """One delivery report in our words; the provider's reference says of what."""

    provider: str
    reference: str
    """The provider's own name for the notification, or the attempt's token."""
    state: ReportedState
    code: str
    failure: Failure | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A report, and the notification that it speaks of."""

    report_id: ReportId
    report: Report
    order_id: OrderId
    notification_no: NotificationNo


def reporting_name(provider: str) -> str:
    """Under which name a provider reports: several that are alike (`smtp`, `smtp:2`) under one.

    A delivery report tells which attempt it is about, and not through whom it went.
    """
    return provider.partition(":")[0]


class ReportInbox(Protocol):
    """Keeps every report, first of all, and finds the notification of each, early or late."""

    async def keep(self, reports: Sequence[Report]) -> None:
        """Keep reports durably; the same report is kept once.

        Raises:
            StoreUnavailableError: nothing was kept; let the provider try again.
        """
        ...

    async def matched(self, limit: int, *, but_of: Collection[OrderId] = ()) -> Sequence[Matched]:
        """Reports not yet settled whose notification is known, oldest first; none of some orders."""
        ...

    async def settle(self, report_ids: Sequence[ReportId]) -> None:
        """Mark reports as taken down in their orders' histories."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when a report may have found its notification, or when the time is up."""
        ...
