"""How long work holds the event loop, so that nobody else is served meanwhile."""

import asyncio
import gc
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_collector() -> Iterator[None]:
    """Let the collector of garbage rest: how long it takes is a matter of all that a process has."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def longest_hold(work: Coroutine[Any, Any, object]) -> float:
    """Do some work; the most seconds of its thread's time that it held the loop for at once."""
    with without_collector():
        task, longest = asyncio.create_task(work), 0.0
        while not task.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
    await task
    return longest
