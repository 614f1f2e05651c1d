"""What support sees: the notifications to one person or organisation, whoever ordered them.

The number stands in a header, so that it is in no address and in nobody's log.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
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
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import Access, Parameter, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.transport.responses import Answer, left_out, told

Clock: TypeAlias = Callable[[], datetime]

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


@operation(
    "GET",
    PERSONS,
    name="findSentToPerson",
    access=Access.SUPPORT,
    tag="Support",
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
)
async def find_sent_to_person(
    request: Request[Caller, Any, Any],
    application: NamedDependency[Application],
    clock: NamedDependency[Clock],
) -> Answer:
    """What was sent to a person."""
    return await _sent(read_person(request.scope), request, application, clock)


@operation(
    "GET",
    ORGANISATIONS,
    name="findSentToOrganisation",
    access=Access.SUPPORT,
    tag="Support",
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
)
async def find_sent_to_organisation(
    request: Request[Caller, Any, Any],
    application: NamedDependency[Application],
    clock: NamedDependency[Clock],
) -> Answer:
    """What was sent to an organisation."""
    return await _sent(read_organisation(request.scope), request, application, clock)


async def _sent(
    recipient: Person | Organisation,
    request: Request[Caller, Any, Any],
    application: Application,
    clock: Clock,
) -> Answer:
    since, until = read_period(request.scope["query_string"], clock())
    sent = application.support.sent_to(
        recipient, since=since, until=until, by=actor(request.user, Role.SUPPORT)
    )
    answers: list[SentAnswer] = []
    spoilt: list[OrderId] = []
    async for each in sent:
        if isinstance(each, Unreadable):
            spoilt.append(each.order_id)
        else:
            answers.append(sent_to(recipient, each))
    return told(answers, headers=left_out(spoilt))


ROUTES: Final = (find_sent_to_person, find_sent_to_organisation)
