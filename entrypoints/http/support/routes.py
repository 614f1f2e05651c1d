"""What support sees: the notifications to one person or organisation, whoever ordered them.

The number stands in a header, so that it is in no address and in nobody's log.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from application.assembly import Application
from application.caller import SUPPORT
from application.envelope import Role
from application.queries.support import Unreadable
from domain import limits
from domain.order.events import OrderId
from domain.recipient import Organisation, Person
from entrypoints.http.support.requests import (
    ORGANISATION_HEADER,
    PERSON_HEADER,
    read_organisation,
    read_period,
    read_person,
)
from entrypoints.http.support.responses import SentAnswer, sent_to
from entrypoints.http.transport.asgi_routes import Endpoint, door
from entrypoints.http.transport.authentication import Authenticator, actor
from entrypoints.http.transport.contract import Access, Parameter, Reply, Route
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.transport.responses import Answer, left_out, told

_SENT: Final = f"{BASE}/future/dashboard/recipients/notifications"
PERSONS: Final = f"{_SENT}/nin"
ORGANISATIONS: Final = f"{_SENT}/orgnumber"

_PERIOD: Final = (
    Parameter(
        name="from",
        place="query",
        words="Sent from this moment on; seven days ago, if it is left out.",
        format="date-time",
        most=limits.WORD,
        is_required=False,
        example="2026-08-25T00:00:00Z",
    ),
    Parameter(
        name="to",
        place="query",
        words="And before this one; now, if it is left out.",
        format="date-time",
        most=limits.WORD,
        is_required=False,
        example="2026-09-01T00:00:00Z",
    ),
)
_REPLIES: Final = {
    200: Reply(
        words="The orders, the newest first; none is no error.",
        kind=list[SentAnswer],
        example=[
            {
                "shipmentId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
                "creatorName": "ttd",
                "sendersReference": "case-77",
                "requestedSendTime": "2026-09-01T06:04:00Z",
                "notificationChannel": "EmailPreferred",
                "notificationType": "Notification",
                "deliveryAttempts": [
                    {
                        "organizationNumber": "314022009",
                        "channel": "email",
                        "emailAddress": "kari@example.org",
                        "result": "Delivered",
                        "resultTime": "2026-09-01T06:04:11Z",
                    }
                ],
            }
        ],
    ),
    400: Reply(
        words="The number is missing or malformed, or the period is none.", kind=ValidationProblem
    ),
}

ROUTES: Final = (
    Route(
        name="findSentToPerson",
        method="GET",
        path=PERSONS,
        access=Access.SUPPORT,
        tag="Support",
        summary="What was sent to a person",
        parameters=[
            Parameter(
                name=PERSON_HEADER,
                place="header",
                words="The national identity number, eleven digits.",
                most=limits.NATIONAL_NUMBER,
                example="15859010099",
            ),
            *_PERIOD,
        ],
        replies=_REPLIES,
    ),
    Route(
        name="findSentToOrganisation",
        method="GET",
        path=ORGANISATIONS,
        access=Access.SUPPORT,
        tag="Support",
        summary="What was sent to an organisation",
        parameters=[
            Parameter(
                name=ORGANISATION_HEADER,
                place="header",
                words="The organisation number, nine digits.",
                most=limits.ORGANISATION_NUMBER,
                example="314022009",
            ),
            *_PERIOD,
        ],
        replies=_REPLIES,
    ),
)


def support(
    application: Application, authenticator: Authenticator, clock: Callable[[], datetime]
) -> list[ASGIRouteHandler]:
    """The doors of support."""

    def look_up(read: Callable[[Scope], Person | Organisation]) -> Endpoint:
        async def answer(scope: Scope, receive: Receive) -> Answer:  # noqa: ARG001  # an endpoint
            caller = await authenticator.authenticate(scope, SUPPORT)
            recipient = read(scope)
            since, until = read_period(scope["query_string"], clock())
            sent = application.support.sent_to(
                recipient, since=since, until=until, by=actor(caller, Role.SUPPORT)
            )
            answers: list[SentAnswer] = []
            spoilt: list[OrderId] = []
            async for each in sent:
                if isinstance(each, Unreadable):
                    spoilt.append(each.order_id)
                else:
                    answers.append(sent_to(recipient, each))
            return told(answers, headers=left_out(spoilt))

        return answer

    return [
        door(PERSONS, GET=look_up(read_person)),
        door(ORGANISATIONS, GET=look_up(read_organisation)),
    ]
