"""Webhooks as owners ask for them, and as their receivers are told."""

import asyncio
import base64
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
import trustme
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.webhooks.http_receivers import HttpWebhookClient, WebhookSigner
from application.ports.webhooks import Webhook
from application.queries.status_feed import Entry, Transition, Unreadable
from domain.order.events import OrderCancelled, OrderCompleted
from domain.order.order import open_order
from domain.order.state import evolve
from entrypoints.http.webhooks.responses import webhook_message
from tests.adapters.conditions.endpoint import NAME, Endpoint, answer, endpoint
from tests.adapters.event_store.postgres_store import open_store
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
from tests.entrypoints.http.test_feed import FEED, ended
from tests.samples import NOON, ORDER_ID, placed

WEBHOOKS = f"{V1}/webhooks"
KEPT = Webhook(
    owner="ttd",
    name="case",
    url="https://case.example.org/varsel",
    every_transition=False,
    secret_id=ORDER_ID,
    position=0,
    due_at=NOON,
)
ASKED = {"url": "https://case.example.org/varsel", "transitions": "last"}


async def put(api: httpx.AsyncClient, name: str = "case", **changes: str) -> httpx.Response:
    return await api.put(f"{WEBHOOKS}/{name}", json={**ASKED, **changes}, headers=TTD)


async def test_a_webhook_is_kept_told_of_and_removed(api: httpx.AsyncClient) -> None:
    kept = await put(api)

    case = {"name": "case", **ASKED, "state": "unproved", "sequenceNumber": 0}
    told = kept.json()
    assert told.pop("secret").startswith("whsec_")
    assert (kept.status_code, told) == (200, case)
    assert (await put(api)).json() == case
    assert (await api.get(WEBHOOKS, headers=TTD)).json() == [case]
    assert (await api.get(f"{WEBHOOKS}/case", headers=TTD)).json() == case

    assert (await api.delete(f"{WEBHOOKS}/case", headers=TTD)).status_code == 204
    assert (await api.get(WEBHOOKS, headers=TTD)).json() == []


