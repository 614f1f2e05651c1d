"""Large requests of one owner come one after another, and leave most of the time to others who ask."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

_RECENT: Final = 1.0
"""For so many seconds after its last request an owner is taken to be there."""
_REST: Final = 3.0
"""So many times as long as its last large request took, an owner's next one waits while others ask."""
_LONGEST_REST: Final = 2.0
"""Seconds for which it waits at most."""

_AT_ONCE: Final = nullcontext()


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


class OwnersTurns:
    """Gives each owner one turn at a time for what takes long; what is small waits for nobody."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._turns: dict[str, _Turn] = {}
        self._asked_at: dict[str, float] = {}

    def of(self, owner: str, *, is_large: bool) -> AbstractAsyncContextManager[None]:
        """Wait for the owner's turn, if what it asks for is large.

        While others ask as well, an owner has a turn for a quarter of the time at most; alone, one
        turn follows another at once. Nobody waits for the turn of another owner.
        """
        self._note(owner)
        return self._turn(owner) if is_large else _AT_ONCE

    @asynccontextmanager
    async def _turn(self, owner: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(owner, _Turn())
        turn.wanted += 1
        await self._taken(owner, turn)
        began = self._seconds()
        try:
            yield
        finally:
            rest = min(_REST * (self._seconds() - began), _LONGEST_REST)
            if self._others_ask(owner):
                asyncio.get_running_loop().call_later(rest, self._give_back, owner, turn)
            else:
                self._give_back(owner, turn)

    async def _taken(self, owner: str, turn: _Turn) -> None:
        try:
            await turn.lock.acquire()
        except BaseException:
            self._leave(owner, turn)
            raise

    def _give_back(self, owner: str, turn: _Turn) -> None:
        turn.lock.release()
        self._leave(owner, turn)

    def _leave(self, owner: str, turn: _Turn) -> None:
        turn.wanted -= 1
        if not turn.wanted:
            del self._turns[owner]

    def _note(self, owner: str) -> None:
        now = self._seconds()
        self._asked_at.pop(owner, None)
        self._asked_at[owner] = now  # the latest stands last
        while (first := next(iter(self._asked_at.items())))[1] < now - _RECENT:
            del self._asked_at[first[0]]

    def _others_ask(self, owner: str) -> bool:
        since = self._seconds() - _RECENT
        return any(each != owner and at >= since for each, at in self._asked_at.items())
