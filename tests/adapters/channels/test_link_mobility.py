"""The XML gateway's provider: its promises against the catch-all gateway, its faults against others."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from aiohttp import web
from typing_extensions import override

from adapters.channels.link_mobility.provider import LinkMobilityProvider
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    Outcome,
    Trouble,
)
from contracts.provider_contract import (
    ProviderContract,
    Stand,
    outcome,
    outcomes,
    sms_letter,
)
from domain.order.events import Failure
from entrypoints.sandbox import CatchAll, Credentials, Pace, caught_messages
from tests.adapters.channels.gateway_contract import (
    MINUTES,
    Answer,
    GatewayContract,
    ProviderAt,
    serving,
)


@asynccontextmanager
async def link_to(url: str, **settings: Any) -> AsyncIterator[LinkMobilityProvider]:  # noqa: ANN401  # as the provider has them
    described = {
        "username": "varsel",
        "password": "hemmelig",
        "clock": lambda: datetime.now(UTC),
        **settings,
    }
    provider = LinkMobilityProvider("link", url, **described)
    yield provider
    await provider.aclose()


@pytest.fixture
async def catch_all(tmp_path: Path) -> AsyncIterator[CatchAll]:
    async with CatchAll(
        tmp_path,
        smtp_port=0,
        sms_port=0,
        mail_reports=None,
        sms_reports=None,
        sms_credentials=Credentials(user="varsel", password="hemmelig"),
        pace=Pace(slow=0.05),
    ) as running:
        yield running


@pytest.fixture
async def provider(catch_all: CatchAll) -> AsyncIterator[LinkMobilityProvider]:
    async with link_to(catch_all.sms_url) as link:
        yield link


class TestLinkMobilityGateway(GatewayContract):
    @pytest.fixture
    def provider_at(self) -> ProviderAt:
        return link_to

    @pytest.fixture
    def accepts(self) -> Callable[[], web.Response]:
        return lambda: ok("<MSG><ID>1</ID><REF>9</REF><STATUS>OK</STATUS></MSG>")


class TestLinkMobilityProvider(ProviderContract):
    @override
    @pytest.fixture
    async def stand(self, catch_all: CatchAll, tmp_path: Path) -> AsyncIterator[Stand]:
        async with link_to(catch_all.sms_url, messages_per_request=7) as provider:
            yield Stand(
                provider,
                lambda: [each.body for each in caught_messages(tmp_path)],
                "+4799999906",
            )


@pytest.mark.parametrize(
    "number,expected",
    [
        ("+4799999905", HandoverRejected(Failure.INVALID_ADDRESS, "invalid_rcv")),
        ("+4799999906", HandoverRejected(Failure.FAILED, "refused")),
        ("+4799999907", HandoverUnknown("http_500")),
        ("+4799999909", HandoverUnknown("lost")),
        ("+4799999914", HandoverUnknown("unreadable_answer")),
    ],
)
async def test_the_gateways_answer_decides(
    provider: LinkMobilityProvider, number: str, expected: Outcome
) -> None:
    assert await outcome(provider, sms_letter(number)) == expected
    assert isinstance(await outcome(provider, sms_letter()), HandoverAccepted)


async def test_a_slow_answer_is_waited_for(provider: LinkMobilityProvider) -> None:
    assert isinstance(await outcome(provider, sms_letter("+4799999908")), HandoverAccepted)


async def test_a_wrong_password_is_nobodys_rejection(catch_all: CatchAll) -> None:
    async with link_to(catch_all.sms_url, password="feil") as provider:
        told = await outcomes(provider, sms_letter(), sms_letter())
    assert told == [HandoverDeferred("logon_failed", Trouble.REFUSES_US)] * 2


# What is sent


@asynccontextmanager
async def gateway(answer: Answer, **settings: Any) -> AsyncIterator[LinkMobilityProvider]:  # noqa: ANN401  # as the provider has them
    async with serving(answer) as url, link_to(url, **settings) as provider:
        yield provider


class Recorder:
    """A gateway that accepts everything, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[Element] = []
        self.documents: list[bytes] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
        self.documents.append(await request.read())
        session = fromstring(self.documents[-1])  # noqa: S314  # our own
        self.requests.append(session)
        answers = [
            f"<MSG><ID>{each.findtext('ID')}</ID><REF>R{each.findtext('ID')}</REF>"
            "<STATUS>OK</STATUS></MSG>"
            for each in reversed(session.findall("MSGLST/MSG"))
        ]
        return ok("".join(answers))


def ok(messages: str) -> web.Response:
    return web.Response(
        text=f"<SESSION><LOGON>OK</LOGON><MSGLST>{messages}</MSGLST></SESSION>",
        content_type="text/xml",
    )


async def test_letters_that_come_together_leave_in_one_request() -> None:
    recorder = Recorder()
    letters = [sms_letter(body=f"Brev {number}") for number in range(5)]
    async with gateway(recorder.answer, messages_per_request=3) as provider:
        told = await outcomes(provider, *letters)
    assert told == [HandoverAccepted(f"R{number}") for number in (1, 2, 3, 1, 2)]
    sent = {
        (message.findtext("ID"), message.findtext("TEXT"))
        for session in recorder.requests
        for message in session.iterfind("MSGLST/MSG")
    }
    assert sent == {
        ("1", "Brev 0"),
        ("2", "Brev 1"),
        ("3", "Brev 2"),
        ("1", "Brev 3"),
        ("2", "Brev 4"),
    }


