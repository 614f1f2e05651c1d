"""Long work on an event loop: a little at a time, and one after another."""

import asyncio
import time
from collections.abc import Generator
from typing import Final, Self, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_AT_FIRST: Final = 0.002
"""Seconds of its thread's time for which any work may hold the loop: most is over by then."""
_AT_MOST: Final = 0.002
"""Seconds for which it may each time that its turn has come."""
_REST: Final = 0.002
"""Seconds in between, in which whoever asks for little has the loop, and its thread, to himself."""

_turns: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()


class Pace:
    """Lets go of the loop when work has held it for long enough.

    Of all the long work on a loop one piece is done at a time: twenty who ask for much at once hold it
    no longer than one. What is done between two looks has to be short, and to wait for nothing.
    """

    def __init__(self, *, is_long: bool = False) -> None:
        """Begin; what is known to be long waits for its turn before its first piece."""
        self._at_first = 0.0 if is_long else _AT_FIRST
        self._turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        self._has_turn = False
        self._until = 0.0

    def __enter__(self) -> Self:
        self._until = time.thread_time() + self._at_first
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()

    async def keep(self) -> None:
        """Let the loop do other things, if it is time."""
        if time.thread_time() < self._until:
            return
        await asyncio.sleep(_REST)  # and nobody else's turn begins before the loop has come by
        self._give_back()
        await self._turn.acquire()
        self._has_turn = True
        self._until = time.thread_time() + _AT_MOST

    async def through(self, steps: Generator[None, None, T]) -> T:
        """Do all of something, and give what comes of it; between two steps others may go first."""
        while True:
            try:
                next(steps)
            except StopIteration as done:
                result: T = done.value
                return result
            await self.keep()

    def _give_back(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turn.release()
