"""Where the installation's own systems hand messages in, to be handed over at once.

Each message is an instant order of the installation itself: on record before it leaves, and handed
over once for each `notificationId`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from application.assembly import Application
from application.caller import Caller
from application.envelope import Actor, Role
from application.ordering.commands import HandoverFailedError, PlaceInstant
from entrypoints.http.internal.requests import (
    EmailHandedInRequest,
    SmsHandedInRequest,
    read_email_handed_in,
    read_sms_handed_in,
)
from entrypoints.http.placing.contract import REFUSED, WARNED
from entrypoints.http.placing.faults import telling_faults_of
from entrypoints.http.placing.routes import InstantReader, read_and_looked_through
from entrypoints.http.transport.asgi_routes import Endpoint, door
from entrypoints.http.transport.bodies import (
    JSON_TYPES,
    BodyLimits,
    check_media_type,
    read_body,
)
from entrypoints.http.transport.contract import Access, Body, Reply, Route
from entrypoints.http.transport.credentials import check_secret
from entrypoints.http.transport.errors import NotTakenOverError
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.rate_limits import rate_limit
from entrypoints.http.transport.responses import Answer
from entrypoints.http.validation.rules import Rules

SMS: Final = "/notifications/sms/api/v1/instantmessage/send"
EMAIL: Final = "/notifications/email/api/v1/instantemail"

_WORDS: Final = (
    "Recorded as an instant order of the installation itself, once for each `notificationId`. "
    "That the provider refuses it, or does not say, is told by its delivery status alone."
)
_INVALID: Final = Reply(words="What is wrong, by the place where it is.", kind=ValidationProblem)
_HANDED_IN: Final = Reply(
    words="It was handed over, or refused, or nobody can tell.", headers=WARNED
)
_NOT_TAKEN: Final = Reply(
    words="The provider certainly did not take it; hand it in again.", kind=PlainProblem
)

ROUTES: Final = (
    Route(
        name="handInSms",
        method="POST",
        path=SMS,
        access=Access.OPERATOR,
        tag="Internal",
        summary="Hand a text message in, to be handed over at once",
        words=_WORDS,
        takes=Body(
            media_types=["application/json"],
            kind=SmsHandedInRequest,
            example={
                "sender": "Altinn",
                "message": "Your code is 4711",
                "recipient": "+4799999999",
                "notificationId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
                "timeToLive": 360,
            },
        ),
        replies={
            **REFUSED,
            200: _HANDED_IN,
            400: _INVALID,
            500: _NOT_TAKEN,
        },
    ),
    Route(
        name="handInEmail",
        method="POST",
        path=EMAIL,
        access=Access.OPERATOR,
        tag="Internal",
        summary="Hand an e-mail in, to be handed over at once",
        words=_WORDS,
        takes=Body(
            media_types=["application/json"],
            kind=EmailHandedInRequest,
            example={
                "sender": "noreply@altinn.cloud",
                "recipient": "kari@example.org",
                "subject": "Your code",
                "body": "It is 4711",
                "contentType": "Plain",
                "notificationId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
            },
        ),
        replies={
            **REFUSED,
            202: _HANDED_IN,
            400: _INVALID,
            500: _NOT_TAKEN,
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """Which secret the installation's own systems bear, and whose orders theirs are."""

    secret: str | None = field(repr=False)
    """Without one nobody may hand anything in."""
    owner: str


def internal(
    application: Application,
    own: Internal,
    rules: Callable[[Caller], Rules],
    limits: BodyLimits,
) -> list[ASGIRouteHandler]:
    """The doors of the installation's own systems."""
    caller = Caller(owner=own.owner)
    by = Actor(role=Role.OWNER, name=own.owner)

    def taking(read: InstantReader, status: int) -> Endpoint:
        async def take(scope: Scope, receive: Receive) -> Answer:
            check_media_type(scope, JSON_TYPES, may_be_missing=False)
            check_secret(scope, own.secret)
            body = await read_body(scope, receive, limits)
            asked, warning = await read_and_looked_through(read, body, rules(caller))
            command = PlaceInstant(idempotency_key=asked.idempotency_key, order=asked.order, by=by)
            try:
                with telling_faults_of(asked.order):
                    receipt = await application.instant.place(command)
            except HandoverFailedError:
                raise NotTakenOverError from None
            return Answer(status, headers=(*warning, *rate_limit(receipt.standing)))

        return take

    return [
        door(SMS, POST=taking(read_sms_handed_in, 200)),
        door(EMAIL, POST=taking(read_email_handed_in, 202)),
    ]