async def test_a_message_is_sent_as_it_is_written() -> None:
    recorder = Recorder()
    body = "Blåbær & <ost>\nkoster 3 € 😀"
    letter = sms_letter(body=body, sender="Skatt", worth=48 * 3600)
    now = letter.expires_at - timedelta(hours=48)
    async with gateway(recorder.answer, clock=lambda: now) as provider:
        await outcome(provider, letter)
    assert recorder.documents[0].startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    (session,) = recorder.requests
    assert (session.findtext("CLIENT"), session.findtext("PW")) == ("varsel", "hemmelig")
    (message,) = session.iterfind("MSGLST/MSG")
    assert {each.tag: each.text for each in message} == {
        "ID": "1",
        "TEXT": body,
        "SND": "Skatt",
        "RCV": "+4799999999",
        "TTL": "2880",
    }


@pytest.mark.parametrize(
    "number,has_plus,sent",
    [
        ("+4799999999", True, "+4799999999"),
        ("+4799999999", False, "4799999999"),
        ("004799999999", True, "+4799999999"),
        ("+47 99 99 99 99", True, "+4799999999"),
    ],
)
async def test_a_number_is_sent_as_the_gateway_wants_it(
    number: str, sent: str, *, has_plus: bool
) -> None:
    recorder = Recorder()
    async with gateway(recorder.answer, number_with_plus=has_plus) as provider:
        await outcome(provider, sms_letter(number))
    assert recorder.requests[0].findtext("MSGLST/MSG/RCV") == sent


@pytest.mark.parametrize("worth,minutes", MINUTES)
async def test_a_message_lives_for_as_many_whole_minutes_as_it_is_worth(
    worth: float, minutes: str
) -> None:
    recorder = Recorder()
    letter = sms_letter(worth=worth)
    now = letter.expires_at - timedelta(seconds=worth)
    async with gateway(recorder.answer, clock=lambda: now) as provider:
        await outcome(provider, letter)
    assert recorder.requests[0].findtext("MSGLST/MSG/TTL") == minutes


# Faults


@pytest.mark.parametrize(
    "status,expected",
    [
        (204, HandoverUnknown("unreadable_answer")),
        (302, HandoverDeferred("http_302")),
        (400, HandoverDeferred("http_400")),
        (401, HandoverDeferred("http_401", Trouble.REFUSES_US)),
        (408, HandoverUnknown("http_408")),
        (429, HandoverDeferred("http_429")),
        (500, HandoverUnknown("http_500")),
        (503, HandoverUnknown("http_503")),
    ],
)
async def test_a_status_means(status: int, expected: Outcome) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"})

    async with gateway(answer) as provider:
        assert await outcome(provider, sms_letter()) == expected


BOMB = '<!DOCTYPE SESSION [<!ENTITY a "OK">]><SESSION><LOGON>&a;</LOGON></SESSION>'


@pytest.mark.parametrize(
    "text,expected",
    [
        ("", HandoverUnknown("unreadable_answer")),
        ("<html>It works!</html>", HandoverUnknown("unreadable_answer")),
        ("OK", HandoverUnknown("unreadable_answer")),
        ("<SESSION/>", HandoverUnknown("unreadable_answer")),
        (BOMB, HandoverUnknown("unreadable_answer")),
        ("<SESSION><LOGON>OK</LOGON></SESSION>", HandoverUnknown("no_answer")),
        (
            "<SESSION><LOGON>FAIL</LOGON></SESSION>",
            HandoverDeferred("logon_failed", Trouble.REFUSES_US),
        ),
    ],
)
async def test_an_answer_means(text: str, expected: Outcome) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type="text/xml")

    async with gateway(answer) as provider:
        assert await outcome(provider, sms_letter()) == expected


@pytest.mark.parametrize(
    "messages,expected",
    [
        ("<MSG><ID>1</ID><REF>9</REF><STATUS>OK</STATUS></MSG>", HandoverAccepted("9")),
        ("<MSG><ID>2</ID><REF>9</REF><STATUS>OK</STATUS></MSG>", HandoverUnknown("no_answer")),
        ("<MSG><ID>1</ID></MSG>", HandoverUnknown("no_status")),
        (
            "<MSG><ID>1</ID><STATUS>FAIL</STATUS><INFO>Invalid RCV 4799999999</INFO></MSG>",
            HandoverRejected(Failure.INVALID_ADDRESS, "invalid_rcv"),
        ),
        (
            "<MSG><ID>1</ID><STATUS>FAIL</STATUS></MSG>",
            HandoverRejected(Failure.FAILED, "refused"),
        ),
        (
            "<MSG><ID>1</ID><STATUS>OK</STATUS></MSG><MSG><ID>1</ID><STATUS>FAIL</STATUS></MSG>",
            HandoverUnknown("no_answer"),
        ),
    ],
)
async def test_an_answer_for_one_message_means(messages: str, expected: Outcome) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return ok(messages)

    async with gateway(answer) as provider:
        assert await outcome(provider, sms_letter()) == expected


async def test_a_message_taken_without_a_reference_is_accepted() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return ok("<MSG><ID>1</ID><STATUS>OK</STATUS></MSG>")

    letter = sms_letter()
    async with gateway(answer) as provider:
        assert await outcome(provider, letter) == HandoverAccepted(letter.token)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)

    async with gateway(answer) as provider:
        assert await outcome(provider, sms_letter()) == HandoverUnknown("unreadable_answer")
