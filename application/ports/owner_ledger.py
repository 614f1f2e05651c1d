"""What owners have ordered today."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from domain.order.events import OrderId

REMEMBERED: Final = timedelta(days=7)
"""For so long it is known which orders have been counted; nobody repeats one that late to be served."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is ordered: recipients, and segments of text messages."""

    recipients: int = 0
    segments: int = 0


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    """How much an owner may order in a day; None for as much as it likes."""

    recipients: int | None = None
    segments: int | None = None

    @property
    def is_none(self) -> bool:
        """Whether there is no ceiling at all."""
        return self.recipients is None and self.segments is None


class OwnerLedger(Protocol):
    """Keeps count for all processes at once."""

    async def take(
        self,
        owner: str,
        day: date,
        amount: Amount,
        ceiling: QuotaLimit,
        *,
        order_id: OrderId | None = None,
    ) -> Amount | None:
        """Count an order, unless that would go beyond the ceiling; what was ordered with it.

        An order that has been counted, on this day or an earlier one, is not counted again, and
        passes whatever the ceiling; one without an id is counted each time.
        None if it was not counted.

        Raises:
            StoreUnavailableError: it may have been counted; try again later.
        """
        ...

    async def give_back(self, order_id: OrderId) -> None:
        """Take back that an order was asked for; once nobody stands behind it, it is not counted.

        Each `take` stands behind the order's count until it is given back.
        """
        ...

    async def used(self, owner: str, day: date) -> Amount:
        """What has been counted so far."""
        ...
