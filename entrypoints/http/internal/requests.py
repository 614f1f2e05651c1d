"""One message that another of the installation's systems hands in, to be handed over now."""

from typing import Final

from application.ordering.commands import NewOrder
from domain.channel import ChannelChoice
from domain.message import ContentType, EmailMessage, SendingTime, SmsMessage
from domain.personal import Contact, Content
from domain.recipient import Direct
from entrypoints.http.placing.instant import LONGEST, InstantRequest
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults, InvalidRequestError
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.parameters import read_order_id
from entrypoints.http.validation.rules import Rules
from entrypoints.http.validation.wire_struct import (
    EmailAddress,
    Enumeration,
    MobileNumber,
    Number,
    SmsSender,
    Subject,
    Text,
    WireStruct,
    Word,
)


class SmsHandedInRequest(WireStruct, frozen=True, kw_only=True):
    """A text message that another of the installation's systems hands in."""

    sender: SmsSender
    message: Text
    recipient: MobileNumber
    notification_id: Word
    time_to_live: Number


class EmailHandedInRequest(WireStruct, frozen=True, kw_only=True):
    """An e-mail that another of the installation's systems hands in."""

    sender: EmailAddress
    recipient: EmailAddress
    subject: Subject
    body: Text
    content_type: Enumeration
    notification_id: Word


_text_messages = BodyReader(SmsHandedInRequest, "request")
_emails = BodyReader(EmailHandedInRequest, "request")

_SHORTEST: Final = 1


def read_sms_handed_in(body: bytes, rules: Rules) -> InstantRequest:
    """Read a text message that was handed in.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _text_messages.read(body, faults)
    key = _notification_id(asked.notification_id, faults)
    number = check.mobile_number(asked.recipient, faults, "Recipient")
    seconds = check.whole_number(asked.time_to_live, faults, json_path="$.timeToLive")
    if seconds is not None and not _SHORTEST <= seconds <= LONGEST:
        faults.broken("TimeToLive", f"give between {_SHORTEST} and {LONGEST} seconds")
    if check.is_blank(asked.sender):
        faults.broken("Sender", "the sender must not be empty")
    sms = SmsMessage(
        sender=check.sms_sender(asked.sender, rules.sms_sender, faults, "Sender"),
        body=Content(check.sms_body(asked.message, rules, faults, "Message")),
        sending_time=SendingTime.ANYTIME,
    )
    faults.raise_any()
    return InstantRequest(
        idempotency_key=key,
        order=NewOrder(
            channel=ChannelChoice.SMS,
            recipients=(Direct(mobile=Contact(number)),),
            sms=sms,
            time_to_live=seconds,
        ),
    )


def read_email_handed_in(body: bytes, rules: Rules) -> InstantRequest:  # noqa: ARG001  # as its kind
    """Read an e-mail that was handed in.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _emails.read(body, faults)
    key = _notification_id(asked.notification_id, faults)
    address = check.email_address(asked.recipient, faults, "Recipient")
    content_type = check.enumeration(
        asked.content_type,
        check.CONTENT_TYPES,
        faults,
        json_path="$.contentType",
        property_path="ContentType",
    )
    email = EmailMessage(
        sender=check.email_address(asked.sender, faults, "Sender"),
        subject=Content(check.subject(asked.subject, faults, "Subject")),
        body=Content(check.body(asked.body, faults, "Body")),
        content_type=content_type or ContentType.PLAIN,
    )
    faults.raise_any()
    return InstantRequest(
        idempotency_key=key,
        order=NewOrder(
            channel=ChannelChoice.EMAIL, recipients=(Direct(email=Contact(address)),), email=email
        ),
    )


def _notification_id(text: str, faults: Faults) -> str:
    """The id under which the message was handed in; written in whatever way, it is one key."""
    try:
        return str(read_order_id(text))
    except InvalidRequestError:
        faults.unreadable("$.notificationId", "the id is no GUID")
        return text
