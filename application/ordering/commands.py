"""What an owner may ask for: to place orders, and to withdraw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct

from application.envelope import Actor
from application.ports.owner_ledger import Amount, QuotaLimit
from domain.order.events import ChainId, Considered, Dialogue, OrderId, OrderKind
from domain.order.placing import NewOrder as NewOrder  # noqa: PLC0414  # said here, too
from domain.recipient import RecipientNo


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
    attachments_open_until: tuple[datetime, ...] = ()
    """Until when the address of each attachment opens it, as the address says."""
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
class Standing:
    """How an owner stands against its ceiling."""

    ceiling: QuotaLimit
    used: Amount
    resets_in: timedelta
    """After so long a new day begins (UTC)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Which recipients could not be reached when the order was placed; only those looked up count."""

    looked_up: int
    reserved: tuple[str, ...]
    """National numbers of those who declined, whether or not the order overrides that."""
    missing: tuple[str, ...]
    """National and organisation numbers (and URNs) of those without a contact point, in order."""


class OrderReceipt(Struct, frozen=True, kw_only=True):
    """What a sender is told of an order that was placed."""

    order_id: OrderId
    look_up: LookUp | None
    """None if every recipient came with an address."""
    standing: Standing | None = None
    """None where the owner has no ceiling."""


class ShipmentReceipt(Struct, frozen=True, kw_only=True):
    """One order of a chain, as its sender is told of it."""

    order_id: OrderId
    senders_reference: str | None


class ChainReceipt(Struct, frozen=True, kw_only=True):
    """What a sender is told of a chain that was placed, now or before."""

    chain_id: ChainId
    order: ShipmentReceipt
    reminders: tuple[ShipmentReceipt, ...]
    is_repeat: bool
    is_same_request: bool
    """False for a repeat that asks for something else; the first request stands."""
    standing: Standing | None = None
    """None where the owner has no ceiling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingContact:
    """A recipient of a chain who cannot be reached, and why."""

    reminder: int | None
    """Which reminder it is for, from 0; None for the order itself."""
    recipient_no: RecipientNo
    considered: tuple[Considered, ...]
    """Each source that was not used."""


class MissingContactError(Exception):
    """A recipient of the order, or of a reminder, has no contact point that could be used."""

    def __init__(self, recipients: Sequence[MissingContact] = ()) -> None:
        super().__init__("a recipient has no contact point that could be used")
        self.recipients = tuple(recipients)


class HandoverFailedError(Exception):
    """The provider certainly did not take an instant message; ask again, under the same key."""
