"""The doors at which providers tell what became of notifications."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler

from application.assembly import Application
from application.ports.report_inbox import Report
from application.ports.unread_mail import MailRead
from entrypoints.http.transport.bodies import (
    XML_TYPES,
    BodyLimits,
    beside_the_loop,
    check_media_type,
    read_beginning,
    read_body,
)
from entrypoints.http.transport.contract import Access, Body, Reply, Route
from entrypoints.http.transport.credentials import check_login, check_secret
from entrypoints.http.transport.errors import UnreadableReportError
from entrypoints.http.transport.problem_types import PlainProblem
from entrypoints.http.transport.responses import XML, Answer

ReportReader: TypeAlias = Callable[[bytes], Sequence[Report]]
"""Reads what a provider sent, be it a body or a query; raises a `ValueError` for what is no report."""

MailReader: TypeAlias = Callable[[bytes], Awaitable[MailRead]]
"""Reads a mail as it was received; raises `ReaderUnavailableError` where that cannot be done now."""

SMS_REPORTS: Final = "/notifications/sms/api/v1/reports"
EMAIL_REPORTS: Final = "/notifications/email/api/v1/reports"

_UNREADABLE: Final = Reply(words="The body cannot be read as a delivery report.", kind=PlainProblem)

ROUTES: Final = (
    Route(
        name="takeSmsReports",
        method="POST",
        path=SMS_REPORTS,
        access=Access.SMS_GATEWAY,
        tag="Delivery reports",
        summary="Delivery reports of the SMS gateway",
        words="In LINK Mobility's XML. What is acknowledged has been kept.",
        takes=Body(
            media_types=["application/xml", "text/plain"],
            example=(
                '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><REF>2C4D1A</REF>'
                "<RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG></MSGLST>"
            ),
        ),
        replies={
            200: Reply(words="An acknowledgement of each report.", media_type="application/xml"),
            400: _UNREADABLE,
        },
    ),
    Route(
        name="takeEmailReports",
        method="POST",
        path=EMAIL_REPORTS,
        access=Access.MAIL_SERVER,
        tag="Delivery reports",
        summary="Delivery status notifications of mail servers",
        words=(
            "One message as it was received (RFC 3464). What is answered has been kept, also what tells "
            "nothing of a notification, so that nobody has to hand it in again. Of a message that is "
            "longer than any body may be, the beginning is enough."
        ),
        takes=Body(media_types=["message/rfc822"], is_checked=False),
        replies={
            204: Reply(words="It has been kept."),
            400: Reply(words="How long it is was not told in one number.", kind=PlainProblem),
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReports:
    """How the SMS gateway reports: by which user and password, and how that is read and answered."""

    user: str
    password: str = field(repr=False)
    read: ReportReader
    acknowledge: Callable[[bytes], bytes]
    """Writes what makes the gateway forget the reports of a body that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailReports:
    """How delivery status messages are handed in: by which secret, and how they are read."""

    secret: str = field(repr=False)
    read: MailReader


def sms_reports(sms: SmsReports, application: Application, limits: BodyLimits) -> HTTPRouteHandler:
    """The door for the SMS gateway's delivery reports, which it acknowledges in XML."""
    login = f"{sms.user}:{sms.password}".encode()

    @post(SMS_REPORTS)
    async def take_sms_reports(request: Request[Any, Any, Any]) -> Answer:
        """Keep what the SMS gateway tells."""
        check_media_type(request.scope, XML_TYPES, may_be_missing=True)
        check_login(request.scope, login)
        body = await read_body(request.scope, request.receive, limits)
        reports = await beside_the_loop(len(body), lambda: read_reports(sms.read, body))
        await application.delivery_reports.keep(reports)
        answer = await beside_the_loop(len(body), lambda: sms.acknowledge(body))
        return Answer(200, answer, XML)

    return take_sms_reports


def email_reports(
    email: EmailReports, application: Application, limits: BodyLimits
) -> HTTPRouteHandler:
    """The door for delivery status messages (RFC 3464), as a mail server received them."""

    @post(EMAIL_REPORTS)
    async def take_email_reports(request: Request[Any, Any, Any]) -> Answer:
        """Keep what a mail server tells."""
        check_secret(request.scope, email.secret)
        body = await read_beginning(request.scope, request.receive, limits)
        await application.delivery_reports.keep_mail(body, await email.read(body))
        return Answer(204)

    return take_email_reports


def read_reports(read: ReportReader, told: bytes) -> Sequence[Report]:
    """Read what a provider told.

    Raises:
        UnreadableReportError: it is no delivery report.
    """
    try:
        return read(told)
    except ValueError:
        raise UnreadableReportError from None
