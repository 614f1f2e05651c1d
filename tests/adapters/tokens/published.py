"""An issuer that publishes its keys on this machine, and can be told to fail."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from adapters.tokens.discovery import Discovery, metadata_url
from tests.adapters.tokens.forging import NOON, jwk, key_set


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Publisher:
    """Answers for its metadata and its key set, and counts who asks for the latter."""

    base: str = ""
    keys: bytes = field(default_factory=lambda: key_set(jwk("genuine", kid="one")))
    metadata: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    redirect: str | None = None
    fetches: int = 0
    fetched: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def issuer(self) -> str:
        return f"{self.base}/"

    def discovery(self, **settings: Any) -> Discovery:  # noqa: ANN401  # whatever it takes
        url = metadata_url("altinn", self.issuer)
        return Discovery(issuer=self.issuer, url=url, **{"allow_http": True, **settings})

    async def describe(self, request: web.Request) -> web.Response:
        del request
        published = {"issuer": self.issuer, "jwks_uri": f"{self.base}/jwks"} | self.metadata
        return web.Response(text=json.dumps(published), status=self.status)

    async def publish(self, request: web.Request) -> web.Response:
        del request
        self.fetches += 1
        self.fetched.put_nowait(self.fetches)
        await self.is_open.wait()
        if self.redirect is not None:
            raise web.HTTPFound(self.redirect)
        return web.Response(body=self.keys, status=self.status)

    async def publish_elsewhere(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=self.keys)


@asynccontextmanager
async def publishing() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    publisher.is_open.set()
    app = web.Application()
    for document in ("openid-configuration", "oauth-authorization-server"):
        app.router.add_get(f"/.well-known/{document}", publisher.describe)
    app.router.add_get("/jwks", publisher.publish)
    app.router.add_get("/elsewhere", publisher.publish_elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        publisher.base = f"http://{host}:{port}"
        yield publisher
    finally:
        publisher.is_open.set()
        await runner.cleanup()
