"""The schemas of the OpenAPI document, with what the wire structs cannot say of themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from entrypoints.http.transport.altinn_vocabulary import CHANNELS

REFERENCE: Final = "#/components/schemas/{name}"

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
    "sendersReference": {
        "description": "What the order is called at its sender's; not to be unique."
    },
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
    "purpose": {
        "description": "What they are looked up for; it goes on record, with no number in it."
    },
}
"""What the members of requests mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What an installation allows of a request, beyond which it is refused."""

    body: int = 1024 * 1024
    """Bytes of a request, and so the characters of a text that has no other limit."""
    recipients: int = 1000
    reminders: int = 100
    attachments: int = 20


USUAL: Final = Sizes()


def schemas_of(kinds: Iterable[Any], sizes: Sizes) -> dict[str, Any]:
    """The schemas of wire structs, and of everything within them."""
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    return {name: _polished(name, schema, sizes) for name, schema in sorted(schemas.items())}


def _polished(name: str, schema: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    members = schema.get("properties", {})
    is_asked = name.endswith("Request")
    return {
        **schema,
        "properties": {
            member: _asked(member, told, sizes) if is_asked else _told(told)
            for member, told in members.items()
        },
    }


def _asked(member: str, schema: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    most = {
        "recipients": sizes.recipients,
        "reminders": sizes.reminders,
        "attachments": sizes.attachments,
    }
    return {**_limited(schema, sizes.body, most.get(member)), **_MEMBERS.get(member, {})}


def _limited(schema: Mapping[str, Any], characters: int, items: int | None) -> dict[str, Any]:
    """The schema with a limit for every text and list in it that has none of its own."""
    limited = dict(schema)
    if schema.get("type") == "string" and "enum" not in schema:
        limited.setdefault("maxLength", characters)
    if schema.get("type") == "array" and items is not None:
        limited.setdefault("maxItems", items)
    if "anyOf" in schema:
        limited["anyOf"] = [_limited(each, characters, items) for each in schema["anyOf"]]
    return limited


def _told(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A member of an answer: never null where what is null is left out."""
    told = {key: value for key, value in schema.items() if key != "default"}
    match told.get("anyOf") if "default" in schema else None:
        case [one, {"type": "null"}]:
            told = {**one, **{key: value for key, value in told.items() if key != "anyOf"}}
        case _:
            pass
    # First: what a member adds to its schema, msgspec puts before the rest.
    return {"type": told.pop("type"), **told} if "type" in told else told
