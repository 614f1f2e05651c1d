"""Long work lets go of the loop, and waits for its turn."""

import asyncio
import time

import pytest

from application.pace import Pace


def work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def long_work(name: str, done: list[str], *, pieces: int) -> None:
    with Pace() as pace:
        for _ in range(pieces):
            work(0.004)
            done.append(name)
            await pace.keep()


async def test_others_are_let_in_between_two_pieces_of_long_work() -> None:
    done: list[str] = []
    other = asyncio.create_task(asyncio.sleep(0))

    await long_work("long", done, pieces=10)

    assert other.done()


async def test_short_work_is_done_at_once() -> None:
    other = asyncio.create_task(asyncio.sleep(0))

    with Pace() as pace:
        for _ in range(10):
            await pace.keep()

    assert not other.done()
    await other


async def test_of_much_long_work_one_piece_is_done_each_time_that_the_loop_comes_by() -> None:
    done: list[str] = []
    tasks = [asyncio.create_task(long_work(name, done, pieces=30)) for name in "abcdef"]
    await asyncio.sleep(0.1)
    rounds = []
    while not all(task.done() for task in tasks):
        before = time.thread_time()
        await asyncio.sleep(0)
        rounds.append(time.thread_time() - before)

    assert done[6:].count("a") == 29
    assert max(rounds) < 0.020


async def test_who_fails_in_its_turn_gives_it_back() -> None:
    async def failing() -> None:
        with Pace() as pace:
            for _ in range(3):
                work(0.004)
                await pace.keep()
            raise ValueError("spoilt")

    done: list[str] = []
    with pytest.raises(ValueError, match="spoilt"):
        await failing()

    await asyncio.wait_for(long_work("next", done, pieces=3), 5)
    assert len(done) == 3


async def rests_of_long_work() -> list[float]:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await asyncio.sleep(seconds)

    with Pace(rest=rest) as pace:
        for _ in range(10):
            work(0.004)
            await pace.keep()
    return rests


async def test_a_loop_that_nobody_else_needs_is_not_let_rest() -> None:
    assert len(await rests_of_long_work()) < 8


async def test_who_comes_to_the_loop_has_it_to_himself_in_between() -> None:
    async def ask_for_little() -> None:
        while True:
            work(0.001)
            await asyncio.sleep(0)

    other = asyncio.create_task(ask_for_little())

    rests = await rests_of_long_work()

    other.cancel()
    assert len(rests) == 10
