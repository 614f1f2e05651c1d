"""Whose an order is: its first event tells, and every later one belongs to the same owner."""

from collections import OrderedDict
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
_MOST: Final = 10_000
"""So many orders are remembered, at a few hundred bytes each."""

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


class Placings:
    """Tells how orders were placed, and remembers those that were spoken of last.

    The first event of a wide order is long, and thousands follow it; it never changes.
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[UUID, Placing] = OrderedDict()

    async def of(
        self, connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
    ) -> Mapping[UUID, Placing]:
        """How the orders were placed that events speak of: by the events themselves, or by the log.

        Raises:
            SpoiltHistoryError: an order's history does not begin with its placing.
            msgspec.MsgspecError: an order's first event cannot be read.
        """
        told = {each.order_id: _read(each.state).event for each in events if each.topic == PLACED}
        asked = {each.order_id for each in events}
        found = {each: self._known[each] for each in asked if each in self._known} | told
        if missing := asked - found.keys():
            cursor = await connection.execute(_FIRST, (list(missing),), binary=True, prepare=False)
            found |= {order_id: _read(state).event for order_id, state in await cursor.fetchall()}
        if asked - found.keys():
            raise SpoiltHistoryError
        self._remember(found)
        return found

    def _remember(self, found: Mapping[UUID, Placing]) -> None:
        for order_id, placing in found.items():
            self._known[order_id] = placing
            self._known.move_to_end(order_id)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
