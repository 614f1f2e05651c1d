"""Slow, huge and broken requests over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar, cast

import pytest
import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs
from typing_extensions import override

from entrypoints.http.transport.bodies import IS_WHOLE, BodyLimits
from entrypoints.http.transport.responses import Answer
from entrypoints.http.transport.unread import Unread
from entrypoints.http.transport.uvicorn_protocol import PatientProtocol
from tests.entrypoints.http.installation import V1, Installation

HEAD = (
    f"POST {V1}/future/orders HTTP/1.1\r\nHost: varsel.example.no\r\n"
    "Authorization: Bearer ttd\r\nContent-Type: application/json\r\n"
)
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()


@contextlib.asynccontextmanager
async def served(
    app: ASGIApp, protocol: type[PatientProtocol] = PatientProtocol
) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app,
        loop="none",
        http=protocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=60,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server._serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def said(port: int, *parts: bytes) -> bytes:
    """What the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    "parts",
    [
        [f"{HEAD}Content-Length: 100\r\n\r\n".encode()],
        [f"{HEAD}Content-Length: 100\r\n\r\n".encode(), b'{"idem'],
        [CHUNKED],
        [CHUNKED, b"3\r\n{\n\n\r\n"],
    ],
    ids=["nothing", "a part", "no chunk", "a chunk"],
)
async def test_a_body_that_does_not_come_in_time_is_not_waited_for(
    installation: Installation, parts: list[bytes]
) -> None:
    async with served(installation.app(limits=BodyLimits(seconds=0.05))) as port:
        answer = await said(port, *parts)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "body_too_slow"' in answer


@pytest.mark.parametrize(
    "parts",
    [
        [f"{HEAD}Content-Length: 10000000000\r\n\r\n".encode()],
        [CHUNKED, b"3E8\r\n" + b"x" * 1000 + b"\r\n", b"1\r\ny\r\n"],
    ],
    ids=["announced", "found"],
)
async def test_a_body_that_is_too_large_is_cut_off(
    installation: Installation, parts: list[bytes]
) -> None:
    async with served(installation.app(limits=BodyLimits(max_bytes=1000))) as port:
        answer = await said(port, *parts)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


async def test_a_body_in_chunks_is_read_like_any_other(installation: Installation) -> None:
    async with served(installation.app()) as port:
        answer = await said(
            port,
            CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
            b"1\r\n{\r\n",
            b"1\r\n}\r\n",
            b"0\r\n\r\n",
        )

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "invalid_request"' in answer


class Overheard:
    """A connection that remembers in which pieces what is said leaves."""

    def __init__(self, transport: asyncio.Transport, pieces: list[bytes]) -> None:
        self._transport = transport
        self._pieces = pieces

    def write(self, data: bytes) -> None:
        self._pieces.append(data)
        self._transport.write(data)

    def writelines(self, parts: Sequence[bytes]) -> None:
        self.write(b"".join(parts))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the connection's own
        return getattr(self._transport, name)


class Recording(PatientProtocol):
    pieces: ClassVar[list[bytes]] = []

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(cast("asyncio.Transport", Overheard(transport, self.pieces)))


