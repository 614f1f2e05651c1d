"""Why each recipient of an order is notified where they are, or not at all: the owner's own look at it."""

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
from domain.order.events import OrderId
from entrypoints.http.resolution.responses import ResolutionAnswer, resolution
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import ORDER_ID, Parameter, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.validation.parameters import MOST_RECIPIENTS, read_recipients

_EXAMPLE: Final = {
    "orderId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
    "placedAt": "2026-09-01T10:00:00Z",
    "notificationChannel": "EmailPreferred",
    "ignoreReservation": False,
    "words": (
        "The order of ttd is to reach its recipients by e-mail, and by text message "
        "whoever has no e-mail address; nobody who has declined digital communication is notified."
    ),
    "recipientsTotal": 1,
    "recipients": [
        {
            "recipient": 0,
            "kind": "person",
            "words": "Recipient 0, a person",
            "lookups": [
                {
                    "stage": "resolved",
                    "at": "2026-09-01T10:00:01Z",
                    "outcome": "reached",
                    "words": "Reached by text message.",
                    "asked": [
                        {
                            "source": "krr",
                            "change": "4711004",
                            "asOf": "2026-09-01T09:50:00Z",
                            "ageInSeconds": 601,
                            "words": (
                                "The contact and reservation register (KRR) was asked, in our copy at "
                                "change 4711004; what it answered holds as of "
                                "2026-09-01T09:50:00+00:00, 10 minutes before."
                            ),
                        }
                    ],
                    "found": [
                        {
                            "channel": "sms",
                            "address": "+47 *** ** 123",
                            "source": "krr",
                            "words": (
                                "By text message at +47 *** ** 123, from the contact and reservation "
                                "register (KRR)."
                            ),
                        }
                    ],
                    "notUsed": [
                        {
                            "source": "krr",
                            "channel": "email",
                            "reason": "outdated",
                            "rule": {"basis": "law", "source": "eForvaltningsforskriften § 32"},
                            "words": (
                                "Not used: the e-mail address in the contact and reservation register "
                                "(KRR), since it was neither changed nor confirmed in the last 18 "
                                "months (eForvaltningsforskriften § 32)."
                            ),
                        }
                    ],
                    "missing": [],
                    "foundTotal": 1,
                    "notUsedTotal": 1,
                }
            ],
        }
    ],
}


@operation(
    "GET",
    f"{BASE}/orders/{{id}}/resolution",
    name="explainResolution",
    tag="History",
    parameters=[
        ORDER_ID,
        Parameter(
            name="recipient",
            place="query",
            words="The first recipient that is explained, by their place in the order from 0.",
            kind="integer",
            is_required=False,
            example=0,
        ),
        Parameter(
            name="pageSize",
            place="query",
            words=f"At most so many recipients, from 1 to {MOST_RECIPIENTS}; beyond, the nearest.",
            kind="integer",
            is_required=False,
            example=1,
        ),
    ],
    replies={
        200: Reply(words="The explanation.", example=_EXAMPLE),
        400: Reply(
            words="The id is no GUID, or a parameter cannot be read.", kind=ValidationProblem
        ),
        404: Reply(words="There is no such order of this owner.", kind=PlainProblem),
    },
)
async def explain_resolution(
    request: Request[Any, Any, Any],
    its_id: NamedDependency[OrderId],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> ResolutionAnswer:
    """Why each recipient is notified where they are, or not at all.

    When the order was placed and before it was sent: what was asked, what was found (masked), and what
    was not used, by which rule. In codes, and in sentences for people. An answer shows 2000 contact
    points at most, and as many that were not used, shared evenly among its recipients; each look-up says
    how many there are, and one recipient alone (`recipient=3&pageSize=1`) has all of that share.
    """
    page = read_recipients(request.scope["query_string"])
    return resolution(await application.resolution.explain(its_id, by=actor(caller), page=page))


ROUTES: Final = (explain_resolution,)
