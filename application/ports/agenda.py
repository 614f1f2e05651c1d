"""Which orders need something, and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.order.events import OrderId


class Agenda(Protocol):
    """Says which unfinished orders are due, and lends each to one worker at a time.

    It is written with the events and never by hand: an unfinished order is always on it.
    """

    async def claim(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Sequence[OrderId]:
        """Lend at most `limit` orders that are due to a worker, instant ones first, oldest first.

        A lent order is lent to nobody else before the lease ends; a dead worker's orders
        come back by themselves.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        """Give back what this worker has been lent, done or not."""
        ...

    async def next_due(self) -> datetime | None:
        """The moment at which the next order is due that nobody is lent; None if there is none."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when an order may have become due, or when the time is up."""
        ...
