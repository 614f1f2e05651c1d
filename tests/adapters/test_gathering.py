"""Several who want to know something at the same moment are told by one question."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from adapters.gathering import Gatherer


class _SpoiltError(Exception):
    """Of one thing nobody can tell anything."""


class _AwayError(Exception):
    """Nobody answers."""


class _Register:
    """Knows how long names are, and answers when it is let."""

    def __init__(self) -> None:
        self.rounds: list[Sequence[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def find(self, names: Sequence[str]) -> Mapping[str, int]:
        self.rounds.append(names)
        await self.may_answer.wait()
        if "away" in names:
            raise _AwayError
        if "spoilt" in names:
            raise _SpoiltError
        return {name: len(name) for name in names if name != "unknown"}


async def _asking(gatherer: Gatherer[str, int], *names: str) -> asyncio.Task[Mapping[str, int]]:
    """Ask, and go on when the question has been put, or waits."""
    task = asyncio.create_task(_ask(gatherer, names))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def _ask(gatherer: Gatherer[str, int], names: Sequence[str]) -> Mapping[str, int]:
    return await gatherer.ask(names)


async def test_what_is_asked_at_the_same_moment_is_asked_once_and_each_hears_of_its_own() -> None:
    register = _Register()
    gatherer = Gatherer(register.find)

    told = await asyncio.gather(
        gatherer.ask(["kari", "unknown"]), gatherer.ask(["ola"]), gatherer.ask(["ola", "kari"])
    )

    assert [*told] == [{"kari": 4}, {"ola": 3}, {"ola": 3, "kari": 4}]
    assert register.rounds == [["kari", "unknown", "ola"]]


async def test_whoever_asks_again_as_soon_as_told_is_told_again() -> None:
    gatherer = Gatherer(_Register().find, at_once=1)

    async with asyncio.timeout(5):
        told = [await gatherer.ask([name]) for name in ("kari", "ola", "per")]

    assert told == [{"kari": 4}, {"ola": 3}, {"per": 3}]


async def test_whoever_asks_while_a_round_is_under_way_is_in_the_next() -> None:
    register = _Register()
    register.may_answer.clear()
    gatherer = Gatherer(register.find, at_once=1)
    tasks = [await _asking(gatherer, name) for name in ("kari", "ola", "per")]

    register.may_answer.set()

    assert await asyncio.gather(*tasks) == [{"kari": 4}, {"ola": 3}, {"per": 3}]
    assert register.rounds == [["kari"], ["ola", "per"]]


async def test_a_round_whose_answer_does_not_come_keeps_no_other_waiting() -> None:
    register = _Register()
    register.may_answer.clear()
    gatherer = Gatherer(register.find)

    late = await _asking(gatherer, "kari")
    late.cancel()
    await _asking(gatherer, "ola")

    assert register.rounds == [["kari"], ["ola"]]


async def test_a_round_takes_no_more_than_it_may_and_who_asks_about_more_asks_alone() -> None:
    register = _Register()
    gatherer = Gatherer(register.find, most=3)

    await asyncio.gather(
        gatherer.ask(["a", "b"]),
        gatherer.ask(["c", "d"]),
        gatherer.ask(["e", "f", "g", "h"]),
        gatherer.ask(["i"]),
    )

    assert register.rounds == [["e", "f", "g", "h"], ["a", "b"], ["c", "d", "i"]]


async def test_nobody_hears_of_what_is_wrong_with_anothers() -> None:
    register = _Register()
    gatherer = Gatherer(register.find, befalls_all=_AwayError)

    told = await asyncio.gather(
        gatherer.ask(["kari"]), gatherer.ask(["spoilt"]), return_exceptions=True
    )

    assert told[0] == {"kari": 4}
    assert isinstance(told[1], _SpoiltError)


async def test_of_what_befalls_all_everybody_is_told_at_once() -> None:
    register = _Register()
    gatherer = Gatherer(register.find, befalls_all=_AwayError)

    told = await asyncio.gather(
        gatherer.ask(["kari"]), gatherer.ask(["away"]), return_exceptions=True
    )

    assert [type(each) for each in told] == [_AwayError, _AwayError]
    assert register.rounds == [["kari", "away"]]


async def test_whoever_waits_no_more_is_not_asked_for() -> None:
    register = _Register()
    register.may_answer.clear()
    gatherer = Gatherer(register.find, at_once=1)
    first, gone, last = [await _asking(gatherer, name) for name in ("kari", "ola", "per")]

    gone.cancel()
    register.may_answer.set()

    assert [await first, await last] == [{"kari": 4}, {"per": 3}]
    assert register.rounds == [["kari"], ["per"]]
    with pytest.raises(asyncio.CancelledError):
        await gone
