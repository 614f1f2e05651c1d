"""The doors by which owners have their feed carried to them."""

from typing import Any, Final

from litestar import Controller, HttpMethod, Request, get, post, route
from litestar.di import NamedDependency
from litestar.handlers import ASGIRouteHandler
from litestar.params import FromPath
from litestar.types import Receive, Scope

from application.assembly import Application
from application.caller import Caller
from application.webhooks.subscriptions import MOST, UnfitAddressError
from domain import limits
from entrypoints.http.transport.asgi_routes import door
from entrypoints.http.transport.bodies import JSON_TYPES, BodyLimits, check_media_type, read_body
from entrypoints.http.transport.contract import Access, Body, Parameter, Reply, Route
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.responses import Answer, told
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
KEY: Final = f"{BASE}/webhook-key"

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

ROUTES: Final = (
    Route(
        name="putWebhook",
        method="PUT",
        path=f"{WEBHOOKS}/{{name}}",
        tag="Webhooks",
        summary="Have the feed carried to an address, from now on",
        words=(
            "To ask for the same twice is to ask once. Asked for another address or other "
            "transitions, a webhook keeps its place in the feed and goes on at once. "
            "The address is https and leads to the public internet; it is looked at again before "
            "each call. Before anything is told there, it is sent `webhook.challenge`, and has to "
            'send `data.challenge` back, as text or as `{"challenge": …}`; until then the webhook is '
            "`unproved`. The `secret` of a new webhook is told this once."
        ),
        parameters=[_NAME],
        takes=Body(
            media_types=["application/json"],
            kind=WebhookRequest,
            example={"url": "https://case.example.org/varsel", "transitions": "last"},
        ),
        replies={
            200: _KEPT,
            400: Reply(
                words="The name, the address or the choice is none.", kind=ValidationProblem
            ),
            409: Reply(words=f"The owner has {MOST} webhooks already.", kind=PlainProblem),
        },
    ),
    Route(
        name="listWebhooks",
        method="GET",
        path=WEBHOOKS,
        tag="Webhooks",
        summary="The caller's webhooks",
        replies={
            200: Reply(
                words="The webhooks; none is no error.",
                kind=list[WebhookAnswer],
                example=[_EXAMPLE],
            )
        },
    ),
    Route(
        name="readWebhook",
        method="GET",
        path=f"{WEBHOOKS}/{{name}}",
        tag="Webhooks",
        summary="A webhook, and how it goes",
        words=(
            "`sequenceNumber` is the place in the feed up to which the receiver has been told. "
            "While it fails, `failure` says how, and `nextTry` when it is tried again."
        ),
        parameters=[_NAME],
        replies={200: _KEPT, 400: _NO_NAME, 404: _NOT_FOUND},
    ),
    Route(
        name="removeWebhook",
        method="DELETE",
        path=f"{WEBHOOKS}/{{name}}",
        tag="Webhooks",
        summary="Have the feed carried there no more",
        parameters=[_NAME],
        replies={204: Reply(words="It is removed."), 400: _NO_NAME, 404: _NOT_FOUND},
    ),
    Route(
        name="resumeWebhook",
        method="POST",
        path=f"{WEBHOOKS}/{{name}}/resume",
        tag="Webhooks",
        summary="Let a webhook that fails or is disabled go on at once, where it was",
        parameters=[_NAME],
        replies={200: _KEPT, 400: _NO_NAME, 404: _NOT_FOUND},
    ),
    Route(
        name="rotateWebhookSecret",
        method="POST",
        path=f"{WEBHOOKS}/{{name}}/secret",
        tag="Webhooks",
        summary="Give a webhook another secret, which is told this once",
        words=(
            "For 24 hours what is told is signed by the secret before as well, so that its receiver "
            "can change over."
        ),
        parameters=[_NAME],
        replies={
            200: Reply(
                words="The webhook, with its secret.",
                kind=WebhookAnswer,
                example={**_EXAMPLE, "secret": _SECRET},
            ),
            400: _NO_NAME,
            404: _NOT_FOUND,
        },
    ),
    Route(
        name="readWebhookKey",
        method="GET",
        path=KEY,
        access=Access.OPEN,
        tag="Webhooks",
        summary="The public key by which receivers verify what they are told",
        words="Ed25519, as Standard Webhooks writes it (`whpk_…`), and as a JSON Web Key.",
        replies={200: Reply(words="The key.", kind=WebhookKeyAnswer)},
    ),
)


class WebhooksController(Controller):
    """Lets owners have their feed carried to them."""

    path = WEBHOOKS

    @get()
    async def listed(
        self, request: Request[Caller, Any, Any], application: NamedDependency[Application]
    ) -> Answer:
        """The caller's webhooks."""
        kept = await application.webhook_subscriptions.webhooks(request.user.owner)
        return told([webhook(each) for each in kept])

    # One handler for three methods: of several at one path, Litestar tells in `Allow` of the first alone.
    @route(
        "/{name:str}",
        http_method=[HttpMethod.PUT, HttpMethod.GET, HttpMethod.DELETE],
        status_code=200,
    )
    async def one(
        self,
        name: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
        limits: NamedDependency[BodyLimits],
    ) -> Answer:
        """Keep a webhook, tell how it goes, or remove it."""
        owner, subscribing = request.user.owner, application.webhook_subscriptions
        its_name = read_webhook_name(name)
        match request.method:
            case HttpMethod.DELETE:
                await subscribing.remove(owner, its_name)
                return Answer(204)
            case HttpMethod.PUT:
                check_media_type(request.scope, JSON_TYPES, may_be_missing=False)
                within = limits.within(_LARGEST)
                body = await read_body(request.scope, request.receive, within)
                url, every_transition = read_webhook(body)
                try:
                    subscribed = await subscribing.subscribe(
                        owner, its_name, url=url, every_transition=every_transition
                    )
                except UnfitAddressError:
                    words = "the address must be https, with a host and without a user"
                    raise InvalidRequestError({"Url": [words]}) from None
                return told(webhook(subscribed.webhook, subscribed.secret))
            case _:
                kept = await subscribing.webhook(owner, its_name)
        return told(webhook(kept))

    @post("/{name:str}/secret")
    async def rotate(
        self,
        name: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
    ) -> Answer:
        """Give a webhook another secret."""
        its_name = read_webhook_name(name)
        rotated = await application.webhook_subscriptions.rotate(request.user.owner, its_name)
        return told(webhook(rotated.webhook, rotated.secret))

    @post("/{name:str}/resume")
    async def resume(
        self,
        name: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
    ) -> Answer:
        """Let a webhook go on at once, where it was."""
        its_name = read_webhook_name(name)
        return told(
            webhook(await application.webhook_subscriptions.resume(request.user.owner, its_name))
        )


def public_webhook_key(public_key: bytes) -> ASGIRouteHandler:
    """The door of the key by which what webhooks carry is signed."""
    answer = told(webhook_key(public_key))

    async def read(scope: Scope, receive: Receive) -> Answer:  # noqa: ARG001  # an endpoint
        return answer

    return door(KEY, GET=read)
