"""Kannel's provider: its promises and its reports with a real Kannel, its faults with others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typing_extensions import override

from adapters.channels.kannel.delivery_reports import read_kannel_report
from adapters.channels.kannel.provider import KannelProvider
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    Outcome,
    Trouble,
    withheld,
)
from application.ports.report_inbox import Report
from contracts.provider_contract import (
    ProviderContract,
    Stand,
    outcome,
    sms_letter,
)
from domain.order.events import Failure, ReportedState
from tests.adapters.channels.gateway_contract import (
    MINUTES,
    Answer,
    GatewayContract,
    ProviderAt,
    serving,
)
from tests.adapters.channels.kannel_server import (
    PASSWORD,
    USER,
    Caught,
    Gateway,
    running_kannel,
)
from tests.missing import skipped_where_missing

pytestmark = pytest.mark.service

REPORTS = "/notifications/sms/api/v1/kannel/reports"


@asynccontextmanager
async def kannel_at(url: str, **settings: Any) -> AsyncIterator[KannelProvider]:  # noqa: ANN401  # as the provider has them
    described = {
        "username": USER,
        "password": PASSWORD,
        "report_url": f"http://127.0.0.1:1{REPORTS}",
        "report_username": "gateway",
        "report_password": "open",
        "clock": lambda: datetime.now(UTC),
        **settings,
    }
    provider = KannelProvider("kannel", url, **described)
    yield provider
    await provider.aclose()


@pytest.fixture(scope="module")
def kannel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with (
        skipped_where_missing(),
        running_kannel(tmp_path_factory.mktemp("kannel")) as running,
    ):
        yield running


@pytest.fixture
async def provider(kannel: Gateway) -> AsyncIterator[KannelProvider]:
    async with kannel_at(kannel.url) as provider:
        yield provider


class TestKannelGateway(GatewayContract):
    @pytest.fixture
    def provider_at(self) -> ProviderAt:
        return kannel_at

    @pytest.fixture
    def accepts(self) -> Callable[[], web.Response]:
        return lambda: web.Response(status=202, text="0: Accepted for delivery")


class TestKannelProvider(ProviderContract):
    @override
    @pytest.fixture
    async def stand(self, kannel: Gateway, provider: KannelProvider) -> Stand:
        before = len(kannel.caught())
        return Stand(
            provider, lambda: [each.text for each in kannel.caught()[before:]], "+4799999905"
        )


# With the real Kannel


async def caught(kannel: Gateway, provider: KannelProvider, **letter: Any) -> list[Caught]:  # noqa: ANN401  # as a letter has them
    before = len(kannel.caught())
    assert isinstance(await outcome(provider, sms_letter(**letter)), HandoverAccepted)
    return kannel.caught()[before:]


async def test_an_accepted_message_is_known_by_its_token(provider: KannelProvider) -> None:
    letter = sms_letter()
    assert await outcome(provider, letter) == HandoverAccepted(letter.token)


@pytest.mark.parametrize(
    "text,is_ucs2",
    [
        ("Blåbær & <jordbær>\nkoster 3 € [{~}]", False),
        ("100 % + 20 %d = \\", False),
        ("Áhkkálaš čuođi", True),
        ("Hei 😀", True),
    ],
)
async def test_a_text_reaches_the_operator_as_it_was_written(
    kannel: Gateway, provider: KannelProvider, text: str, *, is_ucs2: bool
) -> None:
    (message,) = await caught(kannel, provider, body=text)
    assert (message.text, message.is_ucs2) == (text, is_ucs2)


async def test_a_long_text_is_carried_whole_in_several_parts(
    kannel: Gateway, provider: KannelProvider
) -> None:
    text = "Dette er et langt brev om blåbær. " * 12
    parts = await caught(kannel, provider, body=text)
    assert len(parts) == 3
    assert "".join(each.text for each in parts) == text


@pytest.mark.parametrize("sender", ["Altinn", "Nav Øst", "2077", "+4799999999"])
async def test_a_sender_is_shown_as_it_is(
    kannel: Gateway, provider: KannelProvider, sender: str
) -> None:
    (message,) = await caught(kannel, provider, sender=sender)
    assert message.sender == sender.lstrip("+")


@pytest.mark.parametrize("number", ["+4799999999", "004799999999", "+47 99 99 99 99"])
async def test_a_number_is_sent_with_its_country(
    kannel: Gateway, provider: KannelProvider, number: str
) -> None:
    (message,) = await caught(kannel, provider, to=number)
    assert message.number == "+4799999999"


async def test_a_message_lives_no_longer_than_it_is_worth(
    kannel: Gateway, provider: KannelProvider
) -> None:
    now = datetime.now(UTC)
    (message,) = await caught(kannel, provider, worth=3600)
    until = datetime.strptime(message.valid_until[:12], "%y%m%d%H%M%S").replace(tzinfo=UTC)
    assert now + timedelta(minutes=58) < until <= now + timedelta(minutes=60, seconds=2)


@pytest.mark.parametrize(
    "number,expected",
    [
        ("+4799999905", HandoverRejected(Failure.BARRED, "number_denied")),
        ("+4799999906", HandoverRejected(Failure.FAILED, "not_routable")),
    ],
)
async def test_a_number_that_the_gateway_refuses_is_rejected(
    provider: KannelProvider, number: str, expected: Outcome
) -> None:
    assert await outcome(provider, sms_letter(number)) == expected


@pytest.mark.parametrize("wrong", [{"username": "ola"}, {"password": "feil"}])
async def test_wrong_credentials_are_nobodys_rejection(
    kannel: Gateway, wrong: dict[str, str]
) -> None:
    async with kannel_at(kannel.url, **wrong) as provider:
        refused = await outcome(provider, sms_letter())
    assert refused == HandoverDeferred("credentials_refused", Trouble.REFUSES_US)


async def test_another_path_of_the_gateway_takes_nothing(kannel: Gateway) -> None:
    async with kannel_at(kannel.url.replace("sendsms", "send")) as provider:
        assert await outcome(provider, sms_letter()) == HandoverDeferred("http_404")


@pytest.mark.usefixtures("kannel")  # where there is none, this is skipped too
async def test_a_gateway_that_has_lost_its_operator_queues(tmp_path: Path) -> None:
    with running_kannel(tmp_path, is_bound=False) as alone:
        async with kannel_at(alone.url) as provider:
            assert isinstance(await outcome(provider, sms_letter()), HandoverAccepted)


# Reports of the real Kannel


class Reports:
    """Our door for reports: it reads them, after it has refused the first so many."""

    def __init__(self, *, refuses: int = 0) -> None:
        self.refuses = refuses
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self.queries: list[str] = []
        self.credentials: set[str] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            self.refuses -= 1
            return web.Response(status=503)
        self.credentials.add(request.headers["Authorization"])
        self.queries.append(request.rel_url.raw_query_string)
        for each in read_kannel_report(self.queries[-1].encode(), provider="kannel"):
            self.reports.put_nowait(each)
        return web.Response()


@asynccontextmanager
async def reporting(kannel: Gateway, reports: Reports) -> AsyncIterator[KannelProvider]:
    app = web.Application()
    app.router.add_get(REPORTS, reports.answer)
    async with (
        TestServer(app) as server,
        kannel_at(kannel.url, report_url=str(server.make_url(REPORTS))) as provider,
    ):
        yield provider


DELAYED, _, FAILED, DELIVERED = ReportedState
TAKEN = (DELAYED, None, "dlr 8")


@pytest.mark.parametrize(
    "number,told",
    [
        ("+4799999999", [TAKEN, (DELIVERED, None, "dlr 1 error 3.0")]),
        ("+4799999901", [(FAILED, Failure.REJECTED, "dlr 16")]),
        ("+4799999902", [TAKEN, (FAILED, Failure.UNDELIVERED, "dlr 2 error 3.27")]),
        ("+4799999903", [TAKEN, (FAILED, Failure.EXPIRED_AT_PROVIDER, "dlr 34 error 3.27")]),
        (
            "+4799999904",
            [TAKEN, (DELAYED, None, "dlr 4 error 3.0"), (DELIVERED, None, "dlr 1 error 3.0")],
        ),
    ],
)
async def test_a_report_tells_of_its_attempt_and_of_nobody(
    kannel: Gateway, number: str, told: list[tuple[ReportedState, Failure | None, str]]
) -> None:
    reports, letter = Reports(), sms_letter(number)
    since = datetime.now(UTC) - timedelta(seconds=2)
    async with reporting(kannel, reports) as provider:
        await outcome(provider, letter)
        got = [await asyncio.wait_for(reports.reports.get(), 10) for _ in told]
    # Kannel sends them at once, and in no order.
    assert {(each.state, each.failure, each.code) for each in got} == set(told)
    for each in got:
        assert each.reference == letter.token
        assert each.occurred_at is not None
        assert since <= each.occurred_at <= datetime.now(UTC)
    assert reports.credentials == {"Basic Z2F0ZXdheTpvcGVu"}
    assert not any("999999" in query or "Logg" in query for query in reports.queries)


async def test_a_report_that_was_not_acknowledged_comes_again(kannel: Gateway) -> None:
    reports = Reports(refuses=1)
    async with reporting(kannel, reports) as provider:
        await outcome(provider, sms_letter("+4799999901"))
        assert (await asyncio.wait_for(reports.reports.get(), 10)).code == "dlr 16"


async def test_no_reports_are_answered_by_text_messages(kannel: Gateway) -> None:
    reports = Reports()
    before = len(kannel.caught())
    async with reporting(kannel, reports) as provider:
        await outcome(provider, sms_letter())
        for _ in range(2):
            await asyncio.wait_for(reports.reports.get(), 10)
    assert len(kannel.caught()) == before + 1


# What is refused before the gateway is asked


@asynccontextmanager
async def gateway(answer: Answer, **settings: Any) -> AsyncIterator[KannelProvider]:  # noqa: ANN401  # as the provider has them
    async with serving(answer) as url, kannel_at(url, **settings) as provider:
        yield provider


class Recorder:
    """A gateway that accepts everything, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return web.Response(status=202, text="0: Accepted for delivery")


