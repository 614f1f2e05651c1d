"""Orders in the first version of the API: read, followed and cancelled."""

from typing import Final

from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
from application.ordering.commands import CancelOrder
from application.seeking import OrderNotFoundError
from domain.channel import Channel
from domain.order.events import OrderId
from entrypoints.http.orders.notifications import NotificationsAnswer, notifications_of
from entrypoints.http.orders.responses import (
    OrderAnswer,
    OrderStatusAnswer,
    order_as_placed,
    order_with_status,
)
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import ORDER_ID, Refusals, Reply, operation
from entrypoints.http.transport.dependencies import OwnOrder
from entrypoints.http.transport.links import BASE, Links
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.problems import NOTHING_FOUND, refusing

_NO_GUID: Final = Reply(words="The id is no GUID.", kind=ValidationProblem)
_NOTHING: Final = Reply(words="There is no such order of this owner.")
_EMPTY: Final[Refusals] = {OrderNotFoundError: refusing(NOTHING_FOUND)}
"""An order that is not there, or another's, is an empty 404."""


@operation(
    "GET",
    f"{BASE}/orders/{{id}}",
    name="readOrder",
    tag="Orders",
    parameters=[ORDER_ID],
    replies={200: Reply(words="The order."), 400: _NO_GUID, 404: _NOTHING},
    refusals=_EMPTY,
)
async def read_order(order: OwnOrder, links: NamedDependency[Links]) -> OrderAnswer:
    """An order as it was placed.

    With the defaults filled in, and without the addresses that were looked up.
    """
    return order_as_placed(order, links)


@operation(
    "GET",
    f"{BASE}/orders/{{id}}/status",
    name="readOrderStatus",
    tag="Orders",
    parameters=[ORDER_ID],
    replies={200: Reply(words="The status."), 400: _NO_GUID, 404: _NOTHING},
    refusals=_EMPTY,
)
async def read_order_status(
    order: OwnOrder,
    application: NamedDependency[Application],
    links: NamedDependency[Links],
) -> OrderStatusAnswer:
    """How far an order has come.

    `succeeded` counts what the provider has accepted or reported as delivered, for both channels.
    """
    return order_with_status(order, links, application.orders.waits_until(order))


@operation(
    "GET",
    f"{BASE}/orders/{{id}}/notifications/email",
    name="readEmails",
    tag="Orders",
    parameters=[ORDER_ID],
    replies={200: Reply(words="The e-mails."), 400: _NO_GUID, 404: _NOTHING},
    refusals=_EMPTY,
)
async def read_emails(order: OwnOrder) -> NotificationsAnswer:
    """An order's e-mails, each with its result."""
    return notifications_of(order, Channel.EMAIL)


@operation(
    "GET",
    f"{BASE}/orders/{{id}}/notifications/sms",
    name="readTextMessages",
    tag="Orders",
    parameters=[ORDER_ID],
    replies={200: Reply(words="The text messages."), 400: _NO_GUID, 404: _NOTHING},
    refusals=_EMPTY,
)
async def read_text_messages(order: OwnOrder) -> NotificationsAnswer:
    """An order's text messages, each with its result."""
    return notifications_of(order, Channel.SMS)


@operation(
    "PUT",
    f"{BASE}/orders/{{id}}/cancel",
    name="cancelOrder",
    tag="Orders",
    parameters=[ORDER_ID],
    replies={
        200: Reply(words="The order is cancelled."),
        400: _NO_GUID,
        404: Reply(words="There is no such order of this owner.", kind=PlainProblem),
        409: Reply(words="It begins in five minutes or less, or has begun.", kind=PlainProblem),
    },
)
async def cancel_order(
    its_id: NamedDependency[OrderId],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
    links: NamedDependency[Links],
) -> OrderStatusAnswer:
    """Cancel an order.

    To cancel an order twice is to cancel it once. Its reminders are withdrawn with it. The id of a
    chain (`notificationOrderId`) withdraws whatever of the chain has not begun.
    """
    command = CancelOrder(order_id=its_id, by=actor(caller))
    return order_with_status(await application.ordering.cancel(command), links)


ROUTES: Final = (read_order, read_order_status, read_emails, read_text_messages, cancel_order)
