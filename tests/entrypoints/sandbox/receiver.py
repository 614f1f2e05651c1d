"""The service's side of delivery reports: takes them over HTTP, and can be told to refuse."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Received:
    """One report, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Keeps what comes, in order."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """The answers to the next calls; 200 when there are none left."""

    lag: float = 0.0
    """How long each answer takes."""

    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def mail_url(self) -> str:
        return f"{self.url}/mail"

    @property
    def sms_url(self) -> str:
        return f"{self.url}/sms"

    async def wait_for(self, count: int) -> list[Received]:
        """Wait until so many reports have come in all."""
        await self.wait_until(lambda: len(self.received) >= count)
        return self.received

    async def wait_until(self, has_come: Callable[[], bool]) -> None:
        """Wait until what has been received is enough."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(has_come)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._news:
            self.received.append(Received(request.path, dict(request.headers), body))
            self._news.notify_all()
        await asyncio.sleep(self.lag)
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[Receiver]:
    """Listen for reports."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{channel}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    host, actual = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{actual}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
