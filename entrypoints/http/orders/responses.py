"""Orders as the first version of the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Struct, field

from domain.channel import Channel
from domain.message import EmailMessage, Language, SmsMessage
from domain.order.notification import Reserved
from domain.order.order import Order
from domain.recipient import Direct, ExternalIdentity, Identity, Organisation, Person
from entrypoints.http.orders.notifications import on_channel, succeeded, text_of
from entrypoints.http.transport.altinn_vocabulary import (
    CHANNELS,
    ORDER_WORDS,
    ChannelWord,
    OrderStatusFirst,
    order_status_first,
)
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.responses import Moment, utc
from entrypoints.http.validation.rules import CONTENT_TYPES
from entrypoints.http.validation.wire_struct import one_of


class RecipientAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A recipient as the sender named them; addresses that were looked up are not shown."""

    email_address: str | None = None
    mobile_number: str | None = None
    organization_number: str | None = None
    national_identity_number: str | None = None
    external_identity: str | None = None
    is_reserved: bool | None = None


class EmailTextAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the order's e-mails say in one language."""

    subject: str
    body: str


class SmsTextAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the order's text messages say in one language."""

    body: str


class EmailTemplateAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the order's e-mails say."""

    from_address: str
    subject: str
    body: str
    content_type: Annotated[str, one_of(CONTENT_TYPES)]
    language: Language | None = None
    """In which language that is, where the sender said so."""
    languages: Mapping[Language, EmailTextAnswer] | None = None
    """The same in other languages, where the sender gave it."""


class SmsTemplateAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the order's text messages say."""

    sender_number: str
    body: str
    language: Language | None = None
    """In which language that is, where the sender said so."""
    languages: Mapping[Language, SmsTextAnswer] | None = None
    """The same in other languages, where the sender gave it."""


