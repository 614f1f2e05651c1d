"""That the watchdog barks, and only when it should."""

import asyncio
import time

from tests.watching.watchdog import LIMIT, Stop, Watchdog, watchdog


def work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def longest(watching: Watchdog) -> Stop:
    return await asyncio.to_thread(watching.longest)


async def test_a_callback_that_works_for_long_is_a_stop_and_has_a_place() -> None:
    async with watchdog() as watching:
        await asyncio.sleep(0.01)
        work(2 * LIMIT)

        assert 2 * LIMIT <= (await longest(watching)).seconds < 4 * LIMIT
        assert (await longest(watching)).seconds < LIMIT


async def test_much_work_in_small_pieces_is_no_stop() -> None:
    async with watchdog() as watching:
        for _ in range(40):
            work(LIMIT / 10)
            await asyncio.sleep(0)

        assert (await longest(watching)).seconds < LIMIT


async def test_to_wait_is_no_stop() -> None:
    async with watchdog() as watching:
        time.sleep(2 * LIMIT)  # noqa: ASYNC251  # as on a machine that is busy with other things

        assert (await longest(watching)).seconds < LIMIT
