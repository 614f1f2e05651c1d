"""Look for an order, and say that there is none only when that is certain."""

from collections.abc import Sequence

from application.envelope import Actor, Recorded, Role
from application.ports.order_repository import Histories, OrderRepository
from domain.order.events import OrderId, OrderPlaced
from domain.order.order import Order


class OrderNotFoundError(Exception):
    """There is no such order, or it is another owner's."""


async def seek(orders: OrderRepository, order_id: OrderId) -> Order:
    """The order of an id, as it stands now.

    A server that another has taken the place of finds nothing of what has been recorded since, and
    may not know. Whoever has found nothing asks for a confirmation, which such a server cannot give,
    and looks once more.

    Raises:
        OrderNotFoundError: there is no such order.
        StoreUnavailableError: nobody can tell; try again later.
    """
    order = (await orders.load([order_id])).get(order_id)
    if order is None:
        await orders.confirm()
        order = (await orders.load([order_id])).get(order_id)
    if order is None:
        raise OrderNotFoundError
    return order


async def seek_history(orders: Histories, order_id: OrderId) -> Sequence[Recorded]:
    """Everything recorded of an order, oldest first, sought as by `seek`.

    Raises:
        OrderNotFoundError: there is no such order.
        StoreUnavailableError: nobody can tell; try again later.
    """
    history = await orders.history(order_id)
    if not history:
        await orders.confirm()
        history = await orders.history(order_id)
    if not history:
        raise OrderNotFoundError
    return history


async def seek_history_for(orders: Histories, order_id: OrderId, by: Actor) -> Sequence[Recorded]:
    """The same for whoever may read it: an owner its own orders' histories, an operator everybody's.

    Raises:
        OrderNotFoundError: there is no such order (of this owner).
        StoreUnavailableError: nobody can tell; try again later.
    """
    history = await seek_history(orders, order_id)
    placed = history[0].event
    is_theirs = isinstance(placed, OrderPlaced) and placed.owner == by.name
    if not (is_theirs or by.role is Role.OPERATOR):
        raise OrderNotFoundError
    return history