async def test_the_head_and_the_body_of_an_answer_leave_together(
    installation: Installation,
) -> None:
    async with served(installation.app(), Recording) as port:
        answer = await said(port, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert Recording.pieces == [answer]


@pytest.mark.parametrize(
    "body, is_whole",
    [(b"", False), (b"{", False), (b"{}", True)],
    ids=["nothing", "a part", "all"],
)
async def test_of_a_body_that_came_with_its_head_nobody_need_ask_whether_it_comes(
    body: bytes, *, is_whole: bool
) -> None:
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(IS_WHOLE in scope["state"])
        await Answer(200)(scope, receive, send)

    async with served(app) as port:
        await said(port, f"{HEAD}Connection: close\r\nContent-Length: 2\r\n\r\n".encode() + body)

    assert seen == [is_whole]


async def test_a_client_that_hangs_up_places_nothing(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(installation.app()) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{HEAD}Content-Length: 100\r\n\r\n".encode() + b'{"idem')
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    assert not installation.orders.everything()
    assert not caplog.records


async def test_slow_clients_do_not_keep_others_waiting(installation: Installation) -> None:
    async with served(installation.app(limits=BodyLimits(seconds=5))) as port:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for _, writer in slow:
            writer.write(CHUNKED)
        answer = await said(port, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for _, writer in slow:
            writer.close()
            await writer.wait_closed()

    assert answer.endswith(b"Healthy")


class Hasty(PatientProtocol):
    head_seconds = 0.05
    body_seconds = 0.05
    head_bytes = 500


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"GET /health HT"],
        [b"GET /health HTTP/1.1\r\nHost: varsel.example.no\r\n"],
        [b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /health HTTP/1.1\r\n"],
    ],
    ids=["nothing", "a word", "a line", "a second one"],
)
async def test_a_head_that_does_not_come_in_time_is_not_waited_for(
    installation: Installation, parts: list[bytes]
) -> None:
    async with served(installation.app(), Hasty) as port:
        answer = await said(port, *parts)

    assert answer.endswith(
        b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1 200") == len(parts) // 2


async def test_a_head_that_does_not_end_is_cut_off(installation: Installation) -> None:
    async with served(installation.app(), Hasty) as port:
        answer = await said(port, b"GET /health HTTP/1.1\r\nHost: " + b"x" * 500)

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_the_rest_of_a_body_that_was_refused_unread_is_not_waited_for(
    installation: Installation,
) -> None:
    head = HEAD.replace("ttd", "stranger")
    async with served(installation.app(), Hasty) as port:
        answer = await said(port, f"{head}Content-Length: 100\r\n\r\n".encode(), b"{")

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"HTTP/1.1 408" not in answer


async def test_a_connection_that_asks_in_time_is_kept(installation: Installation) -> None:
    asking = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    async with served(installation.app(), Hasty) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{HEAD}Content-Length: 2\r\n\r\n".encode())
        await asyncio.sleep(0.01)
        writer.write(b"{}")
        assert (await reader.readuntil(b"\n}")).startswith(b"HTTP/1.1 400 ")
        for _ in range(3):
            await asyncio.sleep(0.06)
            writer.write(asking)
            assert (await reader.readuntil(b"Healthy")).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "head, status",
    [
        (HEAD, b"413"),
        (HEAD.replace("Bearer ttd", "Bearer stranger"), b"401"),
        (HEAD.replace("application/json", "text/html"), b"415"),
        (HEAD.replace("/future/orders", "/future/disorders"), b"404"),
    ],
    ids=["too large", "a stranger's", "of another kind", "to nowhere"],
)
async def test_who_sends_a_large_body_still_hears_what_is_wrong(
    installation: Installation, head: str, status: bytes
) -> None:
    size = 8 * 1024 * 1024
    async with served(installation.app()) as port:
        whole = f"{head}Connection: close\r\nContent-Length: {size}\r\n\r\n".encode()
        answer = await said(port, whole, b"x" * size)

    assert answer.startswith(b"HTTP/1.1 " + status)


SIZE = 20 * 1024 * 1024
"""More than the system itself holds for a connection."""


def answering(size: int) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Answer(200, b"x" * size)(scope, receive, send)

    return answer


generous = answering(SIZE)
"""Answers everything with very much."""


class Watched(PatientProtocol):
    """Tells when its connections are lost."""

    lost: ClassVar[dict[int, asyncio.Event]]

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        assert self.client is not None
        self.lost[self.client[1]].set()


@contextlib.asynccontextmanager
async def asking(
    port: int, protocol: type[Watched], head: bytes = b""
) -> AsyncIterator[socket.socket]:
    """A client that has asked for very much, and has read nothing yet."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.settimeout(0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(client, ("127.0.0.1", port))
        protocol.lost[client.getsockname()[1]] = asyncio.Event()
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        await loop.sock_recv(client, 12)
        yield client


def lost(protocol: type[Watched], client: socket.socket) -> asyncio.Event:
    return protocol.lost[client.getsockname()[1]]


@pytest.mark.parametrize("head", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
async def test_an_answer_that_nobody_reads_is_not_held(head: bytes) -> None:
    class Protocol(Watched):
        unread = Unread(seconds=0.1)
        lost: ClassVar[dict[int, asyncio.Event]] = {}

    with capture_logs() as logs:
        async with served(generous, Protocol) as port, asking(port, Protocol, head) as client:
            await asyncio.wait_for(lost(Protocol, client).wait(), 5)

    (line,) = [each for each in logs if each["event"] == "client_cut_off"]
    assert line["reason"] == "takes_too_little"
    assert SIZE > line["bytes"] > SIZE // 4


async def test_who_reads_slowly_gets_all_of_its_answer() -> None:
    class Protocol(Watched):
        unread = Unread(seconds=0.2, pace=1)
        lost: ClassVar[dict[int, asyncio.Event]] = {}

    loop, size = asyncio.get_running_loop(), SIZE // 16
    async with served(answering(size), Protocol) as port, asking(port, Protocol) as client:
        begun, read = loop.time(), 12
        while read < size:
            part = await loop.sock_recv(client, 256 * 1024)
            assert part
            read += len(part)
            await asyncio.sleep(0.002)
        assert loop.time() - begun > 0.4  # twice what an answer may stand still


async def test_who_has_kept_us_waiting_for_longest_is_cut_off_when_too_much_is_held() -> None:
    class Protocol(Watched):
        unread = Unread(most_bytes=3 * SIZE, seconds=60)
        lost: ClassVar[dict[int, asyncio.Event]] = {}

    async with (
        served(generous, Protocol) as port,
        asking(port, Protocol) as first,
        asking(port, Protocol) as second,
        asking(port, Protocol) as third,
        asking(port, Protocol) as fourth,
    ):
        await asyncio.wait_for(lost(Protocol, first).wait(), 5)

        is_lost = [lost(Protocol, each).is_set() for each in (second, third, fourth)]
        assert is_lost == [False, False, False]


async def test_one_answer_may_be_larger_than_what_is_held_for_all() -> None:
    class Protocol(PatientProtocol):
        unread = Unread(most_bytes=1024)

    async with served(generous, Protocol) as port:
        answered = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert len(answered) > SIZE


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_who_asks_for_another_protocol_is_answered_in_this_one_without_a_word_in_the_log(
    installation: Installation, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    request = (
        "GET /health HTTP/1.1\r\nHost: varsel.example.no\r\nConnection: upgrade, close\r\n"
        f"Upgrade: {protocol}\r\n\r\n"
    )
    with caplog.at_level("WARNING", "uvicorn.error"):
        async with served(installation.app()) as port:
            answer = await said(port, request.encode())

    assert answer.startswith(b"HTTP/1.1 200")
    assert caplog.messages == []
