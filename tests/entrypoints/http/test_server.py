"""Slow, huge and broken requests over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from litestar.types import ASGIApp

from entrypoints.http.bodies import BodyLimits
from entrypoints.http.protocol import PatientProtocol
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
    assert b"408" not in answer


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
