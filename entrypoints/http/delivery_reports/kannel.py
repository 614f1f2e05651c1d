"""Where a Kannel gateway tells what became of text messages.

Kannel makes a GET for each report, by the address that came with the message. It says who it is by
HTTP Basic; nothing in the query is a secret or tells of a person. It takes 200 for an
acknowledgement, and with `http-request-retry` comes again after anything else.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from domain import limits
from entrypoints.http.delivery_reports.routes import ReportReader, read_reports
from entrypoints.http.transport.contract import Access, Parameter, Reply, operation
from entrypoints.http.transport.problem_types import PlainProblem

KANNEL_REPORTS: Final = "/notifications/sms/api/v1/kannel/reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class KannelReports:
    """How a Kannel gateway reports: by which user and password, and how that is read."""

    user: str
    password: str = field(repr=False)
    read: ReportReader


@operation(
    "GET",
    KANNEL_REPORTS,
    name="takeKannelReport",
    access=Access.SMS_GATEWAY,
    tag="Delivery reports",
    parameters=(
        Parameter(
            name="token",
            place="query",
            words="The attempt that it is about.",
            most=limits.WORD,
            example="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
        Parameter(
            name="dlr",
            place="query",
            words="What has happened, by Kannel's number (`%d`).",
            kind="integer",
            example=1,
        ),
        Parameter(
            name="at",
            place="query",
            words="When the gateway heard of it, in seconds since 1970 (`%T`).",
            kind="integer",
            is_required=False,
            example=1767261385,
        ),
        Parameter(
            name="error",
            place="query",
            words="The carrier's error code: three bytes.",
            most=limits.WORD,
            is_required=False,
            example="",
        ),
    ),
    replies={
        200: Reply(words="It has been kept."),
        400: Reply(words="The query cannot be read as a delivery report.", kind=PlainProblem),
    },
)
async def take_kannel_report(
    request: Request[Any, Any, Any],
    kannel: NamedDependency[KannelReports],
    application: NamedDependency[Application],
) -> None:
    """Delivery reports of a Kannel gateway.

    One report, as the gateway's `dlr-url` asks for. What is acknowledged has been kept.
    """
    await application.delivery_reports.keep(
        read_reports(kannel.read, request.scope["query_string"])
    )


ROUTES: Final = (take_kannel_report,)
