"""The door at which a Kannel gateway tells what became of text messages.

Kannel makes a GET for each report, by the address that came with the message. It says who it is by
HTTP Basic; nothing in the query is a secret or tells of a person. It takes 200 for an
acknowledgement, and with `http-request-retry` comes again after anything else.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from application.ports.report_inbox import Report
from entrypoints.http.answering import Answer
from entrypoints.http.contract import Access, Parameter, Reply, Route
from entrypoints.http.doors import door
from entrypoints.http.problem_families import PlainProblem
from entrypoints.http.refusals import UnreadableReportError, WrongCredentialsError
from entrypoints.http.secrets import credentials
from entrypoints.http.services import Services

QueryReader: TypeAlias = Callable[[bytes], Sequence[Report]]
"""Reads the query that a provider came with; raises a `ValueError` for what is no report."""

KANNEL_REPORTS: Final = "/notifications/sms/api/v1/kannel/reports"

_BASIC: Final = b'Basic realm="delivery reports", charset="UTF-8"'

ROUTES: Final = (
    Route(
        name="takeKannelReport",
        method="GET",
        path=KANNEL_REPORTS,
        access=Access.SMS_GATEWAY,
        tag="Delivery reports",
        summary="Delivery reports of a Kannel gateway",
        words="One report, as the gateway's `dlr-url` asks for. What is acknowledged has been kept.",
        parameters=(
            Parameter(
                name="token",
                place="query",
                words="The attempt that it is about.",
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
                is_required=False,
                example="",
            ),
        ),
        replies={
            200: Reply(words="It has been kept."),
            400: Reply(words="The query cannot be read as a delivery report.", kind=PlainProblem),
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KannelReports:
    """How a Kannel gateway reports: by which user and password, and how that is read."""

    user: str
    password: str = field(repr=False)
    read: QueryReader


def kannel_reports(kannel: KannelReports, services: Services) -> ASGIRouteHandler:
    """The door for a Kannel gateway's delivery reports."""
    expected = f"{kannel.user}:{kannel.password}".encode()

    async def take(scope: Scope, receive: Receive) -> Answer:  # noqa: ARG001  # a GET has no body
        _check(scope, expected)
        try:
            reports = kannel.read(scope["query_string"])
        except ValueError:
            raise UnreadableReportError from None
        await services.reporting.keep(reports)
        return Answer(200)

    return door(KANNEL_REPORTS, GET=take)


def _check(scope: Scope, expected: bytes) -> None:
    try:
        told = base64.b64decode(credentials(scope, b"Basic"), validate=True)
    except binascii.Error:
        told = b""
    if not hmac.compare_digest(told, expected):
        raise WrongCredentialsError(_BASIC)
