"""One message that is handed over while its sender waits, as `/future/orders/instant` takes it."""

from dataclasses import dataclass
from typing import Final

from application.ordering.commands import NewOrder
from domain.channel import ChannelChoice
from domain.message import SendingTime, SmsMessage
from domain.personal import Contact, Content
from domain.recipient import Direct
from entrypoints.http.placing.bodies import (
    InstantEmailOrderRequest,
    InstantOrderRequest,
    InstantRecipientSmsRequest,
    InstantSmsOrderRequest,
)
from entrypoints.http.placing.messages import MessageReader
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.rules import Rules

SHORTEST: Final = 60
LONGEST: Final = 172_800
"""Seconds for which a text message may be worth something; the longest is two days."""

_text_messages = BodyReader(InstantSmsOrderRequest, "request")
_wrapped = BodyReader(InstantOrderRequest, "request")
_emails = BodyReader(InstantEmailOrderRequest, "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantRequest:
    """What a client asks for: one message, and the key under which it is asked for."""

    idempotency_key: str
    order: NewOrder


def read_instant_sms(body: bytes, rules: Rules) -> InstantRequest:
    """Read an instant text message.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _text_messages.read(body, faults)
    return _text_message(
        asked, asked.recipient_sms, rules, faults, json_path="$.recipientSms", path="RecipientSms"
    )


def read_instant(body: bytes, rules: Rules) -> InstantRequest:
    """Read an instant text message as it was asked for at first: one level deeper.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _wrapped.read(body, faults)
    return _text_message(
        asked,
        asked.recipient.recipient_sms,
        rules,
        faults,
        json_path="$.recipient.recipientSms",
        path="InstantNotificationRecipient.ShortMessageDeliveryDetails",
    )


def read_instant_email(body: bytes, rules: Rules) -> InstantRequest:
    """Read an instant e-mail; line breaks in its subject become spaces, as in every subject.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _emails.read(body, faults)
    check.key(asked.idempotency_id, faults)
    path = "InstantEmailDetails"
    recipient = asked.recipient_email
    address = check.email_address(recipient.email_address, faults, f"{path}.EmailAddress")
    email = MessageReader(rules, faults).email(
        recipient.email_settings, "$.recipientEmail.emailSettings", f"{path}.EmailSettings"
    )
    faults.raise_any()
    return InstantRequest(
        idempotency_key=asked.idempotency_id,
        order=NewOrder(
            channel=ChannelChoice.EMAIL,
            recipients=(Direct(email=Contact(address)),),
            email=email,
            senders_reference=asked.senders_reference,
        ),
    )


def _text_message(
    asked: InstantSmsOrderRequest | InstantOrderRequest,
    recipient: InstantRecipientSmsRequest,
    rules: Rules,
    faults: Faults,
    *,
    json_path: str,
    path: str,
) -> InstantRequest:
    check.key(asked.idempotency_id, faults)
    number = check.mobile_number(recipient.phone_number, faults, f"{path}.PhoneNumber")
    time_to_live = check.whole_number(
        recipient.time_to_live_in_seconds, faults, json_path=f"{json_path}.timeToLiveInSeconds"
    )
    if time_to_live is not None and not SHORTEST <= time_to_live <= LONGEST:
        faults.broken(
            f"{path}.TimeToLiveInSeconds", f"give between {SHORTEST} and {LONGEST} seconds"
        )
    settings, where = recipient.sms_settings, f"{path}.ShortMessageContent"
    sms = SmsMessage(
        sender=check.sms_sender(settings.sender, rules.sms_sender, faults, f"{where}.Sender"),
        body=Content(check.sms_body(settings.body, rules, faults, f"{where}.Body")),
        sending_time=SendingTime.ANYTIME,
    )
    faults.raise_any()
    return InstantRequest(
        idempotency_key=asked.idempotency_id,
        order=NewOrder(
            channel=ChannelChoice.SMS,
            recipients=(Direct(mobile=Contact(number)),),
            sms=sms,
            senders_reference=asked.senders_reference,
            time_to_live=time_to_live,
        ),
    )
