"""Notifications as the first version of the API lists them."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from domain.channel import Channel
from domain.order.notification import Notification
from domain.order.order import Order
from domain.personal import Contact
from domain.recipient import Organisation, Person
from entrypoints.http.transport.altinn_vocabulary import (
    RESULT_WORDS,
    ResultFirst,
    first_version,
    has_succeeded,
    result_of,
)
from entrypoints.http.transport.responses import Moment, utc


class NotificationRecipientAnswer(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """Where a notification went, and whom it is for."""

    email_address: str | None = None
    mobile_number: str | None = None
    organization_number: str | None = None
    national_identity_number: str | None = None


class SendStatusAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a notification has come."""

    status: ResultFirst
    description: str
    last_update: Moment


class NotificationAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One notification and its result."""

    id: UUID
    succeeded: bool
    recipient: NotificationRecipientAnswer
    send_status: SendStatusAnswer


class NotificationsAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The notifications of one channel of an order."""

    order_id: UUID
    senders_reference: str | None = None
    generated: int
    succeeded: int
    notifications: Sequence[NotificationAnswer]


def notifications_of(order: Order, channel: Channel) -> NotificationsAnswer:
    """The notifications of one channel, each with its result."""
    notifications = on_channel(order, channel)
    return NotificationsAnswer(
        order_id=order.order_id,
        senders_reference=order.placed.senders_reference,
        generated=len(notifications),
        succeeded=succeeded(notifications),
        notifications=[_notification(order, each) for each in notifications],
    )


def on_channel(order: Order, channel: Channel) -> Sequence[Notification]:
    """An order's notifications on a channel."""
    return [each for each in order.notifications if each.channel is channel]


def succeeded(notifications: Sequence[Notification]) -> int:
    """How many the provider has accepted, or reported as delivered."""
    return sum(has_succeeded(each.delivery) for each in notifications)


def _notification(order: Order, notification: Notification) -> NotificationAnswer:
    result = result_of(notification.channel, notification.delivery)
    identity = order.recipient(notification.recipient_no).identity
    is_email = notification.channel is Channel.EMAIL
    address = text_of(notification.address)
    return NotificationAnswer(
        id=order.notification_id(notification.notification_no),
        succeeded=has_succeeded(notification.delivery),
        recipient=NotificationRecipientAnswer(
            email_address=address if is_email else None,
            mobile_number=None if is_email else address,
            organization_number=identity.number if isinstance(identity, Organisation) else None,
            national_identity_number=identity.number.text if isinstance(identity, Person) else None,
        ),
        send_status=SendStatusAnswer(
            status=first_version(result),
            description=RESULT_WORDS[result],
            last_update=utc(notification.changed_at),
        ),
    )


def text_of(address: Contact | None) -> str | None:
    """An address in words, if there is one."""
    return None if address is None else address.text
