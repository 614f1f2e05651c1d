"""Where an owner wants its feed carried to."""

import re
from typing import Final

from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults, InvalidRequestError
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.parameters import TRANSITIONS
from entrypoints.http.validation.wire_struct import Url, WireStruct, Word


class WebhookRequest(WireStruct, frozen=True, kw_only=True):
    """Where an owner wants its feed carried to."""

    url: Url
    transitions: Word | None = None


_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

_webhooks = BodyReader(WebhookRequest, "request")


def read_webhook_name(text: str) -> str:
    """Read by which name an owner knows a webhook.

    Raises:
        InvalidRequestError: it is none that a webhook can have.
    """
    if _NAME.fullmatch(text) is None:
        words = "write letters from a to z, digits and dashes, 32 at most, and no dash first"
        raise InvalidRequestError({"name": [words]})
    return text


def read_webhook(body: bytes) -> tuple[str, bool]:
    """Read an address, and whether every transition is carried there.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _webhooks.read(body, faults)
    if not check.is_url(asked.url, bool):
        faults.broken("Url", "write a whole https address")
    every = TRANSITIONS.get((asked.transitions or "last").strip().lower())
    if every is None:
        faults.broken("Transitions", f"choose one of {', '.join(TRANSITIONS)}")
    faults.raise_any()
    return asked.url, every is True
