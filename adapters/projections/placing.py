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
        self._known: OrderedDict[int, Placing] = OrderedDict()

    async def of(
        self, connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
    ) -> Mapping[int, Placing]:
        """How the orders were placed that events speak of: by the events themselves, or by the log.

        They stand under their ids as numbers, which are hashed several times as fast.

        Raises:
            SpoiltHistoryError: an order's history does not begin with its placing.
            msgspec.MsgspecError: an order's first event cannot be read.
        """
        found: dict[int, Placing] = {}
        missing: dict[int, UUID] = {}
        for event in events:
            key = event.order_id.int
            if key in found:
                continue
            if (known := self._known.get(key)) is not None:
                found[key] = known
            elif event.topic == PLACED:
                found[key] = _read(event.state).event
            else:
                missing[key] = event.order_id
        if missing := {key: order_id for key, order_id in missing.items() if key not in found}:
            asked = list(missing.values())
            cursor = await connection.execute(_FIRST, (asked,), binary=True, prepare=False)
            for order_id, state in await cursor.fetchall():
                found[order_id.int] = _read(state).event
            if missing.keys() - found.keys():
                raise SpoiltHistoryError
        self._remember(found)
        return found

    def _remember(self, found: Mapping[int, Placing]) -> None:
        for key, placing in found.items():
            self._known[key] = placing
            self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
