"""Shipments as the second version of the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.channel import Channel
from domain.message import Language
from domain.order.events import Wording, WordingReason
from domain.order.notification import Notification
from domain.order.order import Order
from entrypoints.http.transport.altinn_vocabulary import (
    KINDS,
    KindWord,
    OrderStatusSecond,
    ResultSecond,
    order_status_second,
    result_of,
    second_version,
)
from entrypoints.http.transport.responses import Moment, utc


class WordingAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which of the sender's texts went there, and why."""

    language: Language | None = None
    """Left out for the first text where the sender has not said in which language that is."""
    because: WordingReason


class ShipmentRecipientAnswer(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """One notification: where it went, and how far it has come."""

    type: Literal["Email", "SMS"]
    destination: str
    """Empty for somebody who could not be reached."""
    status: ResultSecond
    last_update: Moment
    wording: WordingAnswer | None = None
    """Left out where the sender gave one text alone."""


class ShipmentAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The delivery manifest of an order."""

    shipment_id: UUID
    senders_reference: str | None = None
    type: KindWord
    status: OrderStatusSecond
    last_update: Moment
    waits_until: Moment | None = None
    """When its text messages may leave that wait for the day, where any do."""
    recipients: Sequence[ShipmentRecipientAnswer]


def shipment(order: Order, waits_until: datetime | None = None) -> ShipmentAnswer:
    """The delivery manifest of an order, e-mails before text messages."""
    return ShipmentAnswer(
        shipment_id=order.order_id,
        senders_reference=order.placed.senders_reference,
        type=KINDS[order.placed.kind],
        status=order_status_second(order.status),
        last_update=utc(order.changed_at),
        waits_until=None if waits_until is None else utc(waits_until),
        recipients=[
            _recipient(each)
            for channel in (Channel.EMAIL, Channel.SMS)
            for each in order.notifications
            if each.channel is channel
        ],
    )


def wording_told(wording: Wording) -> WordingAnswer:
    """Which of a sender's texts goes somewhere, and why."""
    return WordingAnswer(language=wording.language, because=wording.because)


def _recipient(notification: Notification) -> ShipmentRecipientAnswer:
    channel, wording = notification.channel, notification.wording
    return ShipmentRecipientAnswer(
        type="Email" if channel is Channel.EMAIL else "SMS",
        destination="" if notification.address is None else notification.address.text,
        status=second_version(channel, result_of(channel, notification.delivery)),
        last_update=utc(notification.changed_at),
        wording=None if wording is None else wording_told(wording),
    )
