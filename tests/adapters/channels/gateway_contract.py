"""What holds of every SMS gateway: whom it is not asked for, and what is known when it fails us."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverDeferred,
    HandoverUnknown,
    Outcome,
    Provider,
    withheld,
)
from contracts.provider_contract import email_letter, outcome, outcomes, sms_letter
from domain.channel import Channel
from domain.order.events import Failure

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
ProviderAt: TypeAlias = Callable[..., AbstractAsyncContextManager[Provider]]
"""Opens a provider at an address, with settings of its own."""

MINUTES = [(30, "1"), (60, "1"), (119, "1"), (120, "2"), (3600, "60")]
"""For how many seconds a message is worth something yet, and for how many minutes it may live."""

INVALID_SENDER = withheld(Failure.FAILED, "invalid_sender")
INVALID_ADDRESS = withheld(Failure.INVALID_ADDRESS, "invalid_address")


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Serve a gateway that answers so, and give its address."""
    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


@asynccontextmanager
async def socket_that(says: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads a request, says this, and hangs up; None leaves it silent."""
    requests: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if says is None:
            with suppress(ConnectionResetError):  # so a client lets go of what it gives up
                await reader.read()
        else:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(says)
        writer.close()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", requests
        await done.wait()


class Counting:
    """A gateway that takes everything, and keeps who asked."""

    def __init__(self, accepts: Callable[[], web.Response]) -> None:
        self._accepts = accepts
        self.peers: list[object] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername"))
        await request.read()
        return self._accepts()


class RequestMiddleware:
    """A gateway that has heard, and answers when it is let."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.set()
        await self.go_on.wait()
        return await self._counting.answer(request)


class GatewayContract:
    """Fixtures: `provider_at` opens a provider, `accepts` is the gateway's yes to one message."""

    @pytest.fixture
    def counting(self, accepts: Callable[[], web.Response]) -> Counting:
        return Counting(accepts)

    async def test_it_carries_text_messages(self, provider_at: ProviderAt) -> None:
        async with provider_at("http://127.0.0.1:1/") as provider:
            assert provider.channel is Channel.SMS
            told = await outcome(provider, email_letter())
        assert told == withheld(Failure.FAILED, "wrong_channel")

    @pytest.mark.parametrize(
        "letter,expected",
        [
            ({"worth": -1}, TOO_LATE),
            ({"body": ""}, withheld(Failure.FAILED, "no_content")),
            ({"body": "a\x1bb"}, withheld(Failure.FAILED, "control_character")),
            ({"body": "a\ud800b"}, withheld(Failure.FAILED, "control_character")),
            *(
                ({"sender": sender}, INVALID_SENDER)
                for sender in ("Skatteetaten", "N/A", "", "Ølen|", "1234567890123456", "12")
            ),
            *(
                ({"to": number}, INVALID_ADDRESS)
                for number in ("99999999", "+", "+0047999999", "abc", "", "+4799999999 +4799999998")
            ),
        ],
    )
    async def test_what_no_gateway_could_carry_is_not_sent(
        self,
        provider_at: ProviderAt,
        counting: Counting,
        letter: Mapping[str, Any],
        expected: Outcome,
    ) -> None:
        async with serving(counting.answer) as url, provider_at(url) as provider:
            assert await outcome(provider, sms_letter(**letter)) == expected
        assert counting.peers == []

    @pytest.mark.parametrize("sender", ["Altinn", "2077", "+4799999999", "Nav Øst", "a" * 11])
    async def test_a_sender_that_phones_show_is_sent(
        self, provider_at: ProviderAt, counting: Counting, sender: str
    ) -> None:
        async with serving(counting.answer) as url, provider_at(url) as provider:
            assert isinstance(await outcome(provider, sms_letter(sender=sender)), HandoverAccepted)

    async def test_silence_after_the_request_is_unknown(self, provider_at: ProviderAt) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        async with serving(answer) as url, provider_at(url, timeout=0.1) as provider:
            assert await outcome(provider, sms_letter()) == HandoverUnknown("timeout")

    @pytest.mark.parametrize(
        "says",
        [
            b"",
            b"\x00\xff garbage\r\n\r\n",
            b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n0: Acc",
            b"HTTP/1.1 202 Accepted\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        ],
        ids=["nothing", "garbage", "half", "a huge header"],
    )
    async def test_a_drop_after_the_request_is_unknown_and_not_repeated(
        self, provider_at: ProviderAt, says: bytes
    ) -> None:
        async with (
            socket_that(says) as (address, requests),
            provider_at(f"http://{address}/") as provider,
        ):
            assert await outcome(provider, sms_letter()) == HandoverUnknown("lost")
        assert len(requests) == 1

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://gateway.invalid/"])
    async def test_a_gateway_that_is_away_is_deferred(
        self, provider_at: ProviderAt, url: str
    ) -> None:
        async with provider_at(url) as provider:
            assert await outcome(provider, sms_letter()) == HandoverDeferred("unreachable")

    async def test_a_gateway_that_speaks_no_tls_is_deferred(
        self, provider_at: ProviderAt, counting: Counting
    ) -> None:
        async with (
            serving(counting.answer) as url,
            provider_at(url.replace("http:", "https:")) as provider,
        ):
            assert await outcome(provider, sms_letter()) == HandoverDeferred("unreachable")

    async def test_a_gateway_that_does_not_finish_the_handshake_is_deferred(
        self, provider_at: ProviderAt
    ) -> None:
        async with (
            socket_that(None) as (address, _),
            provider_at(f"https://{address}/", connect_timeout=0.1) as provider,
        ):
            assert await outcome(provider, sms_letter()) == HandoverDeferred("unreachable")

    async def test_connections_are_used_again_and_never_too_many(
        self, provider_at: ProviderAt, counting: Counting
    ) -> None:
        async with serving(counting.answer) as url, provider_at(url, connections=2) as provider:
            for _ in range(3):
                await asyncio.gather(*(outcome(provider, sms_letter()) for _ in range(10)))
        assert len(counting.peers) == 30
        assert len(set(counting.peers)) <= 2

    async def test_one_who_waits_too_long_for_a_connection_is_not_sent(
        self, provider_at: ProviderAt, counting: Counting
    ) -> None:
        gate = RequestMiddleware(counting)
        async with serving(gate.answer) as url, provider_at(url, connections=1) as provider:
            first = asyncio.create_task(outcome(provider, sms_letter()))
            await gate.asked.wait()
            late = await outcomes(provider, sms_letter(send_within=0.05))
            assert late == [TOO_LATE]
            gate.go_on.set()
            assert isinstance(await first, HandoverAccepted)
        assert len(counting.peers) == 1

    async def test_a_hand_over_begins_when_its_connection_is_free(
        self, provider_at: ProviderAt, counting: Counting
    ) -> None:
        gate = RequestMiddleware(counting)
        async with serving(gate.answer) as url, provider_at(url, connections=1) as provider:
            first = asyncio.create_task(outcome(provider, sms_letter()))
            await gate.asked.wait()
            second = asyncio.ensure_future(anext(provider.send([sms_letter()])))
            await asyncio.sleep(0)  # until it waits
            became_free = datetime.now(UTC)
            gate.go_on.set()
            assert (await second).began >= became_free
            assert isinstance(await first, HandoverAccepted)

    async def test_time_that_passes_before_the_request_counts(
        self, provider_at: ProviderAt, counting: Counting
    ) -> None:
        letter = sms_letter()
        in_time, too_late = (letter.send_before + timedelta(seconds=each) for each in (-1, 1))
        times = iter([in_time])
        async with (
            serving(counting.answer) as url,
            provider_at(url, clock=lambda: next(times, too_late)) as provider,
        ):
            assert await outcome(provider, letter) == TOO_LATE
        assert counting.peers == []
