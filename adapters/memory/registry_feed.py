"""A register's feed as a list of pages."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import datetime

from adapters.memory.registry_copies import InMemoryRegistryCopies
from application.ports.registry_copies import CopyStanding
from application.ports.registry_feed import PageTaken


class InMemoryRegistryFeed:
    """Gives the pages that it was given, and fails when it is told to.

    The last one is given again to whoever has them all: it changes nothing then.
    """

    def __init__(
        self, registry: str, copies: InMemoryRegistryCopies, *, clock: Callable[[], datetime]
    ) -> None:
        self._registry = registry
        self._copies = copies
        self._clock = clock
        self._taken = 0
        self.pages: list[PageTaken] = []
        self.failures: list[Exception] = []
        """What goes wrong at the next pages, one each."""
        self.asked = 0

    @property
    def registry(self) -> str:
        return self._registry

    def grow(self, count: int = 1) -> None:
        """Have so many pages more, each of one change."""
        total = len(self.pages) + count
        self.pages = [
            PageTaken(
                position=str(number + 1),
                newest=str(total),
                written=1,
                removed=0,
                quarantined=0,
                nobodys=0,
            )
            for number in range(total)
        ]

    async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        if again:
            self._taken = 0
        is_at_end = False
        while not is_at_end:
            self.asked += 1
            if self.failures:
                raise self.failures.pop(0)
            yield self._take()
            is_at_end = self._taken == len(self.pages)

    def _take(self) -> PageTaken:
        before = self._taken
        self._taken = min(before + 1, len(self.pages))
        page = self.pages[self._taken - 1]
        standings = {each.registry: each for each in self._copies.known}
        old = standings.get(self._registry)
        self._copies.know(
            CopyStanding(
                registry=self._registry,
                position=page.position,
                newest=page.newest,
                confirmed_at=self._clock()
                if self._taken == len(self.pages)
                else None
                if old is None
                else old.confirmed_at,
            )
        )
        return page if self._taken > before else replace(page, written=0)
