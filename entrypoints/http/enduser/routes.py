"""What people see of what was sent to them, in the dialogues that it belongs to."""

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import EndUser
from application.queries.enduser_log import Reader
from domain import limits
from domain.recipient import Person
from entrypoints.http.enduser.requests import read_dialogue
from entrypoints.http.enduser.responses import LogEntryAnswer, logged
from entrypoints.http.transport.contract import Access, Parameter, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.responses import Answer, left_out, told

LOG: Final = f"{BASE}/future/enduser/log"


@operation(
    "GET",
    LOG,
    name="readEnduserLog",
    access=Access.END_USER,
    tag="End users",
    parameters=[
        Parameter(
            name="dialogId",
            place="query",
            words="The dialogue, a UUID.",
            format="uuid",
            most=limits.WORD,
            example="2d000000-0000-4000-8000-000000000001",
        ),
        Parameter(
            name="transmissionId",
            place="query",
            words="One transmission in it, a UUID; all of the dialogue, if it is left out.",
            format="uuid",
            most=limits.WORD,
            is_required=False,
            example="3e000000-0000-4000-8000-000000000001",
        ),
    ],
    replies={
        200: Reply(
            words="The notifications, the oldest first; none is no error.",
            kind=list[LogEntryAnswer],
            example=[
                {
                    "notificationId": "1c000000-0000-4000-8000-000000000001",
                    "dialogId": "2d000000-0000-4000-8000-000000000001",
                    "transmissionId": None,
                    "type": "Notification",
                    "channel": "Email",
                    "destination": "kari@example.org",
                    "status": "Delivered",
                    "requestedSendTime": "2026-09-01T06:04:00Z",
                    "lastUpdateTime": "2026-09-01T06:04:11Z",
                }
            ],
        ),
        400: Reply(
            words="The dialogue is missing, or one of the two ids is no UUID.",
            kind=ValidationProblem,
        ),
        503: Reply(
            words=(
                "It cannot be done now, as where nobody can tell whether the person may act for an "
                "organisation (`authority_undecided`); try again after the time that is told."
            ),
            kind=PlainProblem,
            headers={"Retry-After": "Seconds."},
        ),
    },
)
async def read_enduser_log(
    request: Request[EndUser, Any, Any], application: NamedDependency[Application]
) -> Answer:
    """What was sent in a dialogue, to whoever asks and to organisations that they may act for.

    Also what waits, and what came to nothing. Somebody else's own address is not told: its
    `destination` is empty. A dialogue that nobody knows, and one with nothing for whoever asks, are
    answered alike.
    """
    dialogue_id, transmission_id = read_dialogue(request.scope["query_string"])
    user = request.user
    reader = Reader(person=Person(user.person), user=None if user.user is None else user.user.text)
    log = await application.enduser_log.of_dialogue(dialogue_id, transmission_id, reader=reader)
    return told([logged(dialogue_id, each) for each in log.entries], headers=left_out(log.spoilt))


ROUTES: Final = (read_enduser_log,)
