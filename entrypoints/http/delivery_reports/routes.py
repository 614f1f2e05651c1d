"""Where providers tell what became of notifications."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from application.ports.report_inbox import Report
from application.ports.unread_mail import MailRead
from entrypoints.http.transport.bodies import (
    BodyLimits,
    beside_the_loop,
    read_beginning,
)
from entrypoints.http.transport.contract import Access, Body, Reply, operation
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


@operation(
    "POST",
    SMS_REPORTS,
    name="takeSmsReports",
    access=Access.SMS_GATEWAY,
    tag="Delivery reports",
    takes=Body(
        media_types=["application/xml", "text/plain"],
        also_read=["text/xml"],
        may_be_unnamed=True,
        example=(
            '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><REF>2C4D1A</REF>'
            "<RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG></MSGLST>"
        ),
    ),
    replies={
        200: Reply(words="An acknowledgement of each report.", media_type="application/xml"),
        400: _UNREADABLE,
    },
)
async def take_sms_reports(
    content: NamedDependency[bytes],
    sms: NamedDependency[SmsReports],
    application: NamedDependency[Application],
) -> Answer:
    """Delivery reports of the SMS gateway.

    In LINK Mobility's XML. What is acknowledged has been kept.
    """
    reports = await beside_the_loop(len(content), lambda: read_reports(sms.read, content))
    await application.delivery_reports.keep(reports)
    answer = await beside_the_loop(len(content), lambda: sms.acknowledge(content))
    return Answer(200, answer, XML)


@operation(
    "POST",
    EMAIL_REPORTS,
    name="takeEmailReports",
    access=Access.MAIL_SERVER,
    tag="Delivery reports",
    takes=Body(media_types=["message/rfc822"], is_checked=False),
    replies={
        204: Reply(words="It has been kept."),
        400: Reply(words="How long it is was not told in one number.", kind=PlainProblem),
    },
)
async def take_email_reports(
    request: Request[Any, Any, Any],
    limits: NamedDependency[BodyLimits],
    email: NamedDependency[EmailReports],
    application: NamedDependency[Application],
) -> None:
    """Delivery status notifications of mail servers.

    One message as it was received (RFC 3464). What is answered has been kept, also what tells
    nothing of a notification, so that nobody has to hand it in again. Of a message that is longer
    than any body may be, the beginning is enough.
    """
    body = await read_beginning(request.scope, request.receive, limits)
    await application.delivery_reports.keep_mail(body, await email.read(body))


SMS_ROUTES: Final = (take_sms_reports,)
EMAIL_ROUTES: Final = (take_email_reports,)


def read_reports(read: ReportReader, told: bytes) -> Sequence[Report]:
    """Read what a provider told.

    Raises:
        UnreadableReportError: it is no delivery report.
    """
    try:
        return read(told)
    except ValueError:
        raise UnreadableReportError from None
