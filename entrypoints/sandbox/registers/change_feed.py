"""What a register tells to those who follow it: each thing once, at its latest change."""

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Write: TypeAlias = Callable[[int, int], Sequence[str]]
"""Writes the entries of generated things, from one place in their row to before another."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Generated things that came into the feed together: written when they are asked for."""

    first: int
    """The change by which the first of them came."""
    start: int
    """The place of that one in the row of the generated things."""
    count: int
    write: Write

    @property
    def stop(self) -> int:
        """The change after the last of them."""
        return self.first + self.count

    def entries(self, change: int, stop: int) -> Sequence[str]:
        """The entries of some changes of this stretch."""
        shift = self.start - self.first
        return self.write(change + shift, stop + shift)


class ChangeFeed:
    """Entries in the order of their changes, which are numbered from 1 on.

    What changes again leaves its old place and comes at the end; so nothing is told twice to somebody
    who begins, and whoever follows misses nothing.
    """

    def __init__(self) -> None:
        self.newest = 0
        """The number of the newest change."""
        self.stretches: list[Stretch] = []
        self._entries: dict[int, str] = {}
        self._changes: list[int] = []
        self._gone: list[int] = []
        """Changes of a stretch whose things have changed since."""

    @property
    def changes(self) -> Sequence[int]:
        """The changes that stand, but for those of generated things."""
        return self._changes

    def add(self, entry: str, *, instead_of: int | None = None) -> int:
        """Add an entry as the newest change, in place of an older one of the same thing."""
        if instead_of is not None:
            self._drop(instead_of)
        self.newest += 1
        self._entries[self.newest] = entry
        self._changes.append(self.newest)
        return self.newest

    def generate(self, start: int, count: int, write: Write) -> Stretch:
        """Add generated things, each with a change of its own."""
        made = Stretch(self.newest + 1, start, count, write)
        self.stretches.append(made)
        self.newest += count
        return made

    def entry(self, change: int) -> str:
        """The entry of a change that stands."""
        for each in self.stretches:
            if each.first <= change < each.stop:
                return each.entries(change, change + 1)[0]
        return self._entries[change]

    def change_of_generated(self, place: int) -> int | None:
        """By which change a generated thing came, and if it has not changed since."""
        for each in self.stretches:
            if each.start <= place < each.start + each.count:
                change = each.first + place - each.start
                return None if self._gone_between(change, change + 1) else change
        return None

    def after(self, change: int, most: int) -> tuple[list[str], int]:
        """What comes after a change, at most so many entries, and the last change that this reaches."""
        taken: list[str] = []
        at = max(change, 0) + 1
        while len(taken) < most and at <= self.newest:
            stretch = self._stretch_from(at)
            if stretch is not None and stretch.first <= at:
                stop = min(stretch.stop, at + most - len(taken))
                taken += self._written(stretch, at, stop)
                at = stop
                continue
            following = bisect_right(self._changes, at - 1)
            single = self._changes[following] if following < len(self._changes) else None
            if single is not None and (stretch is None or single < stretch.first):
                taken.append(self._entries[single])
                at = single + 1
            else:
                at = self.newest + 1 if stretch is None else stretch.first
        return taken, max(at - 1, change)

    def _stretch_from(self, change: int) -> Stretch | None:
        return next((each for each in self.stretches if each.stop > change), None)

    def _written(self, stretch: Stretch, change: int, stop: int) -> Sequence[str]:
        entries = stretch.entries(change, stop)
        gone = {each - change for each in self._gone_between(change, stop)}
        if not gone:
            return entries
        return [each for place, each in enumerate(entries) if place not in gone]

    def _gone_between(self, change: int, stop: int) -> Sequence[int]:
        return self._gone[bisect_right(self._gone, change - 1) : bisect_right(self._gone, stop - 1)]

    def _drop(self, change: int) -> None:
        if self._entries.pop(change, None) is None:
            insort(self._gone, change)
        else:
            del self._changes[bisect_right(self._changes, change) - 1]
