"""The doors at which providers tell what became of notifications, each as its kind of provider has it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from application.assembly import Application
from application.ports.provider_kind import (
    Login,
    MailDoor,
    ReportDoor,
    Reporting,
    ReportReader,
    Secret,
)
from application.ports.report_inbox import Report
from domain import limits
from entrypoints.http.transport.bodies import BodyLimits, beside_the_loop, read_beginning
from entrypoints.http.transport.contract import Access, Body, Endpoint, Parameter, Reply, Route
from entrypoints.http.transport.credentials import by_login, by_secret
from entrypoints.http.transport.errors import UnreadableReportError
from entrypoints.http.transport.mounting import Door, mounted
from entrypoints.http.transport.problem_types import PlainProblem
from entrypoints.http.transport.responses import Answer

_TAG: Final = "Delivery reports"


def report_handlers(reporting: Iterable[Reporting]) -> Iterator[HTTPRouteHandler]:
    """What answers at the doors by which somebody can come in."""
    for each in reporting:
        if each.credentials is not None:
            route = report_route(each.door)
            yield from mounted([route], {route.access: _let_in_by(each.credentials)})


def _let_in_by(known: Login | Secret) -> Door:
    match known:
        case Login():
            return by_login(known.user, known.password)
        case Secret():
            return by_secret(known.text)


def report_route(door: ReportDoor | MailDoor) -> Route:
    """What is served at a provider's door, and how it is described."""
    return _of_reports(door) if isinstance(door, ReportDoor) else _of_mails(door)


def _of_reports(door: ReportDoor) -> Route:
    is_query = door.method == "GET"
    takes = Body(
        media_types=door.media_types,
        also_read=door.also_read,
        may_be_unnamed=True,
        example=door.example,
    )
    acknowledged = door.acknowledgement
    kept = (
        Reply(words="It has been kept.")
        if acknowledged is None
        else Reply(words=acknowledged.words, media_type=acknowledged.media_type)
    )
    unreadable = f"The {'query' if is_query else 'body'} cannot be read as a delivery report."
    return Route(
        name=door.operation,
        method=door.method,
        path=door.path,
        access=Access.SMS_GATEWAY,
        tag=_TAG,
        summary=door.summary,
        words=door.words,
        parameters=[
            Parameter(
                name=each.name,
                place="query",
                words=each.words,
                kind=each.kind,
                most=limits.WORD if each.kind == "string" else None,
                is_required=each.is_required,
                example=each.example,
            )
            for each in door.query
        ],
        takes=None if is_query else takes,
        replies={200: kept, 400: Reply(words=unreadable, kind=PlainProblem)},
        refusals={},
        endpoint=_taking_queries(door) if is_query else _taking_bodies(door),
    )


def _taking_queries(door: ReportDoor) -> Endpoint:
    async def take_report(
        request: Request[Any, Any, Any], application: NamedDependency[Application]
    ) -> Answer:
        return await _kept(door, request.scope["query_string"], application)

    return take_report


def _taking_bodies(door: ReportDoor) -> Endpoint:
    async def take_reports(
        content: NamedDependency[bytes], application: NamedDependency[Application]
    ) -> Answer:
        return await _kept(door, content, application)

    return take_reports


async def _kept(door: ReportDoor, told: bytes, application: Application) -> Answer:
    """Keep what a provider told, and only then acknowledge it."""
    reports = await beside_the_loop(len(told), lambda: _read(door.read, told))
    await application.delivery_reports.keep(reports)
    if (acknowledged := door.acknowledgement) is None:
        return Answer(200)
    answer = await beside_the_loop(len(told), lambda: acknowledged.write(told))
    return Answer(200, answer, f"{acknowledged.media_type}; charset=utf-8".encode())


def _of_mails(door: MailDoor) -> Route:
    read = door.open_reader()

    async def take_mail(
        request: Request[Any, Any, Any],
        limits: NamedDependency[BodyLimits],
        application: NamedDependency[Application],
    ) -> None:
        body = await read_beginning(request.scope, request.receive, limits)
        await application.delivery_reports.keep_mail(body, await read(body))

    return Route(
        name=door.operation,
        method="POST",
        path=door.path,
        access=Access.MAIL_SERVER,
        tag=_TAG,
        summary=door.summary,
        words=door.words,
        parameters=(),
        takes=Body(media_types=["message/rfc822"], is_checked=False),
        replies={
            204: Reply(words="It has been kept."),
            400: Reply(words="How long it is was not told in one number.", kind=PlainProblem),
        },
        refusals={},
        endpoint=take_mail,
    )


def _read(read: ReportReader, told: bytes) -> Sequence[Report]:
    """Read what a provider told.

    Raises:
        UnreadableReportError: it is no delivery report.
    """
    try:
        return read(told)
    except ValueError:
        raise UnreadableReportError from None
