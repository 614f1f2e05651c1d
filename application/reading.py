"""Let owners read their orders."""

from collections.abc import Sequence

from application.commands import OrderNotFoundError
from application.ports.order_index import OrderIndex
from application.ports.order_repository import OrderRepository
from application.seeking import seek
from domain.order.events import OrderId
from domain.order.order import Order


class ReadingService:
    """Shows an owner its own orders, and nobody else's.

    Another owner's order is exactly as absent as one that does not exist.
    """

    def __init__(self, *, orders: OrderRepository, index: OrderIndex) -> None:
        self._orders = orders
        self._index = index

    async def order(self, order_id: OrderId, owner: str) -> Order:
        """One order, as it stands now.

        Raises:
            OrderNotFoundError: there is no such order of this owner.
            StoreUnavailableError: try again later.
        """
        order = await seek(self._orders, order_id)
        if order.placed.owner != owner:
            raise OrderNotFoundError
        return order

    async def with_reference(self, owner: str, reference: str) -> Sequence[Order]:
        """Every order of this owner under a reference, oldest first.

        Raises:
            StoreUnavailableError: try again later.
        """
        order_ids = await self._index.with_reference(owner, reference)
        if not order_ids:
            await self._orders.confirm()  # as in `seek`
            order_ids = await self._index.with_reference(owner, reference)
        orders = await self._orders.load(order_ids)
        return [orders[each] for each in order_ids if each in orders]
