"""What becomes of a letter when the mail server fails, phase by phase, over real sockets."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.session import SmtpTimeouts, Tls
from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    Outcome,
    Trouble,
    withheld,
)
from contracts.provider_contract import email_letter, outcome, outcomes
from domain.order.events import Failure
from tests.adapters.channels.scripted_relay import (
    DROP,
    HANG_UP,
    SILENCE,
    ScriptedRelay,
    scripted_relay,
)

ALL = ("PIPELINING", "SIZE 3000000", "DSN", "ENHANCEDSTATUSCODES", "8BITMIME")
QUICK = SmtpTimeouts(connect=2, command=0.1, content=0.3, final=0.2)
PATIENT = SmtpTimeouts(connect=5, command=5, content=5, final=5)


@pytest.fixture(params=[ALL, ALL[1:]], ids=["pipelining", "step by step"])
async def relay(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedRelay]:
    async with scripted_relay(*request.param) as running:
        yield running


@asynccontextmanager
async def to(relay: ScriptedRelay, **settings: Any) -> AsyncIterator[SmtpProvider]:  # noqa: ANN401  # as the provider has them
    described = {
        "mail_domain": "varsel.example",
        "bounce_address": "bounce@varsel.example",
        "clock": lambda: datetime.now(UTC),
        "tls": Tls.NONE,
        "timeouts": PATIENT,
        **settings,
    }
    provider = SmtpProvider("relay", "127.0.0.1", relay.port, **described)
    yield provider
    await provider.aclose()


# Refusals, phase by phase


@pytest.mark.parametrize(
    "verb,answer,expected",
    [
        ("greeting", "421 4.3.2 closing", HandoverDeferred("greeting_421 4.3.2")),
        ("greeting", "554 5.3.2 go away", HandoverDeferred("greeting_554 5.3.2")),
        ("EHLO", "550 5.7.1 who are you", HandoverDeferred("ehlo_550 5.7.1")),
        ("MAIL", "451 4.3.0 later", HandoverDeferred("451 4.3.0")),
        ("MAIL", "421 4.7.0 too many", HandoverDeferred("421 4.7.0")),
        ("MAIL", "530 5.7.0 log in first", HandoverDeferred("530 5.7.0", Trouble.REFUSES_US)),
        ("MAIL", "555 what is that", HandoverDeferred("555", Trouble.REFUSES_US)),
        ("MAIL", "550 5.1.8 not from you", HandoverDeferred("550 5.1.8", Trouble.REFUSES_US)),
        ("MAIL", "552 5.3.4 too large", HandoverRejected(Failure.PAYLOAD_TOO_LARGE, "552 5.3.4")),
        ("MAIL", "552 too large", HandoverRejected(Failure.PAYLOAD_TOO_LARGE, "552")),
        ("RCPT", "451 4.7.1 greylisted", HandoverDeferred("451 4.7.1")),
        (
            "RCPT",
            "550 5.1.1 kari@example.no unknown",
            HandoverRejected(Failure.BOUNCED, "550 5.1.1"),
        ),
        ("RCPT", "550 kari@example.no unknown", HandoverRejected(Failure.BOUNCED, "550")),
        ("RCPT", "556 5.1.10 null MX", HandoverRejected(Failure.BOUNCED, "556 5.1.10")),
        ("RCPT", "501 5.1.3 bad", HandoverRejected(Failure.INVALID_ADDRESS, "501 5.1.3")),
        ("RCPT", "552 5.2.2 full", HandoverRejected(Failure.FAILED, "552 5.2.2")),
        ("RCPT", "550 5.7.1 not allowed", HandoverRejected(Failure.REJECTED, "550 5.7.1")),
        ("MAIL", "535 log in first", HandoverDeferred("535", Trouble.REFUSES_US)),
        (
            "MAIL",
            "550 5.7.57 not without a login",
            HandoverDeferred("550 5.7.57", Trouble.REFUSES_US),
        ),
        ("MAIL", "550 5.7.0 not from there", HandoverDeferred("550 5.7.0", Trouble.REFUSES_US)),
        ("MAIL", "553 5.7.1 not from you", HandoverDeferred("553 5.7.1", Trouble.REFUSES_US)),
        ("MAIL", "550 5.6.7 no such letters", HandoverRejected(Failure.FAILED, "550 5.6.7")),
        ("RCPT", "530 5.7.0 log in first", HandoverDeferred("530 5.7.0", Trouble.REFUSES_US)),
        ("RCPT", "538 encrypt first", HandoverDeferred("538", Trouble.REFUSES_US)),
        ("RCPT", "550 5.7.0 not welcome", HandoverRejected(Failure.REJECTED, "550 5.7.0")),
        ("RCPT", "550 5.7.54 unable to relay", HandoverRejected(Failure.REJECTED, "550 5.7.54")),
        ("RCPT", "555 5.5.4 what is that", HandoverRejected(Failure.FAILED, "555 5.5.4")),
        ("DATA", "530 5.7.0 log in first", HandoverDeferred("530 5.7.0", Trouble.REFUSES_US)),
        ("DATA", "451 4.3.0 later", HandoverDeferred("451 4.3.0")),
        ("DATA", "554 5.5.1 no", HandoverRejected(Failure.FAILED, "554 5.5.1")),
        (".", "451 4.3.0 later", HandoverDeferred("451 4.3.0")),
        (".", "421 4.3.2 closing", HandoverDeferred("421 4.3.2")),
        (".", "554 5.7.1 spam", HandoverRejected(Failure.FILTERED_AS_SPAM, "554 5.7.1")),
        (".", "552 5.3.4 too large", HandoverRejected(Failure.PAYLOAD_TOO_LARGE, "552 5.3.4")),
        (".", "354 what", HandoverUnknown("unexpected_354_at_final")),
        (".", "hello", HandoverUnknown("unreadable_at_final")),
        ("RCPT", "hello", HandoverDeferred("unreadable_at_rcpt")),
    ],
)
async def test_an_answer_has_this_meaning_at_this_phase(
    relay: ScriptedRelay, verb: str, answer: str, expected: Outcome
) -> None:
    relay.answer(verb, answer)
    async with to(relay) as provider:
        assert await outcome(provider, email_letter()) == expected
        after = email_letter()
        assert await outcome(provider, after) == HandoverAccepted(after.token)


@pytest.mark.parametrize("phase", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault,word", [(DROP, "lost"), (SILENCE, "timeout")])
async def test_what_breaks_before_the_dot_was_not_taken(
    relay: ScriptedRelay, phase: str, fault: str, word: str
) -> None:
    relay.answer(phase, fault)
    async with to(relay, timeouts=QUICK) as provider:
        told = await outcome(provider, email_letter())
        assert told == HandoverDeferred(f"{word}_at_{phase.lower()}")
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)


@pytest.mark.parametrize("fault,word", [(DROP, "lost"), (SILENCE, "timeout")])
async def test_what_breaks_after_the_dot_is_unknown(
    relay: ScriptedRelay, fault: str, word: str
) -> None:
    relay.answer(".", fault)
    async with to(relay, timeouts=QUICK) as provider:
        assert await outcome(provider, email_letter()) == HandoverUnknown(f"{word}_at_final")
        assert len(relay.contents) == 1, "an unknown outcome is never sent again by itself"


async def test_a_break_within_a_long_content_is_before_the_dot() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
            writer.write(answer)
            await reader.readline()
        await reader.read(1000)
        writer.transport.abort()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    relay = ScriptedRelay()
    relay.port = server.sockets[0].getsockname()[1]
    async with server, to(relay) as provider:
        told = await outcome(provider, email_letter(body="Lang tekst.\n" * 2_000_000))
        assert told == HandoverDeferred("lost_at_content")


@pytest.mark.parametrize(
    "verb,answer,expected",
    [
        ("MAIL", "250-x\r\n" * 1000 + "250 x", HandoverDeferred("unreadable_at_mail")),
        ("MAIL", f"250 {'x' * 200_000}", HandoverDeferred("unreadable_at_mail")),
        ("RCPT", "250 x\r\n" * 100 + "250 x", HandoverDeferred("unreadable_at_data")),
        ("RCPT", "250 x\r\n250 unasked", HandoverDeferred("unexpected_250_at_data")),
        ("DATA", "354 x\r\n250 unasked", HandoverDeferred("unreadable_at_content")),
        ("EHLO", "250 x\r\n250 unasked", HandoverDeferred("unexpected_250_at_data")),
    ],
)
async def test_what_a_server_says_unasked_is_never_taken_for_an_answer_to_the_dot(
    verb: str, answer: str, expected: Outcome
) -> None:
    async with scripted_relay() as relay, to(relay) as provider:
        relay.answer(verb, answer)
        assert await outcome(provider, email_letter()) == expected
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)


async def test_what_is_slipped_in_before_tls_is_not_believed(
    trusting: ssl.SSLContext,
) -> None:
    async with (
        scripted_relay("STARTTLS") as relay,
        to(relay, tls=Tls.STARTTLS, ssl_context=trusting) as provider,
    ):
        relay.answer("STARTTLS", "220 go\r\n250 slipped in")
        assert await outcome(provider, email_letter()) == HandoverDeferred("unreadable_at_starttls")


async def test_a_server_that_is_away_is_deferred() -> None:
    relay = ScriptedRelay()
    relay.port = 1
    async with to(relay) as provider:
        assert await outcome(provider, email_letter()) == HandoverDeferred("unreachable")


async def test_a_content_that_was_refused_is_not_sent() -> None:
    async with scripted_relay(*ALL) as relay, to(relay) as provider:
        relay.answer("RCPT", "550 5.1.1 no")  # and DATA is answered 354 all the same
        told = await outcome(provider, email_letter())
        assert told == HandoverRejected(Failure.BOUNCED, "550 5.1.1")
        async with asyncio.timeout(PATIENT.command / 2):
            assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)
        assert len(relay.contents) == 1
        assert relay.connections == 2


@pytest.mark.parametrize("ending", [HANG_UP, SILENCE])
async def test_a_refusal_counts_though_the_rest_is_never_answered(ending: str) -> None:
    async with scripted_relay(*ALL) as relay, to(relay, timeouts=QUICK) as provider:
        relay.answer("RCPT", "550 5.1.1 no")
        relay.answer("DATA", ending)
        told = await outcome(provider, email_letter())
        assert told == HandoverRejected(Failure.BOUNCED, "550 5.1.1")
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)
        assert relay.connections == 2


async def test_a_letter_larger_than_the_server_takes_is_not_offered(relay: ScriptedRelay) -> None:
    async with to(relay) as provider:
        told = await outcome(provider, email_letter(body="x" * 3_000_001))
        assert told == withheld(Failure.PAYLOAD_TOO_LARGE, "size_exceeded")
        assert relay.sent("MAIL") == []


async def test_an_address_that_the_server_cannot_carry_is_refused(relay: ScriptedRelay) -> None:
    async with to(relay) as provider:
        told = await outcome(provider, email_letter("bjørn@example.no"))
        assert told == withheld(Failure.FAILED, "smtputf8_missing")


# Connections


async def test_connections_are_used_again(relay: ScriptedRelay) -> None:
    async with to(relay, connections=3) as provider:
        for _ in range(3):
            await outcomes(provider, *(email_letter() for _ in range(20)))
        assert len(relay.contents) == 60
        assert relay.connections <= 3


async def test_never_more_connections_than_allowed(relay: ScriptedRelay) -> None:
    async with to(relay, connections=2) as provider:
        await asyncio.gather(*(outcome(provider, email_letter()) for _ in range(20)))
        assert len(relay.contents) == 20
        assert relay.connections <= 2


async def test_a_connection_serves_on_after_a_refusal(relay: ScriptedRelay) -> None:
    relay.answer("RCPT", "451 4.7.1 later")
    relay.answer("DATA", "503 5.5.1 RCPT first") if "PIPELINING" in relay.abilities else None
    async with to(relay, connections=1) as provider:
        await outcome(provider, email_letter())
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)
        assert relay.connections == 1
        assert len(relay.sent("RSET")) == 1


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", [DROP, "421 4.4.2 idle for too long"])
async def test_a_connection_that_has_grown_stale_is_replaced_within_the_attempt(
    relay: ScriptedRelay, phase: str, fault: str
) -> None:
    async with to(relay, connections=1) as provider:
        await outcome(provider, email_letter())
        relay.answer(phase, fault)
        letter = email_letter()
        assert await outcome(provider, letter) == HandoverAccepted(letter.token)
        assert len(relay.contents) == 2
        assert relay.connections == 2


async def test_a_fresh_connection_is_replaced_only_by_the_next_attempt(
    relay: ScriptedRelay,
) -> None:
    async with to(relay, connections=1) as provider:
        relay.answer("MAIL", DROP, DROP, DROP)
        assert isinstance(await outcome(provider, email_letter()), HandoverDeferred)
        assert relay.connections == 1


async def test_a_server_may_restart_between_letters(relay: ScriptedRelay) -> None:
    async with to(relay) as provider:
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)
        await relay.stop()
        assert await outcome(provider, email_letter()) == HandoverDeferred("unreachable")
        await relay.start()
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)


async def test_idle_connections_are_ended_politely(relay: ScriptedRelay) -> None:
    async with to(relay, idle_seconds=0.05) as provider:
        await outcome(provider, email_letter())
        async with asyncio.timeout(5):
            await relay.heard("QUIT")


async def test_one_who_waits_too_long_for_a_connection_is_not_sent(relay: ScriptedRelay) -> None:
    relay.answer(".", SILENCE)
    async with to(relay, connections=1) as provider:
        first = asyncio.create_task(outcome(provider, email_letter()))
        await relay.was_asked.wait()
        assert await outcome(provider, email_letter(send_within=0.05)) == TOO_LATE
        await relay.stop()
        assert await first == HandoverUnknown("lost_at_final")


async def test_a_hand_over_begins_when_its_connection_is_free(relay: ScriptedRelay) -> None:
    relay.answer(".", SILENCE)
    async with to(relay, connections=1) as provider:
        first = asyncio.create_task(outcome(provider, email_letter()))
        await relay.was_asked.wait()
        second = asyncio.ensure_future(anext(provider.send([email_letter()])))
        await asyncio.sleep(0)  # until it waits
        became_free = datetime.now(UTC)
        await relay.stop()
        assert (await second).began >= became_free
        assert await first == HandoverUnknown("lost_at_final")


class Sleepy:
    """A clock of a process that was put to sleep after some looks at it."""

    def __init__(self, looks: int, slept: timedelta = timedelta(hours=1)) -> None:
        self.looks = 0
        self._last_look_before = looks
        self._slept = slept

    def __call__(self) -> datetime:
        self.looks += 1
        has_slept = self.looks > self._last_look_before
        return datetime.now(UTC) + (self._slept if has_slept else timedelta())


async def test_a_process_that_slept_before_the_content_does_not_send_it(
    relay: ScriptedRelay,
) -> None:
    async with to(relay, clock=Sleepy(2)) as provider:
        assert await outcome(provider, email_letter()) == TOO_LATE
        assert relay.contents == []


async def test_a_letter_that_expires_before_its_content_leaves_is_not_sent(
    relay: ScriptedRelay,
) -> None:
    in_between = timedelta(seconds=PATIENT.before_content - 5)
    letter = replace(email_letter(), expires_at=datetime.now(UTC) + in_between)
    async with to(relay, clock=Sleepy(2, in_between)) as provider:
        assert await outcome(provider, letter) == TOO_LATE
        assert relay.contents == []


async def test_a_process_that_slept_while_it_waited_does_not_begin(relay: ScriptedRelay) -> None:
    async with to(relay, clock=Sleepy(1)) as provider:
        assert await outcome(provider, email_letter()) == TOO_LATE
        assert relay.connections == 0


async def test_whoever_stops_listening_stops_what_has_not_begun(relay: ScriptedRelay) -> None:
    async with to(relay, connections=2) as provider:
        sending = provider.send([email_letter() for _ in range(20)])
        async for _ in sending:
            break
        await sending.aclose()  # type: ignore[attr-defined]  # an iterator need not have it
        assert len(relay.contents) < 20


async def test_a_hand_over_that_is_cut_off_leaves_no_connection_behind(
    relay: ScriptedRelay,
) -> None:
    relay.answer(".", SILENCE)
    async with to(relay, connections=1) as provider:
        cut_off = asyncio.create_task(outcome(provider, email_letter()))
        await relay.was_asked.wait()
        cut_off.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cut_off
        assert isinstance(await outcome(provider, email_letter()), HandoverAccepted)
        assert relay.connections == 2


# TLS and login


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
@pytest.mark.parametrize("ways", ["PLAIN LOGIN", "LOGIN"])
async def test_letters_go_over_tls_after_a_login(
    tls: Tls, ways: str, secure: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    is_implicit = tls is Tls.IMPLICIT
    async with scripted_relay(
        *ALL, f"AUTH {ways}", "STARTTLS", secure=secure, is_implicit=is_implicit
    ) as relay:
        if ways == "LOGIN":
            relay.answer("AUTH", "334 VXNlcm5hbWU6")
            relay.answer(b64encode(b"varsel").decode().upper(), "334 UGFzc3dvcmQ6")
            relay.answer(b64encode(b"hemmelig").decode().upper(), "235 2.7.0 welcome")
        login = {"username": "varsel", "password": "hemmelig"}
        async with to(relay, tls=tls, ssl_context=trusting, **login) as provider:
            letter = email_letter(body="Lang tekst.\n" * 20_000)
            assert await outcome(provider, letter) == HandoverAccepted(letter.token)
        assert len(relay.contents) == 1
        assert ("STARTTLS" in relay.commands) is not is_implicit
        assert relay.sent("AUTH")


async def test_a_server_that_is_not_trusted_gets_nothing(secure: ssl.SSLContext) -> None:
    async with (
        scripted_relay(secure=secure, is_implicit=True) as relay,
        to(relay, tls=Tls.IMPLICIT) as provider,
    ):
        assert await outcome(provider, email_letter()) == HandoverDeferred("tls_failed")
        assert relay.commands == []


class _Attentive:
    """A handler of aiosmtpd's that notes who greets it."""

    def __init__(self) -> None:
        self.greeted_over_tls: list[bool] = []

    async def handle_EHLO(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, name: str, words: list[str]
    ) -> list[str]:
        del server, envelope, name
        self.greeted_over_tls.append(session.ssl is not None)
        return words


