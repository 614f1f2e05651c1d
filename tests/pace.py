"""How long work holds the event loop, so that nobody else is served meanwhile."""

import asyncio
import gc
import time
from collections.abc import Coroutine
from typing import Any


async def longest_hold(work: Coroutine[Any, Any, object]) -> float:
    """Do some work; the most seconds of its thread's time that it held the loop for at once.

    The collector of garbage rests meanwhile: how long it takes is a matter of all that a process has.
    """
    gc.disable()
    try:
        task, longest = asyncio.create_task(work), 0.0
        while not task.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
    finally:
        gc.enable()
    await task
    return longest
