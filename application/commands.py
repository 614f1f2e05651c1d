"""What an owner may ask for: to place orders, and to withdraw them."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from application.recorded import Actor
from domain.channel import ChannelChoice
from domain.message import EmailMessage, SmsMessage
from domain.order.events import ChainId, DeliveryPolicy, Dialogue, OrderId, OrderKind
from domain.recipient import Identity


class NewOrder(Struct, frozen=True, kw_only=True):
    """One order as a sender asks for it; a reminder is one, too."""

    requested_send_time: datetime | None = None
    """In UTC; None means at once."""
    delay_days: int | None = None
    """For a reminder: so many times 24 hours after the main order, in place of a time of its own."""
    channel: ChannelChoice
    recipients: tuple[Identity, ...]
    email: EmailMessage | None = None
    sms: SmsMessage | None = None
    senders_reference: str | None = None
    condition: str | None = None
    ignore_reservation: bool | None = None
    use_stale_contact_information: bool = False
    resource: str | None = None
    resource_action: str | None = None
    delivery_policy: DeliveryPolicy | None = None
    """What is wanted where an outcome stays unknown; None for what is usual on each channel."""
    time_to_live: int | None = None
    """For an instant text message: after so many seconds it is worth nothing any more."""


class PlaceOrder(Struct, frozen=True, kw_only=True):
    """Ask for one order of one or more recipients; asked twice, it is two orders."""

    order: NewOrder
    by: Actor


class PlaceChain(Struct, frozen=True, kw_only=True):
    """Ask for an order and its reminders under an idempotency key; asked twice, it is one chain."""

    idempotency_key: str
    kind: OrderKind = OrderKind.NOTIFICATION
    """An ordinary order, or an e-mail composed in full; each has keys of its own."""
    order: NewOrder
    reminders: tuple[NewOrder, ...] = ()
    dialogue: Dialogue | None = None
    by: Actor


class PlaceInstant(Struct, frozen=True, kw_only=True):
    """Ask for one message to be handed over while the sender waits; asked twice, it is one order."""

    idempotency_key: str
    order: NewOrder
    by: Actor


class CancelOrder(Struct, frozen=True, kw_only=True):
    """Ask for an order to be withdrawn."""

    order_id: OrderId
    by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Which recipients could not be reached when the order was placed; only those looked up count."""

    looked_up: int
    reserved: tuple[str, ...]
    """National numbers of those who declined, whether or not the order overrides that."""
    missing: tuple[str, ...]
    """National and organisation numbers (and URNs) of those without a contact point, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceipt:
    """What a sender is told of an order that was placed."""

    order_id: OrderId
    look_up: LookUp | None
    """None if every recipient came with an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentReceipt:
    """One order of a chain, as its sender is told of it."""

    order_id: OrderId
    senders_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReceipt:
    """What a sender is told of a chain that was placed, now or before."""

    chain_id: ChainId
    order: ShipmentReceipt
    reminders: tuple[ShipmentReceipt, ...]
    is_repeat: bool
    is_same_request: bool
    """False for a repeat that asks for something else; the first request stands."""


class OrderNotFoundError(Exception):
    """There is no such order, or it is another owner's."""


class MissingContactError(Exception):
    """A recipient of the order, or of a reminder, has no contact point that could be used."""


class HandOverFailedError(Exception):
    """The provider certainly did not take an instant message; ask again, under the same key."""
