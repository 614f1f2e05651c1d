"""The doors that a cron knocks at elsewhere.

Nothing here waits for a cron: orders are carried out when they are due.
The doors stay, behind a secret, for those who have something set up that knocks at them.
"""

from typing import Final

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from entrypoints.http.transport.asgi_routes import door
from entrypoints.http.transport.bodies import JSON_TYPES, BodyLimits, check_media_type, read_body
from entrypoints.http.transport.contract import Access, Reply, Route
from entrypoints.http.transport.credentials import check_secret
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import PlainProblem
from entrypoints.http.transport.responses import Answer

NAMES: Final = (
    "pastDueOrders",
    "sendEmail",
    "sendSms",
    "sendSmsAnytime",
    "sendSmsDaytime",
    "terminateExpiredNotifications",
    "deleteOldStatusFeedRecords",
)


_LARGEST: Final = 16 * 1024
"""Bytes of a request, which is not looked at."""


def _path(name: str) -> str:
    return f"{BASE}/trigger/{name.lower()}"


ROUTES: Final = tuple(
    Route(
        name=f"trigger{name[:1].upper()}{name[1:]}",
        method="POST",
        path=_path(name),
        access=Access.OPERATOR,
        tag="Service",
        summary="Does nothing, since nothing waits for it",
        words="Kept for those who have a cron that calls it.",
        replies={
            200: Reply(words="Nothing was to be done."),
            408: Reply(words="The body did not arrive in time.", kind=PlainProblem),
            413: Reply(words="The body is too large.", kind=PlainProblem),
            415: Reply(words="The body is said to be something else.", kind=PlainProblem),
        },
    )
    for name in NAMES
)


def triggers(secret: str | None, limits: BodyLimits) -> list[ASGIRouteHandler]:
    """The doors of all triggers; without a secret nobody may come in."""

    async def knock(scope: Scope, receive: Receive) -> Answer:
        check_media_type(scope, JSON_TYPES, may_be_missing=True)
        check_secret(scope, secret)
        await read_body(scope, receive, limits.within(_LARGEST))
        return Answer(200)

    return [door(_path(name), POST=knock) for name in NAMES]
