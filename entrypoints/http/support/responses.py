"""What was sent to somebody, as support sees it."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from msgspec import Struct

from application.queries.support import Sent
from domain.channel import Channel
from domain.order.notification import Notification
from domain.recipient import Organisation, Person
from entrypoints.http.orders.notifications import text_of
from entrypoints.http.transport.altinn_vocabulary import CHANNELS, KINDS, result_of
from entrypoints.http.transport.responses import Moment, utc


class DeliveryAttemptAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One notification to whom was asked about, and what became of it."""

    national_identity_number: str | None = None
    organization_number: str | None = None
    channel: Literal["email", "sms"]
    email_address: str | None = None
    mobile_number: str | None = None
    result: str
    result_time: Moment


class SentAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An order that was also for whom was asked about."""

    shipment_id: UUID
    creator_name: str
    resource_id: str | None = None
    senders_reference: str | None = None
    requested_send_time: Moment
    notification_channel: str
    notification_type: str
    delivery_attempts: Sequence[DeliveryAttemptAnswer]


def sent_to(recipient: Person | Organisation, sent: Sent) -> SentAnswer:
    """An order, with the notifications that were for the recipient."""
    placed = sent.order.placed
    return SentAnswer(
        shipment_id=sent.order.order_id,
        creator_name=placed.owner,
        resource_id=placed.resource,
        senders_reference=placed.senders_reference,
        requested_send_time=utc(placed.requested_send_time),
        notification_channel=CHANNELS[placed.channel],
        notification_type=KINDS[placed.kind],
        delivery_attempts=[_attempt(recipient, each) for each in sent.notifications],
    )


def _attempt(recipient: Person | Organisation, notification: Notification) -> DeliveryAttemptAnswer:
    is_email = notification.channel is Channel.EMAIL
    address = text_of(notification.address)
    return DeliveryAttemptAnswer(
        national_identity_number=recipient.number.text if isinstance(recipient, Person) else None,
        organization_number=recipient.number if isinstance(recipient, Organisation) else None,
        channel="email" if is_email else "sms",
        email_address=address if is_email else None,
        mobile_number=None if is_email else address,
        result=result_of(notification.channel, notification.delivery),
        result_time=utc(notification.changed_at),
    )
