"""The log is read once for all projections that stand at the same position."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from adapters.projections.log_reader import LogReader
from adapters.projections.projection import FeedEvent

Told = tuple[int, object, int, str, bytes]


class Log:
    """A log that grows, of which it is known from where it was read."""

    def __init__(self, *sizes: int, timeline: int = 1) -> None:
        self.timeline = timeline
        self.events: list[Told] = []
        self.read_after: list[int] = []
        self._found: Sequence[Told] = ()
        self.grow(*sizes)

    def grow(self, *sizes: int) -> None:
        for size in sizes:
            position = len(self.events) + 1
            self.events.append((position, uuid4(), 1, "order.placed", b" " * size))

    async def execute(self, _: str, asked: tuple[int, int, int], **__: bool) -> "Log":
        after, most, _bytes = asked
        self.read_after.append(after)
        await asyncio.sleep(0)
        self._found = self.events[after : after + most]
        return self

    async def fetchall(self) -> Sequence[Told]:
        return self._found


def positions(events: Sequence[FeedEvent]) -> list[int]:
    return [each.position for each in events]


async def test_who_stands_at_the_same_position_reads_what_one_of_them_has_read() -> None:
    log: Any = Log(1, 1)
    reader = LogReader()

    pages = await asyncio.gather(*(reader.after(log, 0) for _ in range(5)))

    assert [positions(each) for each in pages] == [[1, 2]] * 5
    assert log.read_after == [0]


async def test_short_pages_are_put_together_for_whoever_comes_later() -> None:
    log: Any = Log(1)
    reader = LogReader()
    await reader.after(log, 0)
    log.grow(1, 1)
    await reader.after(log, 1)

    assert positions(await reader.after(log, 0)) == [1, 2, 3]
    assert log.read_after == [0, 1]


async def test_put_together_they_make_no_transaction_longer() -> None:
    log: Any = Log(300_000)
    reader = LogReader()
    await reader.after(log, 0)
    log.grow(300_000)
    await reader.after(log, 1)

    assert positions(await reader.after(log, 0)) == [1]
    assert positions(await reader.after(log, 0, 1)) == [1]
    log.grow(1)
    assert positions(await reader.after(log, 1)) == [2]
    assert positions(await reader.after(log, 2)) == [3]


async def test_the_end_of_the_log_is_looked_for_each_time() -> None:
    log: Any = Log()
    reader = LogReader()
    assert await reader.after(log, 0) == []

    log.grow(1)

    assert positions(await reader.after(log, 0)) == [1]


async def test_what_a_former_primary_told_is_read_again() -> None:
    former: Any = Log(1, 1, timeline=1)
    promoted: Any = Log(1, timeline=2)
    reader = LogReader()
    await reader.after(former, 0)

    (event,) = await reader.after(promoted, 0)

    assert event.order_id == promoted.events[0][1]


async def test_only_the_pages_that_were_read_last_are_kept() -> None:
    log: Any = Log(1, 1, 1)
    reader = LogReader(pages=2)
    for position in range(3):
        await reader.after(log, position, 1)

    await reader.after(log, 1, 1)
    await reader.after(log, 0, 1)

    assert log.read_after == [0, 1, 2, 0]
