"""Rebuild the agenda from the histories, while the service goes on.

A few hundred orders at a time, under the lock of the appends: what stands on the agenda of an order
is then what its history says at that moment, whoever appends before or after. Leases are left alone.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.postgres.batch import APPEND_LOCK
from adapters.event_store.sealing import TamperedError
from adapters.postgres.reaching import reaching
from application.ports.agenda import AgendaRow, agenda_row
from domain.order.events import OrderId
from domain.order.order import Order, rebuild

_ORDERS: Final = 200
_FIRST: Final = UUID(int=0)

_LOCK: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%s)"
_NEXT: Final[LiteralString] = """
SELECT order_id FROM (
    (SELECT DISTINCT originator_id AS order_id FROM orders_events
      WHERE originator_id > %(after)s AND topic LIKE 'order.%%'
      ORDER BY originator_id LIMIT %(limit)s)
    UNION
    (SELECT order_id FROM agenda WHERE order_id > %(after)s ORDER BY order_id LIMIT %(limit)s)
) AS known ORDER BY order_id LIMIT %(limit)s
"""
_EVENTS: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = ANY(%s) AND topic LIKE 'order.%%'
 ORDER BY originator_id, originator_version
"""
_WRITE: Final[LiteralString] = """
INSERT INTO agenda AS old (order_id, owner, lane, due_at)
SELECT * FROM unnest(
    %(ids)s::uuid[], %(owners)s::text[], %(lanes)s::smallint[], %(moments)s::timestamptz[])
ON CONFLICT (order_id) DO UPDATE
   SET owner = excluded.owner, lane = excluded.lane, due_at = excluded.due_at
 WHERE (old.owner, old.lane) <> (excluded.owner, excluded.lane)
    OR (old.due_at <> excluded.due_at AND greatest(old.due_at, excluded.due_at) > %(now)s)
"""
_REMOVE: Final[LiteralString] = """
DELETE FROM agenda WHERE order_id = ANY(%s::uuid[]) AND order_id <> ALL(%s::uuid[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRebuilt:
    """What was found wrong with the agenda, and mended."""

    orders: int = 0
    """How many orders were looked at."""
    written: int = 0
    """How many were missing, or stood there with another moment."""
    removed: int = 0
    """How many stood there and need nothing more, or have no history."""
    unreadable: tuple[OrderId, ...] = ()
    """Orders whose history cannot be read; their rows were left as they are."""

    def __add__(self, other: "AgendaRebuilt") -> "AgendaRebuilt":
        return AgendaRebuilt(
            orders=self.orders + other.orders,
            written=self.written + other.written,
            removed=self.removed + other.removed,
            unreadable=self.unreadable + other.unreadable,
        )


async def rebuild_agenda(
    pool: AsyncConnectionPool[Any], mapper: EnvelopeMapper, *, clock: Callable[[], datetime]
) -> AgendaRebuilt:
    """Write the agenda from the histories; to do it twice is to do it once.

    Raises:
        StoreUnavailableError: the store cannot be reached; what was mended stays, so do it again.
    """
    total = AgendaRebuilt()
    after: UUID | None = _FIRST
    while after is not None:
        async with reaching(pool) as connection, connection.transaction():
            await connection.execute(_LOCK, (APPEND_LOCK,))
            cursor = await connection.execute(_NEXT, {"after": after, "limit": _ORDERS})
            order_ids = [OrderId(row[0]) for row in await cursor.fetchall()]
            total += await _mend(connection, mapper, order_ids, clock())
        after = order_ids[-1] if len(order_ids) == _ORDERS else None
    return total


async def _mend(
    connection: psycopg.AsyncConnection[Any],
    mapper: EnvelopeMapper,
    order_ids: Sequence[OrderId],
    now: datetime,
) -> AgendaRebuilt:
    cursor = await connection.execute(_EVENTS, (list(order_ids),), binary=True)
    histories: dict[OrderId, list[StoredEvent]] = defaultdict(list)
    for row in await cursor.fetchall():
        histories[OrderId(row[0])].append(StoredEvent(*row))
    due: list[tuple[AgendaRow, datetime]] = []
    unreadable: list[OrderId] = []
    for order_id, history in histories.items():
        try:
            row = agenda_row(_rebuilt(order_id, history, mapper), now)
        except (TamperedError, ValueError):
            unreadable.append(order_id)
            continue
        if row.due_at is not None:
            due.append((row, row.due_at))
    ids = [row.order_id for row, _ in due]
    rows = {
        "ids": ids,
        "owners": [row.owner for row, _ in due],
        "lanes": [row.lane for row, _ in due],
        "moments": [moment for _, moment in due],
        "now": now,
    }
    written = await connection.execute(_WRITE, rows)
    stay = [*ids, *unreadable]
    removed = await connection.execute(_REMOVE, (list(order_ids), stay))
    return AgendaRebuilt(
        orders=len(order_ids),
        written=written.rowcount,
        removed=removed.rowcount,
        unreadable=tuple(unreadable),
    )


def _rebuilt(order_id: OrderId, history: Sequence[StoredEvent], mapper: EnvelopeMapper) -> Order:
    # When an order needs something does not depend on anybody's words: no box is opened.
    events = [mapper.from_stored(each, {}) for each in history]
    return rebuild(order_id, [(each.event, each.recorded_at) for each in events])