async def test_a_webhook_begins_where_the_feed_is_and_its_owner_sees_how_it_goes(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await ended(installation, api, "otp-1")
    (entry,) = (await api.get(FEED, headers=TTD)).json()
    began = (await put(api, transitions="All")).json()
    assert began["transitions"] == "all"
    assert began["sequenceNumber"] == entry["sequenceNumber"]
    assert (began["state"], bool(began.pop("secret"))) == ("unproved", True)
    await installation.telling.run_until_idle()
    began["state"] = "active"

    await ended(installation, api, "otp-2")
    await installation.telling.run_until_idle()

    failing = (await api.get(f"{WEBHOOKS}/case", headers=TTD)).json()
    assert failing == {
        **began,
        "failingSince": "2026-09-01T10:00:00Z",
        "failure": "not_reached",
        "nextTry": "2026-09-01T10:00:05.250000Z",
    }
    resumed = await api.post(f"{WEBHOOKS}/case/resume", headers=TTD)
    assert resumed.json() == began


async def test_another_secret_is_told_once_whenever_it_is_asked_for(
    api: httpx.AsyncClient,
) -> None:
    first = (await put(api)).json()["secret"]

    rotated = await api.post(f"{WEBHOOKS}/case/secret", headers=TTD)

    second = rotated.json()["secret"]
    assert rotated.status_code == 200
    assert second.startswith("whsec_")
    assert second != first
    assert "secret" not in (await api.get(f"{WEBHOOKS}/case", headers=TTD)).json()
    assert "secret" not in (await put(api, transitions="all")).json()


@pytest.mark.parametrize(
    "method, rest", [("GET", ""), ("DELETE", ""), ("POST", "/resume"), ("POST", "/secret")]
)
async def test_another_owners_webhook_is_as_absent_as_one_that_does_not_exist(
    api: httpx.AsyncClient, method: str, rest: str
) -> None:
    await put(api)

    others = await api.request(method, f"{WEBHOOKS}/case{rest}", headers=SKD)
    nobodys = await api.request(method, f"{WEBHOOKS}/nobodys{rest}", headers=TTD)

    assert others.status_code == nobodys.status_code == 404
    assert others.json()["code"] == nobodys.json()["code"] == "webhook_not_found"
    assert (await api.get(WEBHOOKS, headers=SKD)).json() == []


async def test_an_owner_has_five_webhooks_at_most(api: httpx.AsyncClient) -> None:
    for number in range(5):
        assert (await put(api, f"case-{number}")).status_code == 200

    refused = await put(api, "case-5")

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_webhooks")
    assert (await put(api, "case-4", url="https://new.example.org/")).status_code == 200


@pytest.mark.parametrize(
    "name, changes, key",
    [
        ("case_1", {}, "name"),
        ("-case", {}, "name"),
        ("c" * 33, {}, "name"),
        ("case%00", {}, "name"),
        ("case", {"url": "http://case.example.org/"}, "Url"),
        ("case", {"url": "https://ola:secret@case.example.org/"}, "Url"),
        ("case", {"url": "ftp://case.example.org/"}, "Url"),
        ("case", {"url": "https://case.example.org/\r\nX: y"}, "Url"),
        ("case", {"url": "https://case.example.org/" + "x" * 2048}, "Url"),
        ("case", {"url": ""}, "Url"),
        ("case", {"transitions": "some"}, "Transitions"),
    ],
)
async def test_what_cannot_be_asked_for_is_named(
    name: str, changes: dict[str, str], key: str
) -> None:
    receivers = HttpWebhookClient(WebhookSigner(InMemoryKeyVault()))
    async with aclosing(receivers), Installation(receivers=receivers).client() as api:
        refused = await put(api, name, **changes)

    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [key]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as a receiver got it."""

    headers: dict[str, str]
    body: bytes

    def verified(self, key: str) -> dict[str, Any]:
        """What it says, if it was signed by the key that is served."""
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        _, by_key = self.headers["webhook-signature"].split(" ")
        signature = by_key.removeprefix("v1a,")
        public.verify(base64.b64decode(signature), signed + self.body)
        return dict(json.loads(self.body))


def deliveries(serving: Endpoint) -> Sequence[Delivery]:
    return [
        Delivery(
            {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n"))
            },
            body,
        )
        for head, body in zip(serving.requests, serving.bodies, strict=True)
    ]


async def here(_: str, __: int) -> Sequence[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def installed(database_url: str, trusting: ssl.SSLContext) -> AsyncIterator[Installation]:
    """The service on PostgreSQL, which calls receivers over TLS."""
    signer = WebhookSigner(InMemoryKeyVault())
    receivers = HttpWebhookClient(
        signer, permitted=["127.0.0.1"], ssl_context=trusting, resolve=here
    )
    async with aclosing(receivers), open_store(database_url) as store:
        yield Installation(store=store, receivers=receivers)


async def test_a_receiver_is_told_what_the_feed_tells_and_can_verify_it_with_the_key_that_is_served(
    database_url: str,
) -> None:
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    served: list[Endpoint] = []

    async def echo_the_challenge(writer: asyncio.StreamWriter) -> None:
        data = json.loads(served[0].bodies[-1])["data"]
        await answer(data.get("challenge", "thanks").encode())(writer)

    async with (
        installed(database_url, trusting) as installation,
        installation.client() as api,
        endpoint(echo_the_challenge, certify=authority) as serving,
    ):
        served.append(serving)
        kept = await put(api, url=f"https://{NAME}:{serving.port}/varsel", transitions="all")
        assert kept.status_code == 200
        await ended(installation, api, "otp-1")
        entries = (await api.get(f"{FEED}?transitions=all", headers=TTD)).json()
        await installation.telling.run_until_idle()
        key = (await api.get(f"{V1}/webhook-key")).json()
        told = deliveries(serving)
        state = (await api.get(f"{WEBHOOKS}/case", headers=TTD)).json()

    asked, *messages = [each.verified(key["publicKey"]) for each in told]
    assert asked["type"] == "webhook.challenge"
    assert (asked["data"]["owner"], asked["data"]["webhook"]) == ("ttd", "case")
    whose = {"owner": "ttd", "webhook": "case"}
    thin = [{name: each[name] for name in each if name != "recipients"} | whose for each in entries]
    assert [each["data"] for each in messages] == thin
    assert [each["type"] for each in messages] == [
        *["order.status_changed"] * (len(thin) - 1),
        "order.completed",
    ]
    assert len({each.headers["webhook-id"] for each in told}) == len(thin) + 1
    assert state["state"] == "active"
    secret = base64.b64decode(kept.json()["secret"].removeprefix("whsec_"))
    for each in told:
        signed = f"{each.headers['webhook-id']}.{each.headers['webhook-timestamp']}.".encode()
        expected = base64.b64encode(hmac.digest(secret, signed + each.body, "sha256")).decode()
        assert each.headers["webhook-signature"].startswith(f"v1,{expected} ")
    assert b"+47" not in b"".join(serving.bodies)
    assert state["sequenceNumber"] == thin[-1]["sequenceNumber"]
    raw = base64.b64decode(key["publicKey"].removeprefix("whpk_"))
    assert base64.urlsafe_b64decode(key["jwk"]["x"] + "=") == raw
    forged = Delivery(told[1].headers, told[1].body.replace(b"Registered", b"Completed"))
    with pytest.raises(InvalidSignature):
        forged.verified(key["publicKey"])


def test_what_ends_an_order_is_told_by_its_name() -> None:
    order = open_order(ORDER_ID, placed, NOON)
    ends = (OrderCompleted(), OrderCancelled())

    told = [
        message(Transition(position=7, order=evolve(order, end, NOON), is_end=True)) for end in ends
    ]

    assert [each["type"] for each in told] == ["order.completed", "order.cancelled"]
    assert [each["data"]["status"] for each in told] == ["Order_Completed", "Order_Cancelled"]


def test_of_an_order_whose_history_cannot_be_read_that_is_told() -> None:
    told = message(Unreadable(position=7, order_id=ORDER_ID, found_at=NOON))

    assert told == {
        "type": "order.history_spoilt",
        "timestamp": "2026-09-01T10:00:00Z",
        "data": {
            "owner": "ttd",
            "webhook": "case",
            "sequenceNumber": 7,
            "shipmentId": str(ORDER_ID),
            "status": "history_spoilt",
        },
    }


def message(entry: Entry) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(webhook_message(KEPT, entry))
    return read
