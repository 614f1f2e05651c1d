"""The demo order, as a client would place it: for `varsel order`, and as a line for `curl`."""

import json
import shlex
from typing import Any, Final

ORDERS: Final = "/notifications/api/v1/future/orders"
KARI: Final = "15859010099"
"""Kari, who is invented, and known to the sample registers."""


def body(
    *, idempotency_id: str, number: str = KARI, channel: str = "Email", text: str | None = None
) -> dict[str, Any]:
    """The body of an order to a person by national number."""
    words = text or "Hi $recipientName$, there is a new letter for you."
    recipient: dict[str, Any] = {"nationalIdentityNumber": number, "channelSchema": channel}
    if channel != "Sms":
        recipient["emailSettings"] = {"subject": "A new letter", "body": words}
    if channel != "Email":
        recipient["smsSettings"] = {"body": words, "sendingTimePolicy": "Anytime"}
    return {
        "idempotencyId": idempotency_id,
        "sendersReference": "demo",
        "recipient": {"recipientPerson": recipient},
    }


def curl(base_url: str, token: str, *, idempotency_id: str) -> str:
    """The line that orders an e-mail to Kari, to be pasted into a terminal."""
    return (
        f"curl -sS {shlex.quote(base_url + ORDERS)} "
        f"-H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' "
        f"-d {shlex.quote(json.dumps(body(idempotency_id=idempotency_id)))}"
    )
