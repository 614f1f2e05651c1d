"""A sender's endpoint on a real socket, which writes exactly what a test tells it to."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trustme

Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]

NAME = "condition.sender.example"


@dataclass
class Endpoint:
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    server_names: list[str | None] = field(default_factory=list)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Speak:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]

    async def speak(writer: asyncio.StreamWriter) -> None:
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close"])
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return speak


@asynccontextmanager
async def endpoint(
    speak: Speak, *, host: str = "127.0.0.1", port: int = 0, certify: trustme.CA | None = None
) -> AsyncIterator[Endpoint]:
    """Serve on one address; with `certify`, by TLS under `NAME`."""
    serving = Endpoint()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.connections += 1
        try:
            serving.requests.append(head := await reader.readuntil(b"\r\n\r\n"))
            length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
            serving.bodies.append(await reader.readexactly(int(length[1]) if length else 0))
            await speak(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    context: ssl.SSLContext | None = None
    if certify is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certify.issue_cert(NAME).configure_cert(context)

        def notice(_: ssl.SSLObject | ssl.SSLSocket, name: str | None, __: object) -> None:
            serving.server_names.append(name)

        context.set_servername_callback(notice)
    server = await asyncio.start_server(serve, host, port, ssl=context)
    serving.port = server.sockets[0].getsockname()[1]
    async with server:
        yield serving
