"""Long work on an event loop: a little at a time, and one after another."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Final, Self, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_AT_FIRST: Final = 0.002
"""Seconds of its thread's time for which any work may hold the loop: most is over by then."""
_AT_MOST: Final = 0.002
"""Seconds for which it may each time that its turn has come."""
_REST: Final = 0.002
"""Seconds in between, in which whoever asks for little has the loop, and its thread, to himself."""
_PASSES: Final = 3
"""How often the loop comes by before it counts as left alone: what arrives takes some passes to begin."""
_LITTLE: Final = 0.0003
"""Seconds of the thread's time that the passes themselves may take."""
_LATELY: Final = 0.02
"""For so many seconds after others were at work they are expected back, and rests are taken for them."""

_turns: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()


class Pace:
    """Lets go of the loop when work has held it for long enough.

    Of all the long work on a loop one piece is done at a time: twenty who ask for much at once hold it
    no longer than one. What is done between two looks has to be short, and to wait for nothing.
    A loop that nobody else needs is not let rest.
    """

    def __init__(
        self, *, is_long: bool = False, rest: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Begin; what is known to be long waits for its turn before its first piece."""
        self._rest = rest
        self._at_first = 0.0 if is_long else _AT_FIRST
        self._turn: asyncio.Lock | None = None
        self._until = 0.0
        self._look_at = 0.0
        self._rests_until = 0.0

    def __enter__(self) -> Self:
        self._go_on(self._at_first)
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()

    @property
    def is_due(self) -> bool:
        """Whether it may be time; to ask is cheaper than to keep it, where what is done is very short."""
        # The thread's time never passes faster than the world's, and costs a call of the system to ask for.
        return time.monotonic() >= self._look_at

    async def keep(self) -> None:
        """Let the loop do other things, if it is time."""
        if not self.is_due:
            return
        if (left := self._until - time.thread_time()) > 0:
            self._look_at = time.monotonic() + left
            return
        await self._let_others()  # and nobody else's turn begins before the loop has come by
        self._give_back()
        turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        await turn.acquire()
        self._turn = turn
        self._go_on(_AT_MOST)

    def _go_on(self, seconds: float) -> None:
        self._look_at = time.monotonic() + seconds
        self._until = time.thread_time() + seconds

    async def _let_others(self) -> None:
        """Let the loop come by, and rest if anybody else has lately had work for it."""
        began = time.thread_time()
        for _ in range(_PASSES):
            await asyncio.sleep(0)
        if time.thread_time() - began > _LITTLE:
            self._rests_until = time.monotonic() + _LATELY
        if time.monotonic() < self._rests_until:
            began = time.thread_time()
            await self._rest(_REST)
            if time.thread_time() - began > _LITTLE:
                self._rests_until = time.monotonic() + _LATELY

    async def through(self, steps: Generator[None, None, T]) -> T:
        """Do all of something, and give what comes of it; between two steps others may go first."""
        while True:
            try:
                next(steps)
            except StopIteration as done:
                result: T = done.value
                return result
            if self.is_due:
                await self.keep()

    def _give_back(self) -> None:
        if self._turn is not None:
            self._turn.release()
            self._turn = None
