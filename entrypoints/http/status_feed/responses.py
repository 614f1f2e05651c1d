"""The status feed on the wire."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from application.queries.status_feed import Entry, Unreadable
from entrypoints.http.shipments.responses import shipment
from entrypoints.http.transport.altinn_vocabulary import KindWord, OrderStatusSecond
from entrypoints.http.transport.responses import Moment


class FeedRecipientAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One notification: where it went, and how far it had come."""

    destination: str
    """Empty for somebody who could not be reached."""
    status: str
    last_update: Moment


class FeedEntryAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An order as it was at one moment, in the feed of its owner."""

    sequence_number: int
    shipment_id: UUID
    senders_reference: str | None = None
    recipients: Sequence[FeedRecipientAnswer]
    shipment_type: KindWord | None = None
    """Missing, as everything but the order's id, where the status is `history_spoilt`."""
    status: OrderStatusSecond
    last_update: Moment | None = None


HISTORY_SPOILT: Final = "history_spoilt"
"""The status of an order whose history cannot be read: it is not what was recorded."""


def feed_entry(entry: Entry) -> FeedEntryAnswer:
    """An entry of the feed; it says of its order what the delivery manifest said then."""
    if isinstance(entry, Unreadable):
        return FeedEntryAnswer(
            sequence_number=entry.position,
            shipment_id=entry.order_id,
            recipients=(),
            status=HISTORY_SPOILT,
        )
    manifest = shipment(entry.order)
    return FeedEntryAnswer(
        sequence_number=entry.position,
        shipment_id=manifest.shipment_id,
        senders_reference=manifest.senders_reference,
        recipients=[
            FeedRecipientAnswer(
                destination=each.destination, status=each.status, last_update=each.last_update
            )
            for each in manifest.recipients
        ],
        shipment_type=manifest.type,
        status=manifest.status,
        last_update=manifest.last_update,
    )
