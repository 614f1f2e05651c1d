"""What a sender is told of orders that were placed."""

from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from application.ordering.commands import ChainReceipt, LookUp, OrderReceipt, ShipmentReceipt

LookUpStatus: TypeAlias = Literal["Success", "PartialSuccess", "Failed"]


class LookUpAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom of those without an address a contact point was found for when the order was placed."""

    status: LookUpStatus
    is_reserved: tuple[str, ...]
    missing_contact: tuple[str, ...]


class OrderPlacedAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The receipt for an order of the first version."""

    order_id: UUID
    recipient_lookup: LookUpAnswer | None = None


class ShipmentPlacedAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The receipt for a reminder."""

    shipment_id: UUID
    senders_reference: str | None = None


class NotificationPlacedAnswer(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """The receipt for the main order of a chain, and for its reminders in their order."""

    shipment_id: UUID
    senders_reference: str | None = None
    reminders: tuple[ShipmentPlacedAnswer, ...] = ()


class ChainPlacedAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The receipt for an order and its reminders."""

    notification_order_id: UUID
    notification: NotificationPlacedAnswer


def order_placed(receipt: OrderReceipt) -> OrderPlacedAnswer:
    """The receipt of the first version."""
    look_up = receipt.look_up
    return OrderPlacedAnswer(
        order_id=receipt.order_id,
        recipient_lookup=None if look_up is None else _looked_up(look_up),
    )


def _looked_up(look_up: LookUp) -> LookUpAnswer:
    unreachable = len(look_up.reserved) + len(look_up.missing)
    status: LookUpStatus
    if unreachable == 0:
        status = "Success"
    elif unreachable < look_up.looked_up:
        status = "PartialSuccess"
    else:
        status = "Failed"
    return LookUpAnswer(
        status=status, is_reserved=look_up.reserved, missing_contact=look_up.missing
    )


def chain_placed(receipt: ChainReceipt) -> ChainPlacedAnswer:
    """The receipt of the second version; the same for a repeat."""
    return ChainPlacedAnswer(
        notification_order_id=receipt.chain_id,
        notification=NotificationPlacedAnswer(
            shipment_id=receipt.order.order_id,
            senders_reference=receipt.order.senders_reference,
            reminders=tuple(_reminder(each) for each in receipt.reminders),
        ),
    )


def _reminder(receipt: ShipmentReceipt) -> ShipmentPlacedAnswer:
    return ShipmentPlacedAnswer(
        shipment_id=receipt.order_id, senders_reference=receipt.senders_reference
    )
