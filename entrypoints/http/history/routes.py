"""What was recorded of an order, and the order as it stood at a moment: the owner's own audit."""

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
from domain import limits
from domain.order.events import OrderId
from entrypoints.http.history.responses import AsAtAnswer, HistoryAnswer, as_at, history
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import ORDER_ID, Parameter, Reply, operation
from entrypoints.http.transport.links import BASE, Links
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.validation.parameters import read_moment

_NOT_FOUND: Final = Reply(words="There is no such order of this owner.", kind=PlainProblem)


@operation(
    "GET",
    f"{BASE}/orders/{{id}}/history",
    name="readHistory",
    tag="History",
    parameters=[ORDER_ID],
    replies={
        200: Reply(words="The history."),
        400: Reply(words="The id is no GUID.", kind=ValidationProblem),
        404: _NOT_FOUND,
    },
)
async def read_history(
    its_id: NamedDependency[OrderId],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> HistoryAnswer:
    """Everything that was recorded of an order.

    In words, oldest first, with who and when; addresses and numbers masked.
    """
    return history(its_id, await application.audit.history(its_id, by=actor(caller)))


@operation(
    "GET",
    f"{BASE}/orders/{{id}}/as-at",
    name="readOrderAsAt",
    tag="History",
    parameters=[
        ORDER_ID,
        Parameter(
            name="moment",
            place="query",
            words="The moment, with its offset from UTC.",
            format="date-time",
            most=limits.WORD,
            example="2026-09-01T12:00:00Z",
        ),
    ],
    replies={
        200: Reply(words="The order as it stood."),
        400: Reply(words="The id is no GUID, or the moment no moment.", kind=ValidationProblem),
        404: _NOT_FOUND,
    },
)
async def read_order_as_at(
    its_id: NamedDependency[OrderId],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
    links: NamedDependency[Links],
    request: Request[Caller, Any, Any],
) -> AsAtAnswer:
    """An order as it stood at a moment.

    From what had been recorded by then; what has been erased since stays erased.
    """
    moment = read_moment(request.scope["query_string"])
    order = await application.audit.as_at(its_id, moment, by=actor(caller))
    return as_at(moment, order, links)


ROUTES: Final = (read_history, read_order_as_at)
