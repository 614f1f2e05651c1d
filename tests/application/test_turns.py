"""An owner's large requests come one after another, and leave most of the time to others who ask."""

import asyncio
from collections.abc import Callable

import pytest

from application.turns import OwnersTurns


class Clock:
    """Seconds, as a test sets them."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Work:
    """A large request that is at work until it is told to end."""

    def __init__(self, turns: OwnersTurns, owner: str) -> None:
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self._turns, self._owner = turns, owner
        self.task = asyncio.create_task(self._do())

    async def _do(self) -> None:
        async with self._turns.of(self._owner, is_large=True):
            self.has_begun.set()
            await self.may_end.wait()

    async def end(self) -> None:
        self.may_end.set()
        await self.task


async def settled(is_so: Callable[[], bool]) -> bool:
    """Whether something is so when everything that can go on now has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)
    return is_so()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> OwnersTurns:
    return OwnersTurns(seconds=clock)


async def test_large_requests_of_one_owner_come_one_after_another(turns: OwnersTurns) -> None:
    first, second = Work(turns, "skd"), Work(turns, "skd")
    await first.has_begun.wait()

    assert not await settled(second.has_begun.is_set)
    await first.end()
    assert await settled(second.has_begun.is_set)
    await second.end()


async def test_nobody_waits_for_the_turn_of_another_owner_or_for_what_is_small(
    turns: OwnersTurns,
) -> None:
    loud = Work(turns, "skd")
    await loud.has_begun.wait()

    quiet = Work(turns, "ttd")
    assert await settled(quiet.has_begun.is_set)
    async with turns.of("skd", is_large=False):
        pass
    await quiet.end()
    await loud.end()


async def test_while_others_ask_an_owner_rests_after_each_turn(
    turns: OwnersTurns, clock: Clock
) -> None:
    first = Work(turns, "skd")
    await first.has_begun.wait()
    clock.now += 0.01
    async with turns.of("ttd", is_large=False):
        pass
    second = Work(turns, "skd")

    began = asyncio.get_running_loop().time()
    await first.end()
    await second.has_begun.wait()

    assert asyncio.get_running_loop().time() - began >= 0.025  # three times what it took, about
    await second.end()


async def test_who_is_alone_has_one_turn_after_another(turns: OwnersTurns, clock: Clock) -> None:
    async with turns.of("ttd", is_large=False):
        pass
    clock.now += 5  # it has gone
    first, second = Work(turns, "skd"), Work(turns, "skd")
    await first.has_begun.wait()
    clock.now += 1

    await first.end()

    assert await settled(second.has_begun.is_set)
    await second.end()


async def test_who_hangs_up_while_it_waits_holds_up_nobody(turns: OwnersTurns) -> None:
    first, second, third = (Work(turns, "skd") for _ in range(3))
    await first.has_begun.wait()
    await settled(lambda: True)
    second.task.cancel()
    await asyncio.gather(second.task, return_exceptions=True)

    await first.end()

    assert await settled(third.has_begun.is_set)
    await third.end()
