"""The log, as each projection reads it for itself: the events that it is made from, and no others.

The server leaves the others out, and of events whose words a projection does not look at it sends none.
So most projections, which are made from few events, go over many thousand at a time.
"""

from collections.abc import Sequence
from itertools import starmap
from typing import Any, Final, LiteralString, NamedTuple

import psycopg

from adapters.projections.projection import FeedEvent, Projection, on_topics

AT_ONCE: Final = 2000
"""At most so many events of a projection in one transaction."""
AT_ONCE_ANEW: Final = 5000
"""And so many where it is rebuilt, by a process in which nobody waits for anything else."""
_GONE_OVER: Final = 20
"""For each of them so many positions are gone over at most, so that no reading takes long."""
_BYTES: Final = 512
"""For each of them so many bytes, all in all, so that wide orders do not make a transaction long."""

_LAST: Final[LiteralString] = "SELECT coalesce(max(notification_id), 0) FROM orders_events"
_COUNT: Final[LiteralString] = """
SELECT count(*) FROM orders_events WHERE notification_id > %s AND notification_id <= %s
"""
_EVENTS: Final[LiteralString] = """
SELECT notification_id, originator_id, originator_version, topic, state
  FROM (SELECT *, sum(length(state)) OVER (ORDER BY notification_id ROWS UNBOUNDED PRECEDING)
                  - length(state) AS before
          FROM (SELECT notification_id, originator_id, originator_version, topic,
                       CASE WHEN topic = ANY(%(read)s) THEN state ELSE '' END AS state
                  FROM orders_events
                 WHERE notification_id > %(after)s AND notification_id <= %(until)s
                   AND {}
                 ORDER BY notification_id LIMIT %(at_once)s) AS following) AS summed
 WHERE before < %(bytes)s ORDER BY notification_id
"""


class Reading(NamedTuple):
    """Some events of a projection, and the position up to which there are no more of them."""

    events: Sequence[FeedEvent]
    position: int


async def last_position(connection: psycopg.AsyncConnection[Any]) -> int:
    """The last position of the log; what is at or before it never changes any more."""
    row = await (await connection.execute(_LAST)).fetchone()
    return 0 if row is None else int(row[0])


async def counted(connection: psycopg.AsyncConnection[Any], after: int, until: int) -> int:
    """How many events there are between two positions, the last one included."""
    row = await (await connection.execute(_COUNT, (after, until))).fetchone()
    return 0 if row is None else int(row[0])


async def read_log(
    connection: psycopg.AsyncConnection[Any],
    projection: Projection,
    *,
    after: int,
    last: int,
    at_once: int = AT_ONCE,
) -> Reading:
    """Read what a projection is made from, from a position on: as much as goes into one transaction."""
    is_its_own, topics = on_topics(projection)
    until = max(after, min(last, after + _GONE_OVER * at_once))
    asked = {
        "after": after,
        "until": until,
        "topics": topics,
        "read": list(projection.read),
        "at_once": at_once,
        "bytes": _BYTES * at_once,
    }
    cursor = await connection.execute(_EVENTS.format(is_its_own), asked, binary=True)
    events = list(starmap(FeedEvent, await cursor.fetchall()))
    size = sum([len(each.state) for each in events])
    is_all = len(events) < at_once and size < _BYTES * at_once
    return Reading(events, until if is_all else events[-1].position)
