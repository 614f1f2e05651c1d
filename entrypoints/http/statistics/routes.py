"""The figures: a page by month, and yesterday's notifications as files, for those who have the key.

The page is also for support.
"""

import base64
import hashlib
import hmac
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.types import Scope
from msgspec import Struct

from application.assembly import Application
from application.caller import SUPPORT
from application.ports.result_index import OwnerFigures
from application.queries.statistics import Ended
from domain.channel import Channel
from entrypoints.http.statistics.columns import COLUMNS, figure_of
from entrypoints.http.transport.authentication import HTML_RANGES, Authenticator
from entrypoints.http.transport.contract import Access, Body, Endpoint, Reply, Route, operation
from entrypoints.http.transport.errors import WrongCredentialsError
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.mounting import Door
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.transport.problems import as_response
from entrypoints.http.transport.responses import JSON, Answer, in_json
from entrypoints.http.transport.tracing import trail
from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.validation.wire_struct import WireStruct


class MonthRequest(WireStruct, frozen=True, kw_only=True):
    """The month of which the figures are asked for, in a form."""

    month: int
    year: int


PAGE: Final = f"{BASE}/metrics"
_HTML: Final = b"text/html; charset=utf-8"
_PARQUET: Final = "application/octet-stream"
_POLICY: Final = (
    b"content-security-policy",
    (
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        b"frame-ancestors 'none'"
    ),
)
_KEY: Final = b"x-api-key"
_API_KEY: Final = b"ApiKey"
_CHALLENGE: Final = (b"www-authenticate", _API_KEY)
_LARGEST: Final = 1024
_FIELDS: Final = 16
"""Bytes, and fields, of a form that names a month."""
_DIGITS: Final = re.compile(r"[0-9]{1,4}")
_YEARS: Final = range(2000, 9000)

WriteTable: TypeAlias = Callable[
    [Mapping[str, str], AsyncIterator[Sequence[object]]], Awaitable[tuple[bytes, int]]
]
"""Writes rows into one file; gives the file, and how many rows it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What the figures need beside the application: who may have the files, and how they are written."""

    key: str | None
    """The key that the files are asked for with; without one nobody gets them."""
    environment: str
    """What this installation is called in the files' names."""
    write: WriteTable
    clock: Callable[[], datetime]


class MetricsRefusal(Struct, frozen=True):
    """Why there is no file."""

    error: str


_HEADERS: Final[Mapping[str, str]] = {
    "Content-Disposition": "The file's name: the day, the channel and the environment.",
    "X-File-Hash": "The MD5 of the file, in base64.",
    "X-File-Size": "Bytes.",
    "X-Total-FileTransfer-Count": "How many notifications it holds.",
    "X-Generated-At": "When it was made.",
    "X-Environment": "What the installation is called.",
}

_SHOWN: Final = Reply(words="The page.", media_type="text/html")


class NoKeyError(Exception):
    """Whoever asks for the files does not bear the key."""


def _say_why(request: Request[Any, Any, Any], error: NoKeyError) -> Response[bytes]:
    trail(request.scope).code = "wrong_key"
    body = in_json(MetricsRefusal(str(error)))
    return as_response(Answer(401, body, JSON, (_CHALLENGE,)))


def by_key(key: str | None) -> Door:
    """Let in who bears the key."""

    async def door(scope: Scope) -> None:
        if (refusal := _refusal(scope, key)) is not None:
            raise NoKeyError(refusal)

    return door


def by_key_or_token(key: str | None, authenticator: Authenticator) -> Door:
    """Let in who bears the key, or a token of support's."""

    async def door(scope: Scope) -> None:
        if not any(name == _KEY for name, _ in scope["headers"]):
            await authenticator.authenticate(scope, SUPPORT, gives=HTML_RANGES)
        elif _refusal(scope, key) is not None:
            raise WrongCredentialsError(_API_KEY)

    return door


@operation(
    "GET",
    PAGE,
    name="showMetrics",
    access=Access.FIGURES,
    tag="Figures",
    replies={200: _SHOWN},
)
async def show_metrics(
    application: NamedDependency[Application], figures: NamedDependency[Metrics]
) -> Answer:
    """What was sent this month, by owner."""
    now = figures.clock()
    return await _shown(now.year, now.month, application)


@operation(
    "POST",
    PAGE,
    name="showMetricsOfMonth",
    access=Access.FIGURES,
    tag="Figures",
    takes=Body(
        media_types=["application/x-www-form-urlencoded"],
        most_bytes=_LARGEST,
        kind=MonthRequest,
        example={"month": 9, "year": 2026},
    ),
    replies={200: _SHOWN, 400: Reply(words="There is no such month.", kind=ValidationProblem)},
)
async def show_metrics_of_month(
    content: NamedDependency[bytes], application: NamedDependency[Application]
) -> Answer:
    """What was sent in a month, by owner.

    A form with `month` and `year`; the month is that of the requested send time (UTC).
    """
    return await _shown(*_read_month(content), application)


async def _shown(year: int, month: int, application: Application) -> Answer:
    told = _page(year, month, await application.statistics.month(year, month))
    return Answer(200, told.encode(), _HTML, (_POLICY,))


