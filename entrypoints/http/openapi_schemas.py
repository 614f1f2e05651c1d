"""The schemas of the OpenAPI document, with what the wire structs cannot say of themselves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from domain.channel import Channel
from entrypoints.http.answers_deliveries import (
    CHANNELS,
    KINDS,
    ORDER_STATUS,
    RESULT_WORDS,
    first_version,
    order_status_first,
    order_status_second,
    second_version,
)

REFERENCE: Final = "#/components/schemas/{name}"

_RESULTS: Final = sorted({first_version(result) for result in RESULT_WORDS})
_OF_EMAIL_ALONE: Final = {
    "Succeeded",
    "Failed_InvalidEmailFormat",
    "Failed_SupressedRecipient",
    "Failed_Bounced",
    "Failed_FilteredSpam",
    "Failed_Quarantined",
    "Failed_PayloadTooLarge",
    "Failed_InvalidSasUrl",
}
_OF_SMS_ALONE: Final = {
    "Accepted",
    "Failed_InvalidRecipient",
    "Failed_BarredReceiver",
    "Failed_Deleted",
    "Failed_Expired",
    "Failed_Undelivered",
    "Failed_Rejected",
}

_VALUES: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("OrderAnswer", "notificationChannel"): list(CHANNELS.values()),
    ("OrderStatusAnswer", "notificationChannel"): list(CHANNELS.values()),
    ("EmailTemplateAnswer", "contentType"): ["Plain", "Html"],
    ("ProcessingStatusAnswer", "status"): sorted(
        {order_status_first(each) for each in ORDER_STATUS}
    ),
    ("SendStatusAnswer", "status"): _RESULTS,
    ("ShipmentAnswer", "type"): list(KINDS.values()),
    ("ShipmentAnswer", "status"): [order_status_second(each) for each in ORDER_STATUS],
    ("ShipmentRecipientAnswer", "status"): [
        *(
            second_version(Channel.EMAIL, each)
            for each in RESULT_WORDS
            if each not in _OF_SMS_ALONE
        ),
        *(
            second_version(Channel.SMS, each)
            for each in RESULT_WORDS
            if each not in _OF_EMAIL_ALONE
        ),
    ],
    ("FeedEntryAnswer", "shipmentType"): list(KINDS.values()),
    ("FeedEntryAnswer", "status"): [order_status_second(each) for each in ORDER_STATUS],
    ("WebhookData", "shipmentType"): list(KINDS.values()),
    ("WebhookData", "status"): [order_status_second(each) for each in ORDER_STATUS],
    ("ReadinessAnswer", "status"): ["ready", "not_ready"],
}
"""What may stand in a member of an answer."""

_CHANNEL: Final = {
    "description": f"{', '.join(CHANNELS.values())}; in any letter case, or its number from 0."
}
_MOMENT: Final = {
    "format": "date-time",
    "description": "With its offset from UTC. At once, if it is left out; it may not be null.",
}
_URL: Final = 'Asked right before sending; `{"sendNotification": false}` stops the order.'
_MEMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "notificationChannel": _CHANNEL,
    "channelSchema": _CHANNEL,
    "contentType": {"description": "Plain or Html; in any letter case, or its number from 0."},
    "sendingTimePolicy": {
        "description": (
            "Anytime (1), or Daytime (2): from 09:00 to 17:00 in Oslo. E-mails leave at any time."
        )
    },
    "requestedSendTime": _MOMENT,
    "conditionEndpoint": {"description": _URL},
    "idempotencyId": {"description": "The key under which this order is placed once."},
    "delayDays": {"description": "So many times 24 hours after the order's own send time."},
    "nationalIdentityNumber": {"description": "Eleven digits."},
    "organizationNumber": {"description": "Nine digits."},
    "orgNumber": {"description": "Nine digits."},
    "mobileNumber": {"description": "With its country code."},
    "phoneNumber": {"description": "With its country code."},
    "url": {"description": "An https address at a host that the public internet knows."},
    "transitions": {
        "description": "`last`: each order once, when it has ended; `all`: every transition."
    },
    "isReserved": {"description": "Ignored."},
}
"""What the members of requests mean."""


def schemas_of(kinds: Iterable[Any]) -> dict[str, Any]:
    """The schemas of wire structs, and of everything within them."""
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    return {name: _polished(name, schema) for name, schema in sorted(schemas.items())}


def _polished(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    members = schema.get("properties", {})
    return {
        **schema,
        "properties": {
            member: _asked(member, told) if name.endswith("Request") else _told(name, member, told)
            for member, told in members.items()
        },
    }


def _asked(member: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, **_MEMBERS.get(member, {})}


def _told(name: str, member: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A member of an answer: never null, since what is null is left out."""
    told = {key: value for key, value in schema.items() if key != "default"}
    match told.get("anyOf"):
        case [one, {"type": "null"}]:
            told = {**one, **{key: value for key, value in told.items() if key != "anyOf"}}
        case _:
            pass
    values = _VALUES.get((name, member))
    return told if values is None else {**told, "enum": list(values)}