class OrderLinks(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where more is to be read."""

    own: str = field(name="self")
    status: str


class ListLinks(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the notifications of one channel are listed."""

    own: str = field(name="self")


class OrderAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An order as it was placed, defaults filled in."""

    id: UUID
    senders_reference: str | None = None
    requested_send_time: Moment
    creator: str
    created: Moment
    notification_channel: ChannelWord
    ignore_reservation: bool | None = None
    resource_id: str | None = None
    resource_action: str | None = None
    condition_endpoint: str | None = None
    recipients: Sequence[RecipientAnswer]
    email_template: EmailTemplateAnswer | None = None
    sms_template: SmsTemplateAnswer | None = None
    links: OrderLinks


class OrdersAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The orders under a reference."""

    count: int
    orders: Sequence[OrderAnswer]


class ProcessingStatusAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far an order has come."""

    status: OrderStatusFirst
    description: str
    last_update: Moment


class ChannelSummaryAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many notifications of one channel there are, and how many got through."""

    links: ListLinks
    generated: int
    succeeded: int


class SummaryAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The notifications of an order, counted by channel."""

    email: ChannelSummaryAnswer | None = None
    sms: ChannelSummaryAnswer | None = None


class OrderStatusAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An order, how far it has come, and its notifications counted."""

    id: UUID
    senders_reference: str | None = None
    requested_send_time: Moment
    creator: str
    created: Moment
    notification_channel: ChannelWord
    ignore_reservation: bool | None = None
    resource_id: str | None = None
    resource_action: str | None = None
    condition_endpoint: str | None = None
    processing_status: ProcessingStatusAnswer
    waits_until: Moment | None = None
    """When its text messages may leave that wait for the day, where any do."""
    notifications_status_summary: SummaryAnswer | None = None


def order_as_placed(order: Order, links: Links) -> OrderAnswer:
    """An order as it was placed."""
    placed = order.placed
    return OrderAnswer(
        id=order.order_id,
        senders_reference=placed.senders_reference,
        requested_send_time=utc(placed.requested_send_time),
        creator=placed.owner,
        created=utc(order.placed_at),
        notification_channel=CHANNELS[placed.channel],
        ignore_reservation=placed.ignore_reservation,
        resource_id=placed.resource,
        resource_action=placed.resource_action,
        condition_endpoint=None if placed.condition is None else placed.condition.text,
        recipients=_recipients(order),
        email_template=None if placed.email is None else _email(placed.email),
        sms_template=None if placed.sms is None else _sms(placed.sms),
        links=OrderLinks(own=links.order(order.order_id), status=links.status(order.order_id)),
    )


def _email(email: EmailMessage) -> EmailTemplateAnswer:
    return EmailTemplateAnswer(
        from_address=email.sender,
        subject=email.subject.text,
        body=email.body.text,
        content_type=email.content_type.capitalize(),
        language=email.first_language,
        languages={
            each.language: EmailTextAnswer(subject=each.subject.text, body=each.body.text)
            for each in email.translations
        }
        or None,
    )


def _sms(sms: SmsMessage) -> SmsTemplateAnswer:
    return SmsTemplateAnswer(
        sender_number=sms.sender,
        body=sms.body.text,
        language=sms.first_language,
        languages={each.language: SmsTextAnswer(body=each.body.text) for each in sms.translations}
        or None,
    )


def orders_found(orders: Sequence[Order], links: Links) -> OrdersAnswer:
    """The orders under a reference."""
    return OrdersAnswer(
        count=len(orders), orders=[order_as_placed(order, links) for order in orders]
    )


def order_with_status(
    order: Order, links: Links, waits_until: datetime | None = None
) -> OrderStatusAnswer:
    """How far an order has come."""
    placed = order.placed
    return OrderStatusAnswer(
        id=order.order_id,
        senders_reference=placed.senders_reference,
        requested_send_time=utc(placed.requested_send_time),
        creator=placed.owner,
        created=utc(order.placed_at),
        notification_channel=CHANNELS[placed.channel],
        ignore_reservation=placed.ignore_reservation,
        resource_id=placed.resource,
        resource_action=placed.resource_action,
        condition_endpoint=None if placed.condition is None else placed.condition.text,
        processing_status=ProcessingStatusAnswer(
            status=order_status_first(order.status),
            description=ORDER_WORDS[order.status],
            last_update=utc(order.changed_at),
        ),
        waits_until=None if waits_until is None else utc(waits_until),
        notifications_status_summary=_summary(order, links),
    )


def _summary(order: Order, links: Links) -> SummaryAnswer | None:
    if not order.notifications:
        return None
    return SummaryAnswer(
        email=_counted(order, Channel.EMAIL, links), sms=_counted(order, Channel.SMS, links)
    )


def _counted(order: Order, channel: Channel, links: Links) -> ChannelSummaryAnswer | None:
    notifications = on_channel(order, channel)
    if not notifications:
        return None
    return ChannelSummaryAnswer(
        links=ListLinks(own=links.notifications(order.order_id, channel)),
        generated=len(notifications),
        succeeded=succeeded(notifications),
    )


def _recipients(order: Order) -> Sequence[RecipientAnswer]:
    reserved = {
        each.recipient_no for each in order.notifications if isinstance(each.delivery, Reserved)
    }
    return [
        _recipient(each.identity, is_reserved=True if each.recipient_no in reserved else None)
        for each in order.placed.recipients
    ]


def _recipient(identity: Identity, *, is_reserved: bool | None) -> RecipientAnswer:
    match identity:
        case Person(number=number):
            return RecipientAnswer(national_identity_number=number.text, is_reserved=is_reserved)
        case Organisation(number=organisation):
            return RecipientAnswer(organization_number=organisation)
        case ExternalIdentity(urn=urn):
            return RecipientAnswer(external_identity=urn.text)
        case Direct(email=email, mobile=mobile):
            return RecipientAnswer(email_address=text_of(email), mobile_number=text_of(mobile))