def _collecting(channel: Channel) -> Callable[[Endpoint], Route]:
    return operation(
        "POST",
        f"{PAGE}/{channel}",
        name=f"collect{channel.capitalize()}Metrics",
        access=Access.METRICS,
        tag="Figures",
        words="As an Apache Parquet file; the day is that of UTC.",
        replies={
            200: Reply(words="The file.", media_type=_PARQUET, headers=_HEADERS),
            401: Reply(
                words="The key is missing or wrong, or the installation has none.",
                kind=MetricsRefusal,
                media_type="application/json",
                headers={"WWW-Authenticate": "`ApiKey`"},
                example={"error": "API key required: send it in the header X-API-Key"},
            ),
        },
        refusals={NoKeyError: _say_why},
    )


@_collecting(Channel.EMAIL)
async def collect_email_metrics(
    application: NamedDependency[Application], figures: NamedDependency[Metrics]
) -> Answer:
    """Every e-mail that got its final result yesterday."""
    return await _file(Channel.EMAIL, application, figures)


@_collecting(Channel.SMS)
async def collect_sms_metrics(
    application: NamedDependency[Application], figures: NamedDependency[Metrics]
) -> Answer:
    """Every text message that got its final result yesterday."""
    return await _file(Channel.SMS, application, figures)


ROUTES: Final = (show_metrics, show_metrics_of_month, collect_email_metrics, collect_sms_metrics)


async def _file(channel: Channel, application: Application, figures: Metrics) -> Answer:
    day, ended = await application.statistics.yesterday(channel)
    content, count = await figures.write(COLUMNS[channel], _rows(ended))
    name = f"{day:%Y%m%d}_{channel}_notifications_{figures.environment}.parquet"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "x-file-hash": _md5(content),
        "x-file-size": str(len(content)),
        "x-total-filetransfer-count": str(count),
        "x-generated-at": figures.clock().isoformat().replace("+00:00", "Z"),
        "x-environment": figures.environment,
    }
    return Answer(
        200,
        content,
        _PARQUET.encode(),
        tuple((name.encode(), value.encode()) for name, value in headers.items()),
    )


async def _rows(ended: AsyncIterator[Ended]) -> AsyncIterator[Sequence[object]]:
    async for each in ended:
        yield figure_of(each)


def _md5(content: bytes) -> str:
    # Not for secrecy: receivers compare it with what arrived.
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _refusal(scope: Scope, key: str | None) -> str | None:
    """Why whoever asks gets no figures; None if they bear the key."""
    given = [value for name, value in scope["headers"] if name == _KEY]
    if not given:
        return "API key required: send it in the header X-API-Key"
    if len(given) > 1 or not given[0].strip():
        return "the API key in the header X-API-Key is empty, or given more than once"
    if key is None:
        return "this installation has no API key; its operator sets VARSEL_METRICS_KEY"
    if not hmac.compare_digest(given[0], key.encode()):
        return "the API key is wrong"
    return None


def _read_month(body: bytes) -> tuple[int, int]:
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_FIELDS)
        fields = {name.lower(): value for name, value in pairs}
    except ValueError:
        fields = {}
    errors: dict[str, Sequence[str]] = {}
    numbers: dict[str, int] = {}
    for name, allowed in (("month", range(1, 13)), ("year", _YEARS)):
        text = fields.get(name, "").strip()
        number = int(text) if _DIGITS.fullmatch(text) else -1
        if number not in allowed:
            errors[name] = [f"give a {name} from {allowed[0]} to {allowed[-1]}"]
        numbers[name] = number
    if errors:
        raise InvalidRequestError(errors)
    return numbers["year"], numbers["month"]


_ROW: Final = (
    "<tr><th scope=row>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
)


def _page(year: int, month: int, figures: Sequence[OwnerFigures]) -> str:
    rows = "\n".join(
        _ROW.format(
            html.escape(each.owner),
            each.orders,
            each.emails,
            each.emails_succeeded,
            each.text_messages,
            each.text_messages_succeeded,
        )
        for each in figures
    )
    months = "".join(
        f"<option{' selected' if each == month else ''}>{each}</option>" for each in range(1, 13)
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Notifications in {year}-{month:02}</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
  table {{ border-collapse: collapse; width: 100% }}
  th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: right }}
  th:first-child {{ text-align: left }}
</style>
<h1>Notifications in {year}-{month:02}</h1>
<p>Of the orders whose requested send time lies in the month (UTC). A notification has succeeded
when its provider took it over and has not said since that it failed.</p>
<form method="post" action="{PAGE}">
  <label>Month <select name="month">{months}</select></label>
  <label>Year <input name="year" type="number" min="{_YEARS[0]}" max="{_YEARS[-1]}" value="{year}"></label>
  <button>Show</button>
</form>
<table>
<thead><tr><th scope=col>Owner</th><th scope=col>Orders</th>
<th scope=col>E-mails</th><th scope=col>succeeded</th>
<th scope=col>Text messages</th><th scope=col>succeeded</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</html>
"""