async def test_nothing_of_a_message_stands_in_an_address() -> None:
    recorder, letter = Recorder(), sms_letter()
    async with gateway(recorder.answer) as provider:
        await outcome(provider, letter)
    (request,) = recorder.requests
    assert request.rel_url.raw_query_string == ""
    assert request.headers["X-Kannel-DLR-Url"] == (
        f"http://gateway:open@127.0.0.1:1{REPORTS}?token={letter.token}"
        "&dlr=%d&at=%T&error=%#smpp#dlr_err#"
    )
    assert request.headers["X-Kannel-DLR-Mask"] == "31"


@pytest.mark.parametrize("worth,minutes", MINUTES)
async def test_a_message_lives_for_as_many_whole_minutes_as_it_is_worth(
    worth: float, minutes: str
) -> None:
    recorder, letter = Recorder(), sms_letter(worth=worth)
    now = letter.expires_at - timedelta(seconds=worth)
    async with gateway(recorder.answer, clock=lambda: now) as provider:
        await outcome(provider, letter)
    assert recorder.requests[0].headers["X-Kannel-Validity"] == minutes


async def test_a_message_without_a_text_is_not_sent() -> None:
    recorder = Recorder()
    async with gateway(recorder.answer) as provider:
        told = await outcome(provider, sms_letter(body=""))
    assert told == withheld(Failure.FAILED, "no_content")
    assert recorder.requests == []


