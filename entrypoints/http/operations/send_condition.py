"""A send condition to try things out with: it answers whatever it is asked to answer."""

from typing import Any, Final

from litestar import Request
from msgspec import Struct

from entrypoints.http.transport.contract import Access, Parameter, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.validation.parameters import read_condition

CONDITION: Final = f"{BASE}/tests/sendcondition"


class SendConditionAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether to send, as a sender's own endpoint would say it."""

    send_notification: bool


@operation(
    "GET",
    CONDITION,
    name="tryCondition",
    access=Access.OPEN,
    tag="Service",
    parameters=[
        Parameter(
            name="conditionMet",
            place="query",
            words="What it is to answer; no, if it is left out.",
            kind="boolean",
            is_required=False,
            example="true",
        )
    ],
    replies={
        200: Reply(words="What was asked for.", example={"sendNotification": True}),
        400: Reply(words="It is neither true nor false.", kind=ValidationProblem),
    },
)
async def try_condition(request: Request[Any, Any, Any]) -> SendConditionAnswer:
    """A send condition to try things out with."""
    return SendConditionAnswer(send_notification=read_condition(request.scope["query_string"]))


ROUTES: Final = (try_condition,)
