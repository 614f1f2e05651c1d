"""An owner that does its worst within its rights: `python -m benchmarks.loud_owner URL`.

Its token and the secret of the report door are read from the environment, so that no list of processes
shows them. It goes on until it is told to end (SIGTERM), and then prints how often it did what, as JSON.
It stands for a machine of its own, and so it takes only what those that are measured leave of this one.
"""

import asyncio
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final
from uuid import uuid4

import aiohttp

from benchmarks.asking import API, Session, session, to
from tests.adapters.channels.hostile_mails import HOSTILE

TOKEN: Final = "LOUD_OWNER_TOKEN"  # noqa: S105  # the name of a variable
MAIL_SECRET: Final = "LOUD_OWNER_MAIL_SECRET"  # noqa: S105  # the name of a variable
ONLY: Final = "LOUD_OWNER_ONLY"
"""The name of a variable: of what it does, only what has this in its name; to find out what costs."""
_MAILS: Final = "/notifications/email/api/v1/reports"
_WIDE: Final = 1000
_HTML: Final = "<p>" + "<b>bø</b> &amp; " * 19_000 + "</p>"


@dataclass(frozen=True, slots=True)
class _Loud:
    owner: Session
    silent: int
    mail_secret: str

    def everything(self) -> Mapping[str, tuple[int, Callable[[], Awaitable[object]]]]:
        """What it does, each so often at once."""
        recipients = [{"emailAddress": f"r{n}@example.org"} for n in range(_WIDE)]
        wide = _json({"subject": "A letter", "body": "Log in.", "recipients": recipients})
        html = {"subject": "s", "body": _HTML, "contentType": "Html", "recipients": recipients[:40]}
        long = _json(html)
        wrong = b'{"recipients":[' + b",".join([b"1"] * 500_000) + b"]}"
        mails = cycle(HOSTILE.values())
        ask = self.owner.ask
        return {
            "wide orders": (2, lambda: ask("POST", "/orders/email", wide)),
            "orders of long HTML": (1, lambda: ask("POST", "/orders/email", long)),
            "bodies that are wrong": (2, lambda: ask("POST", "/orders/email", wrong)),
            "conditions without answer": (1, self._place_conditioned),
            "pages of the feed": (2, lambda: ask("GET", "/future/shipment/feed?transitions=all")),
            "slow readers": (5, self._read_slowly),
            "hostile mails": (2, lambda: self._send(next(mails))),
        }

    async def _place_conditioned(self) -> None:
        order = {
            "idempotencyId": uuid4().hex,
            "conditionEndpoint": f"http://127.0.0.1:{self.silent}/",
            "recipient": to("a@example.org"),
        }
        await self.owner.ask("POST", "/future/orders", order)

    async def _read_slowly(self) -> None:
        """Ask for the widest page there is, and take it a little at a time."""
        path = f"{self.owner.url}{API}/future/shipment/feed?transitions=all"
        async with self.owner.http.get(path) as answer:
            async for _ in answer.content.iter_chunked(1024):
                await asyncio.sleep(0.25)

    async def _send(self, mail: bytes) -> None:
        """Have a mail reported that was made to be hard to read: anybody can send one."""
        headers = {
            "Authorization": f"Bearer {self.mail_secret}",
            "Content-Type": "message/rfc822",
        }
        async with self.owner.http.post(
            f"{self.owner.url}{_MAILS}", data=mail, headers=headers
        ) as answer:
            await answer.read()


async def main(url: str) -> None:
    """Do everything at once, again and again, until told to end."""
    done: dict[str, int] = defaultdict(int)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(_silence())
        owner = await session(stack, url, os.environ[TOKEN])
        loud = _Loud(owner, port, os.environ[MAIL_SECRET])
        doings = [
            asyncio.create_task(_again(what, do, done))
            for what, (at_once, do) in loud.everything().items()
            for _ in range(at_once)
            if os.environ.get(ONLY, "") in what
        ]
        await ended.wait()
        for each in doings:
            each.cancel()
        await asyncio.gather(*doings, return_exceptions=True)
    print(json.dumps(done))  # noqa: T201  # this is its answer


async def _again(what: str, do: Callable[[], Awaitable[object]], done: dict[str, int]) -> None:
    while True:
        try:
            await do()
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.1)
        done[what] += 1


@asynccontextmanager
async def _silence() -> AsyncIterator[int]:
    """Somebody who is called and says nothing; gives the port."""
    callers: list[asyncio.StreamWriter] = []

    def say_nothing(_: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        """Not even good-bye, before all is over."""
        callers.append(caller)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for caller in callers:
            caller.close()
        await asyncio.gather(*(each.wait_closed() for each in callers), return_exceptions=True)


def _json(what: Mapping[str, Any]) -> bytes:
    return json.dumps(what).encode()


if __name__ == "__main__":
    os.nice(19)
    asyncio.run(main(*sys.argv[1:]))
