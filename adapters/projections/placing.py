"""Whose an order is: its first event tells, and every later one belongs to the same owner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct

from adapters.projections.projection import FeedEvent
from application.ports.order_repository import SpoiltHistoryError

PLACED: Final = "order.placed"

# Not prepared: a plan that was made when the log was short may read all of it for ever after.
_FIRST: Final[LiteralString] = """
SELECT originator_id, state FROM orders_events
 WHERE originator_id = ANY(%s) AND originator_version = 1 AND topic = 'order.placed'
"""


class Placing(Struct, frozen=True):
    """What the first event of an order says of all that follow."""

    owner: str
    requested_send_time: datetime | None = None


class _State(Struct, frozen=True):
    event: Placing


_read = msgspec.json.Decoder(_State).decode


async def placings(
    connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
) -> Mapping[UUID, Placing]:
    """How the orders were placed that events speak of: by the events themselves, or by the log.

    Raises:
        SpoiltHistoryError: an order's history does not begin with its placing.
        msgspec.MsgspecError: an order's first event cannot be read.
    """
    known = {each.order_id: _read(each.state).event for each in events if each.topic == PLACED}
    missing = {each.order_id for each in events} - known.keys()
    if missing:
        cursor = await connection.execute(_FIRST, (list(missing),), binary=True, prepare=False)
        known |= {order_id: _read(state).event for order_id, state in await cursor.fetchall()}
    if missing - known.keys():
        raise SpoiltHistoryError
    return known