async def test_a_server_that_is_not_trusted_after_starttls_gets_nothing(
    secure: ssl.SSLContext,
) -> None:
    loop = asyncio.get_running_loop()
    handler = _Attentive()
    async with await loop.create_server(
        lambda: SMTP(handler, tls_context=secure, loop=loop), "127.0.0.1", 0
    ) as server:
        relay = ScriptedRelay()
        relay.port = server.sockets[0].getsockname()[1]
        async with to(relay, tls=Tls.STARTTLS) as provider:
            assert await outcome(provider, email_letter()) == HandoverDeferred("tls_failed")
    assert handler.greeted_over_tls == [False]


async def test_tls_is_never_done_without_where_it_is_asked_for() -> None:
    async with scripted_relay(*ALL) as relay, to(relay, tls=Tls.STARTTLS) as provider:
        assert await outcome(provider, email_letter()) == HandoverDeferred(
            "starttls_missing", Trouble.REFUSES_US
        )


@pytest.mark.parametrize(
    "answer,expected",
    [
        ("535 5.7.8 wrong password", HandoverDeferred("auth_535 5.7.8", Trouble.REFUSES_US)),
        ("454 4.7.0 later", HandoverDeferred("auth_454 4.7.0")),
    ],
)
async def test_a_failed_login_is_nobodys_rejection(
    answer: str, expected: Outcome, secure: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with scripted_relay("AUTH PLAIN", secure=secure, is_implicit=True) as relay:
        relay.answer("AUTH", answer)
        settings = {"tls": Tls.IMPLICIT, "ssl_context": trusting}
        async with to(relay, username="varsel", password="feil", **settings) as provider:
            assert await outcome(provider, email_letter()) == expected


async def test_a_server_without_a_login_that_we_know_is_deferred(
    secure: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with scripted_relay("AUTH GSSAPI", secure=secure, is_implicit=True) as relay:
        settings = {"tls": Tls.IMPLICIT, "ssl_context": trusting}
        async with to(relay, username="varsel", password="x", **settings) as provider:
            assert await outcome(provider, email_letter()) == HandoverDeferred(
                "auth_missing", Trouble.REFUSES_US
            )


async def test_credentials_are_never_sent_in_clear() -> None:
    relay = ScriptedRelay()
    with pytest.raises(ValueError, match="only sent over TLS"):
        async with to(relay, username="varsel", password="x"):
            pass
