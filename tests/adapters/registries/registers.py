"""Registers on this machine that answer what they are told to, and can be told to fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Asked:
    """One request as the register saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Register:
    """Answers each request by the next of its answers, and remembers what it was asked."""

    base: str = ""
    answers: list[web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]] = (
        field(default_factory=list)
    )
    asked: list[Asked] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def say(
        self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer this next."""
        self.answers.append(web.Response(body=body, status=status, headers=headers))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(Asked(request.method, str(request.rel_url), dict(request.headers), body))
        following = self.answers.pop(0)
        return following if isinstance(following, web.StreamResponse) else await following(request)

    async def hang(self, request: web.Request) -> web.StreamResponse:
        """Begin to answer, and say nothing more until the test is over."""
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await self.is_open.wait()
        return response

    async def break_off(self, request: web.Request) -> web.StreamResponse:
        """Begin to answer, and hang up."""
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return response


@asynccontextmanager
async def register() -> AsyncIterator[Register]:
    """A register, as long as it is asked."""
    made = Register()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.base = f"http://{host}:{port}"
        yield made
    finally:
        made.is_open.set()
        await runner.cleanup()


async def token() -> str:
    """A token."""
    return "token"
