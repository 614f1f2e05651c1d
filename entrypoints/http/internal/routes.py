"""Where the installation's own systems hand messages in, to be handed over at once.

Each message is an instant order of the installation itself: on record before it leaves, and handed
over once for each `notificationId`.
"""

from dataclasses import dataclass, field
from typing import Final

from litestar.di import NamedDependency

from application.caller import Caller
from application.envelope import Actor, Role
from application.ordering.commands import HandoverFailedError
from entrypoints.http.internal.requests import (
    EmailHandedInRequest,
    SmsHandedInRequest,
    read_email_handed_in,
    read_sms_handed_in,
)
from entrypoints.http.placing.intake import InstantReader, Placing
from entrypoints.http.placing.replies import REFUSED, WARNED
from entrypoints.http.transport.contract import Access, Body, Reply, operation
from entrypoints.http.transport.errors import NotTakenOverError
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.rate_limits import rate_limit
from entrypoints.http.transport.responses import Answer

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """Which secret the installation's own systems bear, and whose orders theirs are."""

    secret: str | None = field(repr=False)
    """Without one nobody may hand anything in."""
    owner: str


@operation(
    "POST",
    SMS,
    name="handInSms",
    access=Access.OPERATOR,
    tag="Internal",
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
    replies={**REFUSED, 200: _HANDED_IN, 400: _INVALID, 500: _NOT_TAKEN},
)
async def hand_in_sms(
    content: NamedDependency[bytes],
    placing: NamedDependency[Placing],
    own: NamedDependency[Internal],
) -> Answer:
    """Hand a text message in, to be handed over at once."""
    return await _handed_in(read_sms_handed_in, content, placing, own, 200)


@operation(
    "POST",
    EMAIL,
    name="handInEmail",
    access=Access.OPERATOR,
    tag="Internal",
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
    replies={**REFUSED, 202: _HANDED_IN, 400: _INVALID, 500: _NOT_TAKEN},
)
async def hand_in_email(
    content: NamedDependency[bytes],
    placing: NamedDependency[Placing],
    own: NamedDependency[Internal],
) -> Answer:
    """Hand an e-mail in, to be handed over at once."""
    return await _handed_in(read_email_handed_in, content, placing, own, 202)


ROUTES: Final = (hand_in_sms, hand_in_email)


async def _handed_in(
    read: InstantReader, content: bytes, placing: Placing, own: Internal, status: int
) -> Answer:
    caller, by = Caller(owner=own.owner), Actor(role=Role.OWNER, name=own.owner)
    try:
        receipt, warning = await placing.now(read, content, caller, by)
    except HandoverFailedError:
        raise NotTakenOverError from None
    return Answer(status, headers=(*warning, *rate_limit(receipt.standing)))
