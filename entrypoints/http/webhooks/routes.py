"""How owners have their feed carried to them."""

from typing import Final

from litestar.di import NamedDependency
from litestar.params import FromPath

from application.assembly import Application
from application.caller import Caller
from application.webhooks.subscriptions import MOST, UnfitAddressError
from domain import limits
from entrypoints.http.transport.contract import Access, Body, Parameter, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.webhooks.requests import WebhookRequest, read_webhook, read_webhook_name
from entrypoints.http.webhooks.responses import (
    WebhookAnswer,
    WebhookKeyAnswer,
    WebhookMessage,
    webhook,
    webhook_key,
)

WEBHOOKS: Final = f"{BASE}/webhooks"

_LARGEST: Final = 16 * 1024
"""Bytes of a request: an address and a word."""

_NAME: Final = Parameter(
    name="name",
    words="By which the owner knows it: a to z, digits and dashes, 32 at most.",
    most=limits.WEBHOOK_NAME,
    example="case-system",
)
_EXAMPLE: Final = {
    "name": "case-system",
    "url": "https://case.example.org/varsel",
    "transitions": "last",
    "state": "active",
    "sequenceNumber": 1042,
}
_SECRET: Final = "whsec_VGhpcyBpcyBhbiBleGFtcGxlIG9mIGEgc2VjcmV0IQ=="  # noqa: S105  # an example
_NO_NAME: Final = Reply(words="The name is none.", kind=ValidationProblem)
_NOT_FOUND: Final = Reply(words="The owner has no webhook of that name.", kind=PlainProblem)
_KEPT: Final = Reply(words="The webhook, and how it goes.", kind=WebhookAnswer, example=_EXAMPLE)

MESSAGE: Final = Body(
    media_types=["application/json"],
    kind=WebhookMessage,
    example={
        "type": "order.completed",
        "timestamp": "2026-09-01T06:05:00.120000Z",
        "data": {
            "owner": "ttd",
            "webhook": "case-system",
            "sequenceNumber": 1042,
            "shipmentId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
            "sendersReference": "case-77",
            "shipmentType": "Notification",
            "status": "Order_Completed",
            "lastUpdate": "2026-09-01T06:05:00.120000Z",
        },
    },
)
"""What a receiver is told."""


@operation(
    "PUT",
    f"{WEBHOOKS}/{{name}}",
    name="putWebhook",
    tag="Webhooks",
    parameters=[_NAME],
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=WebhookRequest,
        example={"url": "https://case.example.org/varsel", "transitions": "last"},
    ),
    replies={
        200: _KEPT,
        400: Reply(words="The name, the address or the choice is none.", kind=ValidationProblem),
        409: Reply(words=f"The owner has {MOST} webhooks already.", kind=PlainProblem),
    },
)
async def put_webhook(
    name: FromPath[str],
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> WebhookAnswer:
    """Have the feed carried to an address, from now on.

    To ask for the same twice is to ask once. Asked for another address or other transitions, a
    webhook keeps its place in the feed and goes on at once. The address is https and leads to the
    public internet; it is looked at again before each call. Before anything is told there, it is
    sent `webhook.challenge`, and has to send `data.challenge` back, as text or as
    `{"challenge": …}`; until then the webhook is `unproved`. The `secret` of a new webhook is told
    this once.
    """
    its_name = read_webhook_name(name)
    url, every_transition = read_webhook(content)
    try:
        subscribed = await application.webhook_subscriptions.subscribe(
            caller.owner, its_name, url=url, every_transition=every_transition
        )
    except UnfitAddressError:
        words = "the address must be https, with a host and without a user"
        raise InvalidRequestError({"Url": [words]}) from None
    return webhook(subscribed.webhook, subscribed.secret)


@operation(
    "GET",
    WEBHOOKS,
    name="listWebhooks",
    tag="Webhooks",
    replies={200: Reply(words="The webhooks; none is no error.", example=[_EXAMPLE])},
)
async def list_webhooks(
    caller: NamedDependency[Caller], application: NamedDependency[Application]
) -> list[WebhookAnswer]:
    """The caller's webhooks."""
    return [
        webhook(each) for each in await application.webhook_subscriptions.webhooks(caller.owner)
    ]


@operation(
    "GET",
    f"{WEBHOOKS}/{{name}}",
    name="readWebhook",
    tag="Webhooks",
    parameters=[_NAME],
    replies={200: _KEPT, 400: _NO_NAME, 404: _NOT_FOUND},
)
async def read_one_webhook(
    name: FromPath[str], caller: NamedDependency[Caller], application: NamedDependency[Application]
) -> WebhookAnswer:
    """A webhook, and how it goes.

    `sequenceNumber` is the place in the feed up to which the receiver has been told. While it
    fails, `failure` says how, and `nextTry` when it is tried again.
    """
    return webhook(
        await application.webhook_subscriptions.webhook(caller.owner, read_webhook_name(name))
    )


@operation(
    "DELETE",
    f"{WEBHOOKS}/{{name}}",
    name="removeWebhook",
    tag="Webhooks",
    parameters=[_NAME],
    replies={204: Reply(words="It is removed."), 400: _NO_NAME, 404: _NOT_FOUND},
)
async def remove_webhook(
    name: FromPath[str], caller: NamedDependency[Caller], application: NamedDependency[Application]
) -> None:
    """Have the feed carried there no more."""
    await application.webhook_subscriptions.remove(caller.owner, read_webhook_name(name))


@operation(
    "POST",
    f"{WEBHOOKS}/{{name}}/resume",
    name="resumeWebhook",
    tag="Webhooks",
    parameters=[_NAME],
    replies={200: _KEPT, 400: _NO_NAME, 404: _NOT_FOUND},
)
async def resume_webhook(
    name: FromPath[str], caller: NamedDependency[Caller], application: NamedDependency[Application]
) -> WebhookAnswer:
    """Let a webhook that fails or is disabled go on at once, where it was."""
    return webhook(
        await application.webhook_subscriptions.resume(caller.owner, read_webhook_name(name))
    )


@operation(
    "POST",
    f"{WEBHOOKS}/{{name}}/secret",
    name="rotateWebhookSecret",
    tag="Webhooks",
    parameters=[_NAME],
    replies={
        200: Reply(words="The webhook, with its secret.", example={**_EXAMPLE, "secret": _SECRET}),
        400: _NO_NAME,
        404: _NOT_FOUND,
    },
)
async def rotate_webhook_secret(
    name: FromPath[str], caller: NamedDependency[Caller], application: NamedDependency[Application]
) -> WebhookAnswer:
    """Give a webhook another secret, which is told this once.

    For 24 hours what is told is signed by the secret before as well, so that its receiver can
    change over.
    """
    rotated = await application.webhook_subscriptions.rotate(caller.owner, read_webhook_name(name))
    return webhook(rotated.webhook, rotated.secret)


@operation(
    "GET",
    f"{BASE}/webhook-key",
    name="readWebhookKey",
    access=Access.OPEN,
    tag="Webhooks",
    replies={200: Reply(words="The key.")},
)
async def read_webhook_key(public_key: NamedDependency[bytes]) -> WebhookKeyAnswer:
    """The public key by which receivers verify what they are told.

    Ed25519, as Standard Webhooks writes it (`whpk_…`), and as a JSON Web Key.
    """
    return webhook_key(public_key)


ROUTES: Final = (
    put_webhook,
    list_webhooks,
    read_one_webhook,
    remove_webhook,
    resume_webhook,
    rotate_webhook_secret,
    read_webhook_key,
)
