"""Webhooks on the wire: as their owner reads of them, and what they carry."""

import base64
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from application.ports.webhooks import Webhook
from application.queries.status_feed import Entry, Unreadable
from entrypoints.http.status_feed.responses import HISTORY_SPOILT
from entrypoints.http.transport.altinn_vocabulary import (
    KINDS,
    KindWord,
    OrderStatusSecond,
    order_status_second,
)
from entrypoints.http.transport.responses import Moment, utc


class WebhookAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A webhook, and how it goes."""

    name: str
    url: str
    transitions: Literal["last", "all"]
    state: Literal["unproved", "active", "disabled"]
    """`unproved` until the address has answered the challenge that is sent there first."""
    reason: Literal["gone", "unreachable"] | None = None
    sequence_number: int
    failing_since: Moment | None = None
    failure: str | None = None
    next_try: Moment | None = None
    secret: str | None = None
    """By which a receiver verifies what it is told (`whsec_…`); told this once."""


class WebhookData(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An entry of the feed without anything of those whom the order is for."""

    owner: str
    webhook: str

    sequence_number: int
    shipment_id: UUID
    senders_reference: str | None = None
    shipment_type: KindWord | None = None
    status: OrderStatusSecond
    last_update: Moment | None = None


class WebhookMessage(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a receiver is told."""

    type: Literal[
        "order.completed", "order.cancelled", "order.status_changed", "order.history_spoilt"
    ]
    timestamp: Moment
    data: WebhookData


class WebhookChallenge(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose webhook leads here, and what has to be sent back by whoever wants that."""

    owner: str
    webhook: str
    challenge: str


class WebhookChallengeMessage(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an address is sent before it is told anything."""

    type: Literal["webhook.challenge"] = "webhook.challenge"
    timestamp: Moment
    data: WebhookChallenge


class JsonWebKey(Struct, frozen=True, kw_only=True):
    """A public key as RFC 8037 writes it."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"
    x: str


class WebhookKeyAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The key by which receivers verify what they are told, in two spellings."""

    public_key: str
    jwk: JsonWebKey


def webhook(kept: Webhook, secret: str | None = None) -> WebhookAnswer:
    """A webhook as its owner reads of it; with its secret where that is told."""
    is_failing = kept.failing_since is not None
    return WebhookAnswer(
        name=kept.name,
        url=kept.url,
        transitions="all" if kept.every_transition else "last",
        state=_state(kept),
        reason=None if kept.disabled is None else kept.disabled.value,
        sequence_number=kept.position,
        failing_since=None if kept.failing_since is None else utc(kept.failing_since),
        failure=kept.failure,
        next_try=utc(kept.due_at) if is_failing and kept.disabled is None else None,
        secret=secret,
    )


def _state(kept: Webhook) -> Literal["unproved", "active", "disabled"]:
    if kept.disabled is not None:
        return "disabled"
    return "active" if kept.is_proved else "unproved"


def webhook_challenge(kept: Webhook, challenge: str, at: datetime) -> bytes:
    """What an address is sent before it is told anything."""
    asked = WebhookChallenge(owner=kept.owner, webhook=kept.name, challenge=challenge)
    return msgspec.json.encode(WebhookChallengeMessage(timestamp=utc(at), data=asked))


def webhook_message(kept: Webhook, entry: Entry) -> bytes:
    """What a receiver is told of an entry of the feed; the feed tells the rest."""
    return msgspec.json.encode(_message(kept, entry))


def _message(kept: Webhook, entry: Entry) -> WebhookMessage:
    if isinstance(entry, Unreadable):
        return WebhookMessage(
            type="order.history_spoilt",
            timestamp=utc(entry.found_at),
            data=WebhookData(
                owner=kept.owner,
                webhook=kept.name,
                sequence_number=entry.position,
                shipment_id=entry.order_id,
                status=HISTORY_SPOILT,
            ),
        )
    order = entry.order
    changed_at = utc(order.changed_at)
    end: Final = "order.cancelled" if order.is_cancelled else "order.completed"
    return WebhookMessage(
        type=end if entry.is_end else "order.status_changed",
        timestamp=changed_at,
        data=WebhookData(
            owner=kept.owner,
            webhook=kept.name,
            sequence_number=entry.position,
            shipment_id=order.order_id,
            senders_reference=order.placed.senders_reference,
            shipment_type=KINDS[order.placed.kind],
            status=order_status_second(order.status),
            last_update=changed_at,
        ),
    )


def webhook_key(public_key: bytes) -> WebhookKeyAnswer:
    """A raw Ed25519 key as Standard Webhooks and as RFC 8037 write it."""
    return WebhookKeyAnswer(
        public_key=f"whpk_{base64.b64encode(public_key).decode()}",
        jwk=JsonWebKey(x=base64.urlsafe_b64encode(public_key).rstrip(b"=").decode()),
    )
