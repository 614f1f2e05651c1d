"""What was recorded of an order, and the order as it stood at a moment: the owner's own audit."""

from typing import Any, Final

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.assembly import Application
from application.caller import Caller
from domain import limits
from entrypoints.http.history.responses import AsAtAnswer, HistoryAnswer, as_at, history
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import ORDER_ID, Parameter, Reply, Route
from entrypoints.http.transport.links import BASE, Links
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.responses import Answer, told
from entrypoints.http.validation.parameters import read_moment, read_order_id

_NOT_FOUND: Final = Reply(words="There is no such order of this owner.", kind=PlainProblem)

ROUTES: Final = (
    Route(
        name="readHistory",
        method="GET",
        path=f"{BASE}/orders/{{id}}/history",
        tag="History",
        summary="Everything that was recorded of an order",
        words="In words, oldest first, with who and when; addresses and numbers masked.",
        parameters=[ORDER_ID],
        replies={
            200: Reply(words="The history.", kind=HistoryAnswer),
            400: Reply(words="The id is no GUID.", kind=ValidationProblem),
            404: _NOT_FOUND,
        },
    ),
    Route(
        name="readOrderAsAt",
        method="GET",
        path=f"{BASE}/orders/{{id}}/as-at",
        tag="History",
        summary="An order as it stood at a moment",
        words="From what had been recorded by then; what has been erased since stays erased.",
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
            200: Reply(words="The order as it stood.", kind=AsAtAnswer),
            400: Reply(words="The id is no GUID, or the moment no moment.", kind=ValidationProblem),
            404: _NOT_FOUND,
        },
    ),
)


class HistoriesController(Controller):
    """Lets owners look back."""

    path = f"{BASE}/orders/{{order_id:str}}"

    @get("/history")
    async def history(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
    ) -> Answer:
        """Everything that was recorded of an order, in words, with who and when."""
        its_id = read_order_id(order_id)
        lines = await application.audit.history(its_id, by=actor(request.user))
        return told(history(its_id, lines))

    @get("/as-at")
    async def as_at(
        self,
        order_id: FromPath[str],
        request: Request[Caller, Any, Any],
        application: NamedDependency[Application],
        links: NamedDependency[Links],
    ) -> Answer:
        """The order as it stood at a moment."""
        its_id = read_order_id(order_id)
        moment = read_moment(request.scope["query_string"])
        order = await application.audit.as_at(its_id, moment, by=actor(request.user))
        return told(as_at(moment, order, links))
