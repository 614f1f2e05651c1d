"""Orders in the first version of the API: read, followed and cancelled."""

from typing import Any, Final

from litestar import Controller, Request, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.assembly import Application
from application.caller import Caller
from application.ordering.commands import CancelOrder
from application.seeking import OrderNotFoundError
from domain.channel import Channel
from domain.order.order import Order
from entrypoints.http.orders.notifications import NotificationsAnswer, notifications_of
from entrypoints.http.orders.responses import (
    OrderAnswer,
    OrderStatusAnswer,
    order_as_placed,
    order_with_status,
)
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import ORDER_ID, Reply, Route
from entrypoints.http.transport.links import BASE, Links
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.problems import respond_nothing_found
from entrypoints.http.transport.responses import Answer, told
from entrypoints.http.validation.parameters import read_order_id

_NO_GUID: Final = Reply(words="The id is no GUID.", kind=ValidationProblem)
_NOTHING: Final = Reply(words="There is no such order of this owner.")

ROUTES: Final = (
    Route(
        name="readOrder",
        method="GET",
        path=f"{BASE}/orders/{{id}}",
        tag="Orders",
        summary="An order as it was placed",
        words="With the defaults filled in, and without the addresses that were looked up.",
        parameters=[ORDER_ID],
        replies={
            200: Reply(words="The order.", kind=OrderAnswer),
            400: _NO_GUID,
            404: _NOTHING,
        },
    ),
    Route(
        name="readOrderStatus",
        method="GET",
        path=f"{BASE}/orders/{{id}}/status",
        tag="Orders",
        summary="How far an order has come",
        words=(
            "`succeeded` counts what the provider has accepted or reported as delivered, "
            "for both channels."
        ),
        parameters=[ORDER_ID],
        replies={
            200: Reply(words="The status.", kind=OrderStatusAnswer),
            400: _NO_GUID,
            404: _NOTHING,
        },
    ),
    Route(
        name="readEmails",
        method="GET",
        path=f"{BASE}/orders/{{id}}/notifications/email",
        tag="Orders",
        summary="An order's e-mails, each with its result",
        parameters=[ORDER_ID],
        replies={
            200: Reply(words="The e-mails.", kind=NotificationsAnswer),
            400: _NO_GUID,
            404: _NOTHING,
        },
    ),
    Route(
        name="readTextMessages",
        method="GET",
        path=f"{BASE}/orders/{{id}}/notifications/sms",
        tag="Orders",
        summary="An order's text messages, each with its result",
        parameters=[ORDER_ID],
        replies={
            200: Reply(words="The text messages.", kind=NotificationsAnswer),
            400: _NO_GUID,
            404: _NOTHING,
        },
    ),
    Route(
        name="cancelOrder",
        method="PUT",
        path=f"{BASE}/orders/{{id}}/cancel",
        tag="Orders",
        summary="Cancel an order",
        words=(
            "To cancel an order twice is to cancel it once. Its reminders are withdrawn with it. The id "
            "of a chain (`notificationOrderId`) withdraws whatever of the chain has not begun."
        ),
        parameters=[ORDER_ID],
        replies={
            200: Reply(words="The order is cancelled.", kind=OrderStatusAnswer),
            400: _NO_GUID,
            404: Reply(words="There is no such order of this owner.", kind=PlainProblem),
            409: Reply(words="It begins in five minutes or less, or has begun.", kind=PlainProblem),
        },
    ),
)


class OrdersController(Controller):
    """Lets owners read their orders; one that is not there, or another's, is an empty 404."""

    path = f"{BASE}/orders/{{order_id:str}}"
    exception_handlers = {OrderNotFoundError: respond_nothing_found}  # noqa: RUF012  # as Litestar asks for it

    @get()
    async def order(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
        links: NamedDependency[Links],
    ) -> Answer:
        """An order as it was placed."""
        return told(order_as_placed(await _order(order_id, request, application), links))

    @get("/status")
    async def status(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
        links: NamedDependency[Links],
    ) -> Answer:
        """How far an order has come."""
        order = await _order(order_id, request, application)
        return told(order_with_status(order, links, application.orders.waits_until(order)))

    @get("/notifications/email")
    async def emails(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
    ) -> Answer:
        """An order's e-mails, each with its result."""
        return told(notifications_of(await _order(order_id, request, application), Channel.EMAIL))

    @get("/notifications/sms")
    async def text_messages(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
    ) -> Answer:
        """An order's text messages, each with its result."""
        return told(notifications_of(await _order(order_id, request, application), Channel.SMS))


class CancellationController(Controller):
    """Lets owners withdraw their orders."""

    path = f"{BASE}/orders/{{order_id:str}}/cancel"

    @put()
    async def cancel(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
        links: NamedDependency[Links],
    ) -> Answer:
        """Withdraw an order; to withdraw it twice is to withdraw it once."""
        command = CancelOrder(order_id=read_order_id(order_id), by=actor(request.user))
        return told(order_with_status(await application.ordering.cancel(command), links))


async def _order(text: str, request: Request[Caller, Any, Any], application: Application) -> Order:
    return await application.orders.order(read_order_id(text), request.user.owner)
