"""A send condition to try things out with: it answers whatever it is asked to answer."""

from typing import Final

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope
from msgspec import Struct

from entrypoints.http.transport.asgi_routes import door
from entrypoints.http.transport.contract import Access, Parameter, Reply, Route
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.transport.responses import Answer, told
from entrypoints.http.validation.parameters import read_condition

CONDITION: Final = f"{BASE}/tests/sendcondition"


class SendConditionAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether to send, as a sender's own endpoint would say it."""

    send_notification: bool


ROUTES: Final = (
    Route(
        name="tryCondition",
        method="GET",
        path=CONDITION,
        access=Access.OPEN,
        tag="Service",
        summary="A send condition to try things out with",
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
            200: Reply(
                words="What was asked for.",
                kind=SendConditionAnswer,
                example={"sendNotification": True},
            ),
            400: Reply(words="It is neither true nor false.", kind=ValidationProblem),
        },
    ),
)


def send_condition() -> ASGIRouteHandler:
    """The door of the condition."""

    async def answer(scope: Scope, receive: Receive) -> Answer:  # noqa: ARG001  # an endpoint
        return told(SendConditionAnswer(send_notification=read_condition(scope["query_string"])))

    return door(CONDITION, GET=answer)