@pytest.mark.parametrize(
    "settings",
    [
        {"username": "to ord"},
        {"password": "linje\nto"},
        {"report_url": "ftp://varsel.example/reports"},
        {"report_url": "https://ola:x@varsel.example/reports"},
        {"report_url": "https://varsel.example/reports?a=b"},
        {"report_url": "https://varsel.example/re%20ports"},
        {"report_url": "https://varsel.example/re ports"},
        {"report_url": "/reports"},
        {"report_username": "a:b"},
        {"report_password": "a/b"},
        {"report_password": "a@b"},
        {"report_password": "100%"},
        {"report_password": ""},
    ],
)
async def test_what_kannel_could_not_pass_on_is_refused_at_the_start(
    settings: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="Kannel"):
        async with kannel_at("http://127.0.0.1:1/", **settings):
            pass


# Faults


@pytest.mark.parametrize(
    "status,text,expected",
    [
        (202, "Sent. Message splits: 3", None),
        (202, "", HandoverUnknown("unreadable_answer")),
        (202, "1: Whatever", HandoverUnknown("unreadable_answer")),
        (200, "0: Accepted for delivery", HandoverUnknown("http_200")),
        (302, "", HandoverDeferred("http_302")),
        (
            400,
            "Charset or body misformed, rejected",
            HandoverRejected(Failure.FAILED, "body_refused"),
        ),
        (400, "DLR-URL field misformed, rejected", HandoverDeferred("http_400")),
        (
            403,
            "Authorization failed for sendsms",
            HandoverDeferred("credentials_refused", Trouble.REFUSES_US),
        ),
        (403, "<html>Forbidden</html>", HandoverDeferred("http_403", Trouble.REFUSES_US)),
        (408, "", HandoverUnknown("http_408")),
        (429, "", HandoverDeferred("http_429")),
        (500, "Sending failed.", HandoverUnknown("http_500")),
        (503, "Temporal failure, try again later.", HandoverDeferred("temporary_failure")),
        (503, "<html>upstream</html>", HandoverUnknown("http_503")),
    ],
)
async def test_an_answer_means(status: int, text: str, expected: Outcome | None) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={"Location": "http://127.0.0.1:1/"})

    letter = sms_letter()
    async with gateway(answer) as provider:
        assert await outcome(provider, letter) == (expected or HandoverAccepted(letter.token))


