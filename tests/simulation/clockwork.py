"""An event loop whose time passes only when nobody has anything to do."""

import asyncio
import selectors
from collections.abc import Collection, Coroutine, Mapping
from typing import Any, TypeVar

from typing_extensions import override

T = TypeVar("T")


class StalledError(AssertionError):
    """Everybody waits, and for nothing that time would bring."""


class _NobodyElse(selectors.SelectSelector):
    """Hears of nothing from outside; told to wait, it lets the time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StalledError
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next moment at which something is to happen."""

    def __init__(self) -> None:
        self._nobody_else = _NobodyElse()
        super().__init__(self._nobody_else)

    @override
    def time(self) -> float:
        return self._nobody_else.now

    @override
    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        """What a killed process leaves behind is nobody's concern."""


def played(story: Coroutine[Any, Any, T]) -> T:
    """Play a story to its end, in no time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(story)
    finally:
        loop.run_until_complete(_let_go(asyncio.all_tasks(loop)))
        loop.close()


async def _let_go(left: Collection[asyncio.Task[Any]]) -> None:
    """End what still waits, so that nobody finds its remains later."""
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
