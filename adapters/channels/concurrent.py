"""Several hand-overs at once, but not too many, and the result of each as soon as it is known."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


async def as_known(
    items: Sequence[_Item], work: Callable[[_Item], Awaitable[_Result]], *, at_once: int
) -> AsyncGenerator[tuple[_Item, _Result], None]:
    """Do some work for every item, so many at once, and tell each result as it comes.

    The work must not raise. Whoever stops listening stops the work.
    """
    if len(items) == 1:
        yield items[0], await work(items[0])
        return
    results: asyncio.Queue[tuple[_Item, _Result]] = asyncio.Queue()
    waiting = iter(items)

    async def go_through() -> None:
        for item in waiting:
            results.put_nowait((item, await work(item)))

    workers = [asyncio.create_task(go_through()) for _ in range(min(at_once, len(items)))]
    try:
        for _ in items:
            yield await results.get()
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def entered(places: asyncio.Semaphore, *, within: float) -> bool:
    """Wait for one of a number of places, but no longer than this; tell whether there is one."""
    if within <= 0:
        return False
    if not places.locked():
        return await places.acquire()  # at once
    try:
        async with asyncio.timeout(within):
            return await places.acquire()
    except TimeoutError:
        return False
