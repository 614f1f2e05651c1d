"""Slow, huge and broken bodies over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from litestar.types import ASGIApp

from entrypoints.http.bodies import BodyLimits
from tests.entrypoints.http.installation import V1, Installation

HEAD = (
    f"POST {V1}/future/orders HTTP/1.1\r\nHost: varsel.example.no\r\n"
    "Authorization: Bearer ttd\r\nContent-Type: application/json\r\n"
)
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()


@contextlib.asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server._serve([listening]))
        yield listening.getsockname()[1]
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


async def test_a_client_that_hangs_up_places_nothing(installation: Installation) -> None:
    async with served(installation.app()) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{HEAD}Content-Length: 100\r\n\r\n".encode() + b'{"idem')
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    assert installation.orders.everything() == []


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
