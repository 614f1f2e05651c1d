"""People and firms who move while orders for them are under way, and registers that are in trouble."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any, Final

import aiohttp
import psycopg
from yarl import URL

from entrypoints.sandbox.registers import ADDRESSES, CONTROL, KRR
from entrypoints.sandbox.registers.numbers import PersonNumbers, organisation_number
from tests.service.installations import Installation

_LOOK_UP: Final = "/profile/api/v1"
_EVERY: Final = 0.2
"""Seconds between two who move."""
_CROWD: Final = 50
"""So many move at once each time that trouble comes."""
_AT_ONCE: Final = 16
_ASKED_AT_ONCE: Final = 500
_CALM: Final = 240.0
"""So long the copies may take to follow when nothing is wrong any more: whoever was killed in the middle of
a page holds its register for three minutes."""
_TROUBLES: Final[Sequence[Mapping[str, object]]] = (
    {"status": 503, "times": 2},
    {"status": 503, "retry_after": 1, "times": 2},
    {"hang": 3.0, "times": 1},
    {"duplicate": True, "times": 3},
    {"halve": True, "times": 1},
)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody whom a register knows."""

    number: str
    is_person: bool
    mark: str
    """What every address of theirs begins with, and nobody else's."""

    def address(self, move: int) -> str:
        """Where they are reached after so many moves."""
        return f"{self.mark}.{move}@example.org"

    @property
    def recipient(self) -> Mapping[str, object]:
        """What an order says to reach them by e-mail; its subject tells for whom it is."""
        settings = {"subject": self.mark, "body": "Please log in."}
        more = {"channelSchema": "Email", "emailSettings": settings}
        if self.is_person:
            return {"recipientPerson": {"nationalIdentityNumber": self.number, **more}}
        return {"recipientOrganization": {"orgNumber": self.number, **more}}


def mark_of(address: str) -> str:
    """Whose an address is, wherever they have moved to; of anybody else the address itself."""
    mark, _, rest = address.partition(".")
    is_theirs = mark.startswith(("person-", "firm-")) and rest.endswith("@example.org")
    return mark if is_theirs else address


@dataclass(slots=True)
class Registers:
    """The stand-ins that an installation follows, seen from their console."""

    url: str
    subscribers: Sequence[Subscriber]
    moves: dict[str, int] = field(default_factory=dict)
    """How often each has moved."""
    troubled: int = 0

    @classmethod
    def of(cls, installed: Installation, count: int) -> "Registers":
        """Those of an installation, with so many who are known to them, every fifth one a firm."""
        running = json.loads((installed.data / "running.json").read_text())
        url = str(URL(running["followed"]["VARSEL_KRR_URL"]).origin())
        numbers = PersonNumbers(seed=7).of(0, count)
        return cls(
            url,
            [
                Subscriber(organisation_number(place), False, f"firm-{place}")  # noqa: FBT003  # no person
                if place % 5 == 0
                else Subscriber(numbers[place], True, f"person-{place}")  # noqa: FBT003  # a person
                for place in range(count)
            ],
        )

    async def enter(self) -> None:
        """Have all of them in the registers."""
        waiting = iter(self.subscribers)

        async def some(session: aiohttp.ClientSession) -> None:
            for each in waiting:
                await self._move(session, each)

        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(some(session) for _ in range(_AT_ONCE)))

    async def live(self, dice: Random) -> None:
        """Let them move, and bring trouble to the feeds, until cancelled."""
        async with aiohttp.ClientSession() as session:
            for turn in range(1_000_000_000):
                await asyncio.sleep(_EVERY)
                await self._move(session, dice.choice(self.subscribers))
                if turn % 10 == 0:
                    # Pages of many changes, so that some worker is killed in the middle of one.
                    crowd = min(len(self.subscribers), _CROWD)
                    for each in dice.sample(self.subscribers, crowd):
                        await self._move(session, each)
                    path = dice.choice((KRR, ADDRESSES))
                    await self._ask(
                        session, "trouble", {"path": path, "trouble": dice.choice(_TROUBLES)}
                    )
                    self.troubled += 1

    async def calm(self) -> None:
        """End all trouble."""
        async with aiohttp.ClientSession() as session:
            for path in (KRR, ADDRESSES):
                await self._ask(session, "trouble", {"path": path, "trouble": None})

    async def newest(self) -> Mapping[str, int]:
        """The newest change of each."""
        async with aiohttp.ClientSession() as session, session.get(self.url + CONTROL) as answer:
            told: Mapping[str, Mapping[str, int]] = await answer.json()
        return {name: each["newest"] for name, each in told.items()}

    async def _move(self, session: aiohttp.ClientSession, who: Subscriber) -> None:
        move = self.moves.get(who.mark, -1) + 1
        kind = "person" if who.is_person else "organisation"
        await self._ask(session, kind, {"number": who.number, "email": who.address(move)})
        self.moves[who.mark] = move

    async def _ask(
        self, session: aiohttp.ClientSession, what: str, body: Mapping[str, object]
    ) -> None:
        async with session.post(f"{self.url}{CONTROL}/{what}", json=body) as answer:
            assert answer.ok, await answer.text()


async def followed(installed: Installation, registers: Registers, token: str) -> Sequence[str]:
    """What of the registers the copies lack, or have otherwise, once they had time to follow."""
    deadline = monotonic() + _CALM
    while lacking := [
        *await _behind(installed, registers),
        *await _otherwise(installed.url, registers, token),
    ]:
        if monotonic() > deadline:
            return lacking
        await asyncio.sleep(0.5)
    return []


async def _behind(installed: Installation, registers: Registers) -> Sequence[str]:
    database = json.loads((installed.data / "running.json").read_text())["database"]
    async with await psycopg.AsyncConnection.connect(database) as connection:
        cursor = await connection.execute("SELECT cursor FROM registry_copy WHERE registry = 'krr'")
        row = await cursor.fetchone()
    newest = (await registers.newest())["person"]
    position = None if row is None else str(row[0])
    if position == str(newest):
        return []
    return [f"apart: the copy of KRR stands at {position}, and KRR at {newest}"]


async def _otherwise(url: str, registers: Registers, token: str) -> Sequence[str]:
    """Whoever is reached elsewhere than their register says, as other services are told."""
    known: dict[str, Sequence[str | None]] = {}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

        async def told(path: str, asked: Mapping[str, object]) -> Sequence[Mapping[str, Any]]:
            async with session.post(f"{url}{_LOOK_UP}{path}", json=asked) as answer:
                assert answer.ok, (answer.status, await answer.text())
                listed: Sequence[Mapping[str, Any]] = (await answer.json())["contactPointsList"]
                return listed

        for some in _parts([each.number for each in registers.subscribers if each.is_person]):
            for each in await told("/users/contactpoint/lookup", {"nationalIdentityNumbers": some}):
                known[each["nationalIdentityNumber"]] = [each["email"]]
        for some in _parts([each.number for each in registers.subscribers if not each.is_person]):
            asked = {"organizationNumbers": some}
            for each in await told("/organizations/notificationaddresses/lookup", asked):
                known[each["organizationNumber"]] = each["emailList"]
    return [
        f"apart: {each.mark} is not known by the address that the register has"
        for each in registers.subscribers
        if known.get(each.number) != [each.address(registers.moves[each.mark])]
    ]


def _parts(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(numbers), _ASKED_AT_ONCE):
        yield numbers[first : first + _ASKED_AT_ONCE]
