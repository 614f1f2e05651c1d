"""An order's history as its owner reads it, and the order as it stood at a moment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from application.envelope import Actor
from application.queries.history_line import HistoryLine
from domain.order.events import OrderId
from domain.order.order import Order
from entrypoints.http.orders.responses import OrderAnswer, order_as_placed
from entrypoints.http.shipments.responses import ShipmentAnswer, shipment
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.responses import Moment, utc


class ActorAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """By whom something was recorded."""

    role: str
    name: str
    organization_number: str | None = None
    supplier_organization_number: str | None = None
    client_id: str | None = None
    token_id: str | None = None


class HistoryLineAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One event of the history; addresses and numbers masked in its words."""

    version: int
    recorded_at: Moment
    recorded_by: ActorAnswer
    event: str
    words: str


class HistoryAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that was recorded of an order, oldest first."""

    order_id: UUID
    count: int
    history: Sequence[HistoryLineAnswer]


class AsAtAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as it stood at a moment, from what had been recorded by then."""

    as_at: Moment
    version: int
    order: OrderAnswer
    shipment: ShipmentAnswer


def history(order_id: OrderId, lines: Sequence[HistoryLine]) -> HistoryAnswer:
    """The history of an order."""
    return HistoryAnswer(
        order_id=order_id,
        count=len(lines),
        history=[
            HistoryLineAnswer(
                version=each.version,
                recorded_at=utc(each.recorded_at),
                recorded_by=_actor(each.recorded_by),
                event=each.event,
                words=each.words,
            )
            for each in lines
        ],
    )


def as_at(moment: datetime, order: Order, links: Links) -> AsAtAnswer:
    """The order as it stood at a moment."""
    return AsAtAnswer(
        as_at=utc(moment),
        version=order.version,
        order=order_as_placed(order, links),
        shipment=shipment(order),
    )


def _actor(actor: Actor) -> ActorAnswer:
    return ActorAnswer(
        role=actor.role,
        name=actor.name,
        organization_number=actor.organisation,
        supplier_organization_number=actor.supplier,
        client_id=actor.client,
        token_id=actor.token,
    )
