"""What shifts is noted beside the hand-overs: late if need be, in order, and never in their way."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from adapters.memory.provider import RecordingProvider
from adapters.memory.provider_ledger import InMemoryProviderHealthLog
from application.delivery.provider_health_log import ProviderHealthRecorder
from application.delivery.provider_selection import ProviderSelector
from application.ports.order_repository import StoreUnavailableError
from application.ports.provider_ledger import WeightChange
from domain.channel import Channel
from tests.samples import NOON

ME = "host-a 11"


class Ledger(InMemoryProviderHealthLog):
    """A ledger that can be away, or lose its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: list[Exception] = []
        """One for each of the next times; what is noted is kept, and the answer lost."""
        self.is_away = False
        self.asked = asyncio.Semaphore(0)
        self.handed: list[str] = []

    @override
    async def note(self, process: str, shifts: Mapping[UUID, WeightChange], at: datetime) -> None:
        self.asked.release()
        if self.is_away:
            raise StoreUnavailableError
        self.handed += [each.reason for each in shifts.values()]
        await super().note(process, shifts, at)
        if self.trouble:
            raise self.trouble.pop()


class Installation:
    def __init__(self) -> None:
        self.ledger = Ledger()
        relays = [
            RecordingProvider(name, Channel.EMAIL, clock=lambda: NOON)
            for name in ("smtp", "smtp:2")
        ]
        self.choice = ProviderSelector({Channel.EMAIL: relays}, chance=lambda: 0.0)
        self.noting = ProviderHealthRecorder(
            ledger=self.ledger,
            choice=self.choice,
            clock=lambda: NOON,
            next_id=uuid4,
            process=ME,
        )

    def shift(self, *reasons: str) -> None:
        for reason in reasons:
            self.choice.shifts.append(
                WeightChange(provider="smtp", weight=0.5, reason=reason, at=NOON)
            )

    async def reasons(self) -> list[str]:
        """Why weights shifted, oldest first, without the start of the process."""
        noted = reversed(await self.ledger.latest(10_000))
        return [reason for each in noted if (reason := each.shift.reason) != "started"]


@pytest.fixture
async def relays() -> Installation:
    return Installation()


async def test_a_process_begins_with_every_weight_as_it_is(relays: Installation) -> None:
    await relays.noting.note()

    standing = await relays.ledger.standing(NOON)
    assert [(each.process, each.shift.provider, each.shift.weight) for each in standing] == [
        (ME, "smtp", 1.0),
        (ME, "smtp:2", 1.0),
    ]


async def test_each_shift_is_noted_once_in_order(relays: Installation) -> None:
    relays.shift("first", "second")
    await relays.noting.note()
    relays.shift("third")
    await relays.noting.note()
    await relays.noting.note()

    assert relays.ledger.handed == ["started", "started", "first", "second", "third"]


async def test_while_the_database_is_away_shifts_wait_in_order(relays: Installation) -> None:
    relays.ledger.is_away = True
    for reason in ("first", "second"):
        relays.shift(reason)
        with pytest.raises(StoreUnavailableError):
            await relays.noting.note()
    relays.ledger.is_away = False
    relays.shift("third")
    await relays.noting.note()

    assert await relays.reasons() == ["first", "second", "third"]


async def test_a_lost_answer_doubles_nothing(relays: Installation) -> None:
    relays.ledger.trouble = [StoreUnavailableError()]
    relays.shift("first")
    with pytest.raises(StoreUnavailableError):
        await relays.noting.note()
    await relays.noting.note()

    assert await relays.reasons() == ["first"]


async def test_only_so_many_shifts_wait_and_the_newest_of_them(relays: Installation) -> None:
    relays.ledger.is_away = True
    for number in range(5000):
        relays.shift(str(number))
        if number % 500 == 0:
            with pytest.raises(StoreUnavailableError):
                await relays.noting.note()
    relays.ledger.is_away = False
    await relays.noting.note()

    assert await relays.reasons() == [str(number) for number in range(4000, 5000)]


@pytest.mark.parametrize("trouble", [StoreUnavailableError(), RuntimeError("a bug")])
async def test_no_trouble_ends_the_noting(relays: Installation, trouble: Exception) -> None:
    relays.ledger.trouble = [trouble, trouble]
    noting = asyncio.create_task(relays.noting.run(every=0))
    async with asyncio.timeout(5):
        for _ in range(4):
            await relays.ledger.asked.acquire()

    assert not noting.done()
    noting.cancel()
    await asyncio.wait({noting})


async def test_what_shifts_last_is_noted_when_the_process_ends(relays: Installation) -> None:
    noting = asyncio.create_task(relays.noting.run())
    await relays.ledger.asked.acquire()
    relays.shift("last")
    noting.cancel()
    with suppress(asyncio.CancelledError):
        await noting

    assert await relays.reasons() == ["last"]
