"""Shipments, as the second version of the API calls orders that are on their way."""

from typing import Final

from litestar.di import NamedDependency

from application.assembly import Application
from application.seeking import OrderNotFoundError
from entrypoints.http.shipments.responses import ShipmentAnswer, shipment
from entrypoints.http.transport.contract import ORDER_ID, Reply, operation
from entrypoints.http.transport.dependencies import OwnOrder
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import AltinnProblem, PlainProblem
from entrypoints.http.transport.problems import NO_SUCH_PATH, SHIPMENT_NOT_FOUND, refusing
from entrypoints.http.validation.errors import InvalidRequestError


@operation(
    "GET",
    f"{BASE}/future/shipment/{{id}}",
    name="readShipment",
    tag="Shipments",
    parameters=[ORDER_ID],
    replies={
        200: Reply(
            words="The manifest.",
            example={
                "shipmentId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
                "sendersReference": "case-77",
                "type": "Notification",
                "status": "Order_Completed",
                "lastUpdate": "2026-09-01T06:05:00.120000Z",
                "recipients": [
                    {
                        "type": "Email",
                        "destination": "kari@example.org",
                        "status": "Email_Delivered",
                        "lastUpdate": "2026-09-01T06:04:11Z",
                    }
                ],
            },
        ),
        404: Reply(
            words="There is no such order of this owner (`NOT-00003`), or the id is no GUID.",
            kind=AltinnProblem | PlainProblem,
        ),
    },
    refusals={
        OrderNotFoundError: refusing(SHIPMENT_NOT_FOUND),
        InvalidRequestError: refusing(NO_SUCH_PATH),
    },
)
async def read_shipment(
    order: OwnOrder, application: NamedDependency[Application]
) -> ShipmentAnswer:
    """The delivery manifest of an order.

    Every notification with its destination and status, e-mails before text messages.
    """
    return shipment(order, application.orders.waits_until(order))


ROUTES: Final = (read_shipment,)
