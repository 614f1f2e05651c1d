"""Let owners read their orders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.order_index import OrderIndex
from application.ports.order_repository import OrderRepository, Spoilt, SpoiltHistoryError
from application.seeking import OrderNotFoundError, seek
from application.unfolding import Unfolding
from domain.order.events import OrderId
from domain.order.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Orders that were looked for, oldest first."""

    orders: Sequence[Order]
    spoilt: Sequence[OrderId]
    """Those whose history cannot be read; somebody is looking into it."""


class OrderQueries:
    """Shows an owner its own orders, and nobody else's.

    Another owner's order is exactly as absent as one that does not exist.
    """

    def __init__(
        self, *, orders: OrderRepository, index: OrderIndex, clock: Callable[[], datetime]
    ) -> None:
        self._orders = orders
        self._unfolding = Unfolding(orders)
        self._index = index
        self._clock = clock

    async def order(self, order_id: OrderId, owner: str) -> Order:
        """One order, as it stands now.

        Raises:
            OrderNotFoundError: there is no such order of this owner.
            SpoiltHistoryError: its history cannot be read.
            StoreUnavailableError: try again later.
        """
        try:
            order = await seek(self._orders, order_id)
        except SpoiltHistoryError as problem:
            self._unfolding.sound_alarm(order_id, Spoilt(str(problem)))
            raise
        if order.placed.owner != owner:
            raise OrderNotFoundError
        return order

    def waits_until(self, order: Order) -> datetime | None:
        """Until when what is left of an order waits for the day, as text messages do in the night."""
        return order.waits_for_the_day(self._clock())

    async def with_reference(self, owner: str, reference: str) -> Found:
        """Every order of this owner under a reference.

        Raises:
            StoreUnavailableError: try again later.
        """
        order_ids = await self._index.with_reference(owner, reference)
        if not order_ids:
            await self._orders.confirm()  # as in `seek`
            order_ids = await self._index.with_reference(owner, reference)
        read = await self._unfolding.orders(order_ids)
        found = [(each, read[each]) for each in order_ids if each in read]
        return Found(
            orders=[order for _, order in found if not isinstance(order, Spoilt)],
            spoilt=[order_id for order_id, order in found if isinstance(order, Spoilt)],
        )
