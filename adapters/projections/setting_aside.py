"""Apply events to a projection; one that it cannot take is set aside, and holds up no other.

Which one it is, is found by halving: what can be applied is applied in the order of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, LiteralString

import msgspec
import psycopg
import structlog

from adapters.postgres.refusing import is_of_data
from adapters.projections.projection import FeedEvent, Projection, on_topics
from application.ports.order_repository import SpoiltHistoryError
from domain.order.events import OrderId

log = structlog.get_logger()

_AT_ONCE: Final = 200

_SET_ASIDE: Final[LiteralString] = """
INSERT INTO projection_failure AS there (name, generation, position, order_id, reason)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (name, generation, position) DO UPDATE SET reason = excluded.reason
RETURNING (SELECT count(*) FROM projection_failure f
            WHERE (f.name, f.generation, f.order_id) = (there.name, there.generation, there.order_id))
"""
_FAILED: Final[LiteralString] = """
SELECT f.name, f.position, f.order_id, f.reason, f.set_aside_at FROM projection_failure f
  JOIN projection p ON p.name = f.name AND p.generation = f.generation AND p.is_serving
 WHERE f.name = ANY(%s) ORDER BY f.name, f.position LIMIT %s
"""
_NEXT: Final[LiteralString] = """
SELECT {}, f.position, f.order_id, e.originator_version, e.topic, e.state
  FROM projection_failure f JOIN orders_events e ON e.notification_id = f.position
 WHERE f.name = %(name)s AND f.generation = %(generation)s AND f.position > %(after)s
 ORDER BY f.position LIMIT %(at_once)s
"""
_TAKEN: Final[LiteralString] = """
DELETE FROM projection_failure WHERE name = %s AND generation = %s AND position = %s
"""


class Reason(StrEnum):
    """Why a projection could not take an event."""

    UNREADABLE = "unreadable"
    """It is not what events of its kind look like."""
    HISTORY_SPOILT = "history_spoilt"
    """What is stored of its order is not what was recorded."""
    TOO_LARGE = "too_large"
    """The database holds no row, or no entry of an index, of that size."""
    NOT_STORABLE = "not_storable"
    """It holds a value for which the database has no place, as a character that no text may have."""
    CONTRADICTS = "contradicts"
    """It does not fit what is there."""


OF_DATA: Final = (
    msgspec.MsgspecError,
    SpoiltHistoryError,
    psycopg.Error,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
)
"""What an event may bring about; of the driver's errors only some do, see `is_of_data`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """An event that a projection could not take."""

    projection: str
    position: int
    order_id: OrderId
    reason: str
    set_aside_at: datetime


async def apply(
    connection: psycopg.AsyncConnection[Any],
    projection: Projection,
    generation: int,
    events: Sequence[FeedEvent],
) -> bool:
    """Write what events mean, but for those that cannot be applied.

    Tells whether there are new rows.
    """
    reason = await _refused(connection, projection, generation, events)
    if isinstance(reason, bool):
        return reason
    if len(events) == 1:
        is_first = await _set_aside(connection, projection.name, generation, events[0], reason)
        _sound_alarm(projection.name, events[0], reason, is_first=is_first)
        return False
    middle = len(events) // 2
    first = await apply(connection, projection, generation, events[:middle])
    second = await apply(connection, projection, generation, events[middle:])
    return first or second


async def retry(
    connection: psycopg.AsyncConnection[Any],
    projection: Projection,
    generation: int,
    *,
    after: int,
) -> tuple[Sequence[int], int | None]:
    """Take up again some events that were set aside: those taken, and how far this went.

    That is None where there are no more. What the projection is not made from any more is taken as
    nothing: an earlier release may have set it aside.
    """
    is_its_own, topics = on_topics(projection)
    asked = {
        "name": projection.name,
        "generation": generation,
        "after": after,
        "topics": topics,
        "at_once": _AT_ONCE,
    }
    cursor = await connection.execute(_NEXT.format(is_its_own), asked, binary=True)
    events = [(is_own, FeedEvent(*row)) for is_own, *row in await cursor.fetchall()]
    taken = []
    for is_own, event in events:
        reason = is_own and await _refused(connection, projection, generation, [event])
        if isinstance(reason, bool):
            place = (projection.name, generation, event.position)
            await connection.execute(_TAKEN, place)
            taken.append(event.position)
        else:
            await _set_aside(connection, projection.name, generation, event, reason)
    return taken, events[-1][1].position if events else None


async def failed(
    connection: psycopg.AsyncConnection[Any], names: Sequence[str], *, most: int
) -> Sequence[SetAside]:
    """What is set aside of projections, in the order of the log."""
    cursor = await connection.execute(_FAILED, (list(names), most))
    return [
        SetAside(
            projection=name,
            position=position,
            order_id=OrderId(order_id),
            reason=reason,
            set_aside_at=at,
        )
        for name, position, order_id, reason, at in await cursor.fetchall()
    ]


async def _refused(
    connection: psycopg.AsyncConnection[Any],
    projection: Projection,
    generation: int,
    events: Sequence[FeedEvent],
) -> Reason | bool:
    """Write events, all or none: why not, or whether there are new rows."""
    try:
        async with connection.transaction():
            return await projection.write(connection, generation, events)
    except OF_DATA as problem:
        if isinstance(problem, psycopg.Error) and not is_of_data(problem):
            raise
        return _reason(problem)


def _reason(problem: Exception) -> Reason:
    match problem:
        case SpoiltHistoryError():
            return Reason.HISTORY_SPOILT
        case msgspec.MsgspecError():
            return Reason.UNREADABLE
        case psycopg.IntegrityError():
            return Reason.CONTRADICTS
        case psycopg.Error(sqlstate=str() as state) if state.startswith("54"):
            return Reason.TOO_LARGE
        case psycopg.Error() | ValueError() | ArithmeticError():
            return Reason.NOT_STORABLE
        case _:
            return Reason.UNREADABLE


async def _set_aside(
    connection: psycopg.AsyncConnection[Any],
    name: str,
    generation: int,
    event: FeedEvent,
    reason: Reason,
) -> bool:
    """Set an event aside, or say again why it is; whether it is the first one of its order."""
    place = (name, generation, event.position, event.order_id, reason)
    cursor = await connection.execute(_SET_ASIDE, place)
    row = await cursor.fetchone()
    return row is None or row[0] == 0


def _sound_alarm(name: str, event: FeedEvent, reason: Reason, *, is_first: bool) -> None:
    # What the first event of an order brings about, those after it often do, too: one alarm is enough.
    sound = log.critical if is_first else log.warning
    sound(
        "event_set_aside",
        projection=name,
        order_id=str(event.order_id),
        position=event.position,
        reason=reason.value,
        does="goes on with the others; see `varsel projections failed`",
    )
