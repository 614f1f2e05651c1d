"""An owner who asks the API, as the benchmarks need it."""

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

API: Final = "/notifications/api/v1"


@dataclass(frozen=True, slots=True)
class Session:
    """An owner's way to the API."""

    http: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Ask; the status, and all that is answered."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        async with self.http.request(
            method, f"{self.url}{API}{path}", data=data, headers=headers
        ) as answer:
            return answer.status, await answer.read()


async def session(stack: AsyncExitStack, url: str, token: str) -> Session:
    """A way to the API that is open as long as the stack; each request has two minutes."""
    http = await stack.enter_async_context(
        aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=120),
            connector=aiohttp.TCPConnector(limit=0),
        )
    )
    return Session(http, url)


def to(address: str) -> Mapping[str, Any]:
    """A recipient of a short e-mail."""
    settings = {"subject": "A letter", "body": "Log in. " * 40}
    return {"recipientEmail": {"emailAddress": address, "emailSettings": settings}}
