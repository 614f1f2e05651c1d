"""Bodies that are right, and what is told of those that are not."""

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

from application.ordering.commands import NewOrder
from domain.agreement import ANY_SENDER_GOES
from domain.order.errors import CannotBePlacedError
from domain.order.events import Chain, ChainId, OrderId, OrderKind
from domain.order.placing import LATE_BY, place, place_chain
from entrypoints.http.internal.requests import read_email_handed_in, read_sms_handed_in
from entrypoints.http.placing.chains import ChainRequest, read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.faults import tell_faults
from entrypoints.http.placing.instant import (
    InstantRequest,
    read_instant,
    read_instant_email,
    read_instant_sms,
)
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.validation.rules import Rules

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
RULES = Rules(owner="ttd", email_sender="noreply@varsel.example", sms_sender="Varsel")

Read: TypeAlias = Callable[[bytes, Rules], NewOrder | ChainRequest | InstantRequest]
Json: TypeAlias = dict[str, Any]

PERSON = "01818010083"
ORGANISATION = "314022009"

EMAIL_ORDER: Json = {
    "subject": "Case 77",
    "body": "Please log in.",
    "recipients": [{"emailAddress": "kari@example.org"}],
}
SMS_ORDER: Json = {"body": "Please log in.", "recipients": [{"mobileNumber": "+4799999999"}]}
ORDER: Json = {
    "notificationChannel": "EmailPreferred",
    "emailTemplate": {"subject": "Case 77", "body": "Please log in."},
    "smsTemplate": {"body": "Please log in."},
    "recipients": [{"nationalIdentityNumber": PERSON}],
}
EMAIL_SETTINGS: Json = {"subject": "Case 77", "body": "Please log in."}
SMS_SETTINGS: Json = {"body": "Please log in."}
CHAIN: Json = {
    "idempotencyId": "77-1",
    "recipient": {
        "recipientPerson": {
            "nationalIdentityNumber": PERSON,
            "channelSchema": "EmailAndSms",
            "emailSettings": EMAIL_SETTINGS,
            "smsSettings": SMS_SETTINGS,
        }
    },
}

INSTANT_SMS: Json = {
    "idempotencyId": "77-2",
    "recipientSms": {
        "phoneNumber": "+4799999999",
        "timeToLiveInSeconds": 360,
        "smsSettings": {"body": "Your code is 4711"},
    },
}
INSTANT: Json = {
    "idempotencyId": "77-2",
    "recipient": {"recipientSms": INSTANT_SMS["recipientSms"]},
}
INSTANT_EMAIL: Json = {
    "idempotencyId": "77-3",
    "recipientEmail": {"emailAddress": "kari@example.org", "emailSettings": EMAIL_SETTINGS},
}
SAS_URL = (
    "https://acct.blob.core.windows.net/c/letter.pdf"
    "?sv=2024-11-04&sr=b&sp=r&se=2027-01-01T00%3A00%3A00Z&sig=abc%3D"
)
COMPOSED: Json = {
    "idempotencyId": "77-4",
    "recipient": {
        "emailAddress": "kari@example.org",
        "emailSettings": {
            **EMAIL_SETTINGS,
            "attachments": [
                {"filename": "letter.pdf", "mimeType": "application/pdf", "sasUrl": SAS_URL}
            ],
        },
    },
}

SMS_HANDED_IN: Json = {
    "sender": "Altinn",
    "message": "Your code is 4711",
    "recipient": "+4799999999",
    "notificationId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
    "timeToLive": 360,
}
EMAIL_HANDED_IN: Json = {
    "sender": "noreply@altinn.cloud",
    "recipient": "kari@example.org",
    "subject": "Your code",
    "body": "It is 4711",
    "contentType": "Plain",
    "notificationId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
}

KINDS: Mapping[str, tuple[Read, Json]] = {
    "email": (read_email_order, EMAIL_ORDER),
    "sms": (read_sms_order, SMS_ORDER),
    "order": (read_order, ORDER),
    "chain": (read_chain, CHAIN),
    "instant sms": (read_instant_sms, INSTANT_SMS),
    "instant": (read_instant, INSTANT),
    "instant email": (read_instant_email, INSTANT_EMAIL),
    "composed": (read_composed, COMPOSED),
    "sms handed in": (read_sms_handed_in, SMS_HANDED_IN),
    "email handed in": (read_email_handed_in, EMAIL_HANDED_IN),
}


def but(body: Json, path: str, value: object) -> Json:
    """The body with something else at a place such as `recipients.0.emailAddress`."""
    changed = deepcopy(body)
    place: Any = changed
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return changed


def without(body: Json, path: str) -> Json:
    """The body without the member at a place."""
    changed = deepcopy(body)
    place: Any = changed
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    del place[last]
    return changed


def reminded(**reminder: object) -> Json:
    """A chain with one reminder."""
    recipient = {"recipientSms": {"phoneNumber": "+4799999999", "smsSettings": SMS_SETTINGS}}
    return {**CHAIN, "reminders": [{"delayDays": 7, "recipient": recipient} | reminder]}


def to(kind: str, **members: object) -> Json:
    """A chain to one kind of recipient."""
    return {**CHAIN, "recipient": {kind: members}}


def place_at(now: datetime, asked: NewOrder | ChainRequest | InstantRequest) -> None:
    """Decide about what was read, as the application does.

    Raises:
        InvalidRequestError: it cannot be placed.
    """
    order = asked if isinstance(asked, NewOrder) else asked.order
    circumstances: Json = {"owner": "ttd", "now": now, "agreement": ANY_SENDER_GOES}
    try:
        match asked:
            case NewOrder():
                place(order, kind=OrderKind.NOTIFICATION, late_by=LATE_BY, **circumstances)
            case InstantRequest():
                place(order, kind=OrderKind.INSTANT, **circumstances)
            case ChainRequest():
                place_chain(
                    order,
                    asked.reminders,
                    kind=asked.kind,
                    **circumstances,
                    chain=Chain(ChainId(uuid4())),
                    order_id=OrderId(uuid4()),
                    attachments_open_until=asked.attachments_open_until,
                )
    except CannotBePlacedError as refused:
        tell_faults(refused, order)


def faults(read: Read, body: Json | bytes, rules: Rules = RULES) -> Mapping[str, Sequence[str]]:
    """What is wrong with a body, by its reader or by what is decided of it; nothing if it is taken."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        place_at(NOW, read(sent, rules))
    except InvalidRequestError as refusal:
        return refusal.errors
    return {}


def places(read: Read, body: Json | bytes, rules: Rules = RULES) -> list[str]:
    """Where something is wrong."""
    return list(faults(read, body, rules))


def one(body: Json, read: Callable[[bytes, Rules], NewOrder], rules: Rules = RULES) -> NewOrder:
    """The order that a body asks for."""
    return read(json.dumps(body).encode(), rules)


def chain(body: Json, rules: Rules = RULES) -> ChainRequest:
    """The chain that a body asks for."""
    return read_chain(json.dumps(body).encode(), rules)