@pytest.mark.parametrize(
    "status,expected",
    [(202, HandoverUnknown("unreadable_answer")), (503, HandoverUnknown("http_503"))],
)
async def test_an_answer_without_end_is_not_read_to_its_end(status: int, expected: Outcome) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        await response.write(b"Temporal failure" if status == 503 else b"0: Accepted for delivery")
        while True:
            await response.write(b" " * 65536)

    async with gateway(answer) as provider:
        assert await outcome(provider, sms_letter()) == expected


# Reading reports

TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.mark.parametrize(
    "query,state,failure,code",
    [
        ("dlr=1", DELIVERED, None, "dlr 1"),
        ("dlr=1&error=", DELIVERED, None, "dlr 1"),
        ("dlr=2&error=%03%00%1B", FAILED, Failure.UNDELIVERED, "dlr 2 error 3.27"),
        ("dlr=2&error=%03%FF%FF", FAILED, Failure.UNDELIVERED, "dlr 2 error 3.65535"),
        ("dlr=2&error=ola", FAILED, Failure.UNDELIVERED, "dlr 2 error 111.27745"),
        ("dlr=2&error=nordmann", FAILED, Failure.UNDELIVERED, "dlr 2"),
        ("dlr=34", FAILED, Failure.EXPIRED_AT_PROVIDER, "dlr 34"),
        ("dlr=66", FAILED, Failure.UNDELIVERED, "dlr 66"),
        ("dlr=4", DELAYED, None, "dlr 4"),
        ("dlr=8", DELAYED, None, "dlr 8"),
        ("dlr=16", FAILED, Failure.REJECTED, "dlr 16"),
        ("dlr=129", DELIVERED, None, "dlr 129"),
        ("dlr=0", DELAYED, None, "dlr 0"),
        ("dlr=3", DELAYED, None, "dlr 3"),
        ("dlr=17", DELAYED, None, "dlr 17"),
        ("dlr=128", DELAYED, None, "dlr 128"),
    ],
)
def test_a_number_of_kannel_means(
    query: str, state: ReportedState, failure: Failure | None, code: str
) -> None:
    (report,) = read_kannel_report(f"token={TOKEN}&{query}".encode(), provider="kannel")
    assert report == Report(
        provider="kannel", reference=TOKEN, state=state, failure=failure, code=code
    )


def test_a_query_that_was_taken_apart_says_the_same() -> None:
    apart = {"token": TOKEN, "dlr": "2", "at": "1767261385", "error": "\x03\x00\x1b"}
    together = f"token={TOKEN}&dlr=2&at=1767261385&error=%03%00%1b".encode()
    (report,) = read_kannel_report(apart, provider="kannel")
    assert [report] == read_kannel_report(together, provider="kannel")
    assert report.occurred_at == datetime(2026, 1, 1, 9, 56, 25, tzinfo=UTC)
    (report,) = read_kannel_report({**apart, "error": "€uro", "at": "x"}, provider="kannel")
    assert (report.code, report.occurred_at) == ("dlr 2", None)


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"dlr=1",
        b"token=1&dlr=1",
        f"token={TOKEN}".encode(),
        f"token={TOKEN}&dlr=%d".encode(),
        f"token={TOKEN}&dlr=-1".encode(),
        f"token={TOKEN}&dlr=1000".encode(),
        f"token={TOKEN}&dlr=1&dlr=2".encode(),
        f"token={TOKEN.upper()}&dlr=1".encode(),
        f"token={TOKEN}%0A&dlr=1".encode(),
        f"token={TOKEN}&dlr=1&nonsense".encode(),
        f"token={TOKEN}&dlr=1&{'a=b&' * 20}a=b".encode(),
        f"token={TOKEN}&dlr=1&at={'1' * 3000}".encode(),
        b"token=\xff&dlr=1",
        f"token={TOKEN}&dlr=\N{ARABIC-INDIC DIGIT ONE}".encode(),
    ],
)
def test_what_is_no_report_is_unreadable(query: bytes) -> None:
    with pytest.raises(ValueError, match=r"report|query"):
        read_kannel_report(query, provider="kannel")
