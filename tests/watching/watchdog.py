"""How long an event loop was held, by the CPU time of its own thread.

A machine that is busy with other things makes nothing longer: what is measured is what the loop's
thread itself has worked between two beats of its heart, each of which the loop lets through as
soon as it can.
A second thread looks at what the loop's thread is doing whenever a beat is late, so that a long stop
has a place in the code.
"""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from typing_extensions import override

LIMIT: Final = 0.050
"""Seconds of its thread's time for which nothing may hold a loop."""
_BEAT: Final = 0.001
_LOOK: Final = 0.004
_LATE: Final = 0.015
_OURS: Final = ("/adapters/", "/application/", "/domain/", "/entrypoints/")


@dataclass(frozen=True, slots=True)
class Stop:
    """For how long a loop was held, and where in the code it was seen meanwhile."""

    seconds: float
    seen: tuple[str, ...] = ()

    @override
    def __str__(self) -> str:
        return f"{self.seconds * 1000:.0f} ms in {'; '.join(self.seen) or 'many small things'}"


class Watchdog:
    """Watches the loop in which it is started."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._thread)
        self._last = self._now()
        self._seen: Counter[str] = Counter()
        self._longest = Stop(0.0)
        self._beats = 0
        self._is_over = threading.Event()
        self._guard = threading.Thread(target=self._look, name="watchdog", daemon=True)

    def start(self) -> None:
        self._beat()
        self._guard.start()

    def stop(self) -> None:
        self._is_over.set()
        self._guard.join()

    def longest(self) -> Stop:
        """The longest stop since this was asked last, until now; to be asked from another thread."""
        after = self._beats + 2  # the beat that is under way may have begun before
        while self._beats < after and not self._is_over.is_set():
            time.sleep(_BEAT)
        longest, self._longest = self._longest, Stop(0.0)
        return longest

    def _now(self) -> float:
        return time.clock_gettime(self._clock)

    def _beat(self) -> None:
        now = self._now()
        stop = now - self._last
        if stop > self._longest.seconds:
            places = tuple(place for place, _ in self._seen.most_common(3))
            self._longest = Stop(stop, places)
        self._seen.clear()
        self._last = now
        self._beats += 1
        if not self._is_over.is_set():
            self._loop.call_later(_BEAT, self._beat)

    def _look(self) -> None:
        while not self._is_over.wait(_LOOK):
            if self._now() - self._last >= _LATE:
                frame = sys._current_frames().get(self._thread)
                self._seen[_place(frame)] += 1


def _place(frame: FrameType | None) -> str:
    """The innermost of our own functions, and whom it has called."""
    called = ""
    while frame is not None:
        code = frame.f_code
        if any(each in code.co_filename for each in _OURS):
            file = "/".join(code.co_filename.rsplit("/", 2)[1:])
            return f"{file}:{frame.f_lineno} {code.co_qualname}{called}"
        called = called or f" (in {code.co_qualname})"
        frame = frame.f_back
    return f"the loop itself{called}"


@asynccontextmanager
async def watchdog() -> AsyncIterator[Watchdog]:
    """Watch the running loop."""
    watching = Watchdog()
    watching.start()
    try:
        yield watching
    finally:
        watching.stop()
