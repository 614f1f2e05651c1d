"""Count what was sent: by owner and month, and notification by notification for each day."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from application.ports.order_repository import OrderRepository, Spoilt
from application.ports.result_index import OwnerFigures, ResultIndex
from application.unfolding import Unfolding
from domain.channel import Channel
from domain.order.events import OrderId
from domain.order.notification import Notification, Simulated
from domain.order.order import Order

_AT_ONCE: Final = 200
"""So many orders are rebuilt at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A notification that got its final result on a day, and its order as that day left it."""

    order: Order
    notification: Notification


class StatisticsQueries:
    """Gives the figures that owners are charged by."""

    def __init__(
        self, *, orders: OrderRepository, results: ResultIndex, clock: Callable[[], datetime]
    ) -> None:
        self._unfolding = Unfolding(orders)
        self._results = results
        self._clock = clock

    async def month(self, year: int, month: int) -> Sequence[OwnerFigures]:
        """Every owner's figures of the orders that were to be sent in a month (UTC).

        Raises:
            ValueError: there is no such month.
            StoreUnavailableError: try again later.
        """
        return await self._results.figures(year, month)

    async def yesterday(self, channel: Channel) -> tuple[date, AsyncIterator[Ended]]:
        """Yesterday (UTC), and the notifications that got their final result then.

        Whoever asks later on the same day is told the same: what has come since is the next day's.

        Raises:
            StoreUnavailableError: try again later.
        """
        day = self._clock().astimezone(UTC).date() - timedelta(days=1)
        begins = datetime.combine(day, time(), UTC)
        ends = begins + timedelta(days=1)
        found = await self._results.ended(channel, since=begins, until=ends)

        return day, self._ended(channel, found, begins, ends)

    async def _ended(
        self, channel: Channel, found: Sequence[OrderId], begins: datetime, ends: datetime
    ) -> AsyncIterator[Ended]:
        for start in range(0, len(found), _AT_ONCE):
            for order in await self._as_at(found[start : start + _AT_ONCE], ends):
                for each in order.notifications:
                    is_of_the_day = each.is_final and begins <= each.changed_at
                    is_charged = not isinstance(each.delivery, Simulated)
                    if each.channel is channel and is_of_the_day and is_charged:
                        yield Ended(order=order, notification=each)

    async def _as_at(self, order_ids: Sequence[OrderId], moment: datetime) -> Sequence[Order]:
        """Orders as they stood at a moment; one that cannot be read is an alarm, and left out."""
        orders = await self._unfolding.orders(order_ids, until=moment)
        return [each for each in orders.values() if not isinstance(each, Spoilt)]
