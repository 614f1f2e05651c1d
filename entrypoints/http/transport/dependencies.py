"""What handlers are given of a request: who calls, which order they mean, and what they say."""

from typing import Any, TypeAlias

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from application.assembly import Application
from application.caller import Caller, EndUser
from domain.order.events import OrderId
from domain.order.order import Order
from entrypoints.http.transport.bodies import BodyLimits, read_body
from entrypoints.http.validation.parameters import read_order_id

OwnOrder: TypeAlias = NamedDependency[SkipValidation[Order]]
"""The order that the path names, if it is the caller's own."""


def caller(request: Request[Caller, Any, Any]) -> Caller:
    """Whoever was let in."""
    return request.user


def person(request: Request[EndUser, Any, Any]) -> EndUser:
    """Whoever logged in and was let in."""
    return request.user


def its_id(request: Request[Any, Any, Any]) -> OrderId:
    """The id of the order that the path names."""
    return read_order_id(request.path_params["order_id"])


async def order(
    request: Request[Caller, Any, Any], application: NamedDependency[Application]
) -> Order:
    """Read it.

    Raises:
        OrderNotFoundError: there is no such order, or it is another's.
    """
    return await application.orders.order(its_id(request), request.user.owner)


def of_requests(limits: BodyLimits) -> dict[str, Provide]:
    """All of it, by the names under which handlers ask for it."""

    async def content(request: Request[Any, Any, Any]) -> bytes:
        most_bytes = request.route_handler.opt["most_bytes"]
        within = limits if most_bytes is None else limits.within(most_bytes)
        return await read_body(request.scope, request.receive, within)

    return {
        "caller": Provide(caller, sync_to_thread=False),
        "person": Provide(person, sync_to_thread=False),
        "its_id": Provide(its_id, sync_to_thread=False),
        "order": Provide(order),
        "content": Provide(content),
    }
