"""Owners who order at an even pace, ask again until they are accepted, and read what was accepted."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final, NamedTuple

import aiohttp

from tests.service.installations import API, email_to, sms_to

ACCEPTED: Final = frozenset({"200", "201"})
_A_SECOND: Final = 8.0
_RECENT: Final = 300


class Answer(NamedTuple):
    """What somebody was answered."""

    at: float
    """Seconds since 1970."""
    said: str
    """The status, or what went wrong."""
    took: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An order that was answered with success."""

    to: str
    order_id: str
    at: float
    said: str


@dataclass(slots=True)
class Load:
    """Orders of one owner, a few each second, each asked of one process and again of the other."""

    urls: Sequence[str]
    token: str
    is_on: bool = True
    """Whether new orders are placed; those that wait are asked for again in any case."""
    accepted: dict[int, Accepted] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    """What was answered to whoever read an accepted order."""

    async def run(self) -> None:
        """Order and read until cancelled."""
        async with asyncio.TaskGroup() as group, self._session() as session:
            group.create_task(self._read(session))
            number = 0
            while True:
                if self.is_on:
                    number += 1
                    group.create_task(self._order(session, number))
                await asyncio.sleep(1 / _A_SECOND)

    async def ask(self, number: int, url: str) -> str:
        """Ask once for an order, as somebody who is not of the load."""
        async with self._session() as session:
            return await self._ask(session, number, url)

    async def order(self, number: int) -> None:
        """Ask for an order until it is accepted."""
        async with self._session() as session:
            await self._order(session, number)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=aiohttp.ClientTimeout(20),
            connector=aiohttp.TCPConnector(limit=0),
        )

    async def _order(self, session: aiohttp.ClientSession, number: int) -> None:
        first = number % len(self.urls)
        for url in cycle([*self.urls[first:], *self.urls[:first]]):
            if await self._ask(session, number, url) in ACCEPTED:
                return
            await asyncio.sleep(0.5)

    async def _ask(self, session: aiohttp.ClientSession, number: int, url: str) -> str:
        is_email = number % 3 > 0
        to = f"reader{number}@example.org" if is_email else f"+47{900_000 + number % 100_000}50"
        recipient = email_to(to) if is_email else sms_to(to)
        body = {"idempotencyId": f"trial-{number}", "recipient": recipient}
        began = time.time()
        said, answer = await _told(session, "POST", f"{url}{API}/future/orders", json=body)
        now = time.time()
        self.answers.append(Answer(now, said, now - began))
        if said in ACCEPTED:
            order_id = answer["notification"]["shipmentId"]
            self.accepted[number] = Accepted(to=to, order_id=order_id, at=now, said=said)
        return said

    async def _read(self, session: aiohttp.ClientSession) -> None:
        """Read what was accepted, of all: what was answered for must be there at once."""
        while True:
            recent = list(self.accepted.values())[-_RECENT:]
            for url in self.urls if recent else ():
                order_id = recent[-1 - len(self.reads) % len(recent)].order_id
                path = f"{url}{API}/future/shipment/{order_id}"
                self.reads.append((await _told(session, "GET", path))[0])
            await asyncio.sleep(0.1)


async def _told(
    session: aiohttp.ClientSession, method: str, url: str, json: object = None
) -> tuple[str, Mapping[str, Any]]:
    try:
        async with session.request(method, url, json=json) as answer:
            return str(answer.status), await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        return type(problem).__name__, {}
