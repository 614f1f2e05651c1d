"""So much for each owner, and no more: what one lets us wait for keeps nobody else waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Shares:
    """Places to call from: so many for each owner, and so many for all of them together."""

    def __init__(self, each: int, *, together: int) -> None:
        self._each = each
        self._together = asyncio.Semaphore(together)
        self._of: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def place(self, owner: str) -> AsyncIterator[None]:
        """Wait for one of the owner's places, and after that for one of all."""
        own = self._of.setdefault(owner, asyncio.Semaphore(self._each))
        self._users[owner] = self._users.get(owner, 0) + 1
        try:
            async with own, self._together:
                yield
        finally:
            self._users[owner] -= 1
            if not self._users[owner]:
                del self._users[owner], self._of[owner]
