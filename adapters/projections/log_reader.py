"""The log, read once for all projections that stand at the same position.

What follows a position never changes, since the order of commits is the order of positions: what one
projection has read holds for every other that stands where it began to read. It does so on one timeline
alone: a standby that was promoted may have gone on otherwise.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, LiteralString, NamedTuple

from adapters.postgres.connection import Connection
from adapters.projections.projection import FeedEvent

AT_ONCE: Final = 1000
"""At most so many events in one transaction."""
_BYTES: Final = 512 * 1024
"""And no more of them once they have so many bytes, so that wide orders do not make it long."""
_PAGES: Final = 8
"""So many pages are kept for those who come after the first, at half a megabyte each."""

_EVENTS: Final[LiteralString] = """
SELECT notification_id, originator_id, originator_version, topic, state
  FROM (SELECT *, sum(length(state)) OVER (ORDER BY notification_id) - length(state) AS before
          FROM (SELECT notification_id, originator_id, originator_version, topic, state
                  FROM orders_events
                 WHERE notification_id > %s ORDER BY notification_id LIMIT %s) AS following) AS summed
 WHERE before < %s ORDER BY notification_id
"""


async def read_log(
    connection: Connection, position: int, at_once: int = AT_ONCE
) -> Sequence[FeedEvent]:
    """Read the next events after a position, as many as go into one transaction; none where there are no more."""
    cursor = await connection.execute(_EVENTS, (position, at_once, _BYTES), binary=True)
    return [FeedEvent._make(row) for row in await cursor.fetchall()]


class _Page(NamedTuple):
    events: Sequence[FeedEvent]
    size: int


class LogReader:
    """Reads the log for several projections, and keeps the pages that were read last."""

    def __init__(self, *, pages: int = _PAGES) -> None:
        self._most = pages
        self._pages: OrderedDict[tuple[int, int], _Page] = OrderedDict()
        self._reading = asyncio.Lock()

    async def after(
        self, connection: Connection, position: int, at_once: int = AT_ONCE
    ) -> Sequence[FeedEvent]:
        """The next events after a position; none where there are no more."""
        async with self._reading:  # who comes meanwhile finds what is being read
            known = self._known(connection.timeline, position, at_once)
            if known:
                return known
            events = await read_log(connection, position, at_once)
            if events:
                page = _Page(events, sum(len(each.state) for each in events))
                self._keep(connection.timeline, position, page)
            return events

    def _known(self, timeline: int, position: int, at_once: int) -> Sequence[FeedEvent]:
        """What is known to follow; pages that are short are put together."""
        events: list[FeedEvent] = []
        size = 0
        while (page := self._pages.get((timeline, position))) is not None:
            size += page.size
            if events and (len(events) + len(page.events) > at_once or size > _BYTES):
                break
            events += page.events
            position = events[-1].position
        return events[:at_once]

    def _keep(self, timeline: int, position: int, page: _Page) -> None:
        self._pages[timeline, position] = page
        if len(self._pages) > self._most:
            self._pages.popitem(last=False)
