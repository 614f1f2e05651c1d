"""Shipments, as the second version of the API calls orders that are on their way."""

from typing import Any, Final

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.assembly import Application
from application.caller import Caller
from application.seeking import OrderNotFoundError
from entrypoints.http.shipments.responses import ShipmentAnswer, shipment
from entrypoints.http.transport.contract import ORDER_ID, Reply, Route
from entrypoints.http.transport.errors import NoSuchPathError
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import AltinnProblem, PlainProblem
from entrypoints.http.transport.problems import respond_no_shipment
from entrypoints.http.transport.responses import Answer, told
from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.validation.parameters import read_order_id

ROUTES: Final = (
    Route(
        name="readShipment",
        method="GET",
        path=f"{BASE}/future/shipment/{{id}}",
        tag="Shipments",
        summary="The delivery manifest of an order",
        words="Every notification with its destination and status, e-mails before text messages.",
        parameters=[ORDER_ID],
        replies={
            200: Reply(
                words="The manifest.",
                kind=ShipmentAnswer,
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
    ),
)


class ShipmentsController(Controller):
    """Lets owners follow their shipments."""

    path = f"{BASE}/future/shipment"
    exception_handlers = {OrderNotFoundError: respond_no_shipment}  # noqa: RUF012  # as Litestar asks for it

    @get("/{order_id:str}")
    async def manifest(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
    ) -> Answer:
        """The delivery manifest of an order; what is no GUID is no path here."""
        try:
            its_id = read_order_id(order_id)
        except InvalidRequestError:
            raise NoSuchPathError from None
        order = await application.orders.order(its_id, request.user.owner)
        return told(shipment(order, application.orders.waits_until(order)))
