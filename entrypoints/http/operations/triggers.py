"""What a cron calls elsewhere.

Nothing here waits for a cron: orders are carried out when they are due.
The paths stay, behind a secret, for those who have something set up that calls them.
"""

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency
from litestar.types import Scope

from entrypoints.http.transport.bodies import JSON_TYPES, BodyLimits, check_media_type, read_body
from entrypoints.http.transport.contract import Access, Reply, Route, operation
from entrypoints.http.transport.credentials import check_secret
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.mounting import Door
from entrypoints.http.transport.problem_types import PlainProblem

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


def by_secret(secret: str | None) -> Door:
    """Let in what bears the secret, and says of its body that it is JSON if it says anything."""

    async def door(scope: Scope) -> None:
        check_media_type(scope, JSON_TYPES, may_be_missing=True)
        check_secret(scope, secret)

    return door


def _trigger(name: str) -> Route:
    @operation(
        "POST",
        f"{BASE}/trigger/{name.lower()}",
        name=f"trigger{name[:1].upper()}{name[1:]}",
        access=Access.OPERATOR,
        tag="Service",
        replies={
            200: Reply(words="Nothing was to be done."),
            408: Reply(words="The body did not arrive in time.", kind=PlainProblem),
            413: Reply(words="The body is too large.", kind=PlainProblem),
            415: Reply(words="The body is said to be something else.", kind=PlainProblem),
        },
    )
    async def knock(request: Request[Any, Any, Any], limits: NamedDependency[BodyLimits]) -> None:
        """Does nothing, since nothing waits for it.

        Kept for those who have a cron that calls it.
        """
        await read_body(request.scope, request.receive, limits.within(_LARGEST))

    return knock


ROUTES: Final = tuple(map(_trigger, NAMES))
