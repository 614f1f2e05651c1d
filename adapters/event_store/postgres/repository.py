"""Order histories in PostgreSQL."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import EnvelopeMapper, readable
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.sealing import BoxKey, StoredBox, TamperedError
from adapters.postgres.reaching import reaching
from application.envelope import Actor, PendingEvents, Recorded, changed, recorded
from application.pace import Pace
from application.ports.agenda import agenda_row
from application.ports.order_repository import Spoilt
from application.unfolding import rebuilt
from domain.channel import Channel
from domain.order.events import (
    ContactResolved,
    NotificationNo,
    OrderEvent,
    OrderId,
    OrderPlaced,
)
from domain.order.order import BULK_FROM, Order
from domain.personal import Contact
from domain.recipient import Recipient

_EVENTS: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = ANY(%(orders)s) AND topic LIKE 'order.%%'
 ORDER BY originator_id, originator_version
"""
_ROWS: Final = 250
"""So many rows are read in a millisecond or two."""
_RESOLVED: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = ANY(%s) AND topic = 'order.contact_resolved'
 ORDER BY originator_id, originator_version
"""
_CONTACTS: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = ANY(%s) AND s.class = 'contact' AND s.version > 1
"""
_BOXES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = ANY(%(orders)s)
"""
_IDENTITIES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = ANY(%s) AND s.version = 1 AND s.class = 'identity'
"""
_BUT_CONTENT: Final[LiteralString] = _BOXES + " AND s.class <> 'content'"


def _is_wide(first: OrderEvent) -> bool:
    return isinstance(first, OrderPlaced) and len(first.recipients) > BULK_FROM


class PostgresOrderRepository:
    """Keeps histories in the tables of eventsourcing, and their words sealed beside them."""

    def __init__(
        self,
        *,
        appender: Appender,
        pool: AsyncConnectionPool[Any],
        mapper: EnvelopeMapper,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._appender = appender
        self._pool = pool
        self._mapper = mapper
        self._clock = clock
        self._next_id = next_id

    async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
        now, command_id = self._clock(), self._next_id()
        orders: list[Order] = []
        is_long = any(each.before is None and _is_wide(each.events[0]) for each in changes)
        with Pace(is_long=is_long) as pace:
            for change in changes:
                await pace.keep()
                orders.append(changed(change, now))
            stored = [
                await pace.through(self._mapper.storing(each))
                for each in recorded(changes, now, by, command_id)
            ]
        if stored:
            await self._appender.append(
                command_id,
                [event for event, _ in stored],
                [box for _, boxes in stored for box in boxes],
                [agenda_row(order, now) for order in orders],
            )
        return orders

    async def confirm(self) -> None:
        await self._appender.confirm()

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        orders: dict[OrderId, Order] = {}
        histories = await self.histories(order_ids)
        with Pace() as pace:
            for order_id, history in histories.items():
                orders[order_id] = await rebuilt(order_id, readable(history), pace)
                await pace.keep()
        return orders

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        return readable((await self.histories([order_id])).get(order_id, []))

    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        return await self._read(order_ids, _BOXES)

    async def outlines(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        return await self._read(order_ids, _BUT_CONTENT)

    async def _read(
        self, order_ids: Sequence[OrderId], boxes_by: LiteralString
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        """The histories of orders, with the boxes that a query gives."""
        if not order_ids:
            return {}
        async with reaching(self._pool) as connection:
            rows = await _select(connection, order_ids, boxes_by)
        return await _opened(self._mapper, *rows)  # others need the connection meanwhile


async def _select(
    connection: psycopg.AsyncConnection[Any],
    order_ids: Sequence[OrderId],
    boxes_by: LiteralString,
) -> tuple[Sequence[TupleRow], Sequence[TupleRow]]:
    """The rows of events, and those of their boxes."""
    asked = {"orders": list(order_ids)}
    async with connection.pipeline():
        events = await connection.execute(_EVENTS, asked, binary=True)
        boxes = await connection.execute(boxes_by, asked, binary=True)
        return await all_rows(events), await all_rows(boxes)


async def all_rows(cursor: psycopg.AsyncCursor[TupleRow]) -> Sequence[TupleRow]:
    """What a cursor has, taken in a little at a time."""
    rows: list[TupleRow] = []
    while some := await cursor.fetchmany(_ROWS):
        rows += some
        await asyncio.sleep(0)  # no turn is waited for where a connection is held
    return rows


async def _opened(
    mapper: EnvelopeMapper, events: Sequence[TupleRow], boxes: Sequence[TupleRow]
) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
    """The histories that rows hold, read a little at a time: those of a large order are many."""
    found: dict[BoxKey, StoredBox] = {}
    histories: dict[OrderId, list[Recorded] | Spoilt] = {}
    with Pace(is_long=len(boxes) > _ROWS) as pace:
        for order_id, version, kind, recipient_no, ciphertext, month, wrapped in boxes:
            place = BoxKey(order_id, version, kind, recipient_no)
            found[place] = StoredBox(ciphertext, month, wrapped)
            if pace.is_due:
                await pace.keep()
        for row in events:
            history = histories.setdefault(row[0], [])
            if not isinstance(history, Spoilt):
                try:
                    history.append(await pace.through(mapper.reading(StoredEvent(*row), found)))
                except TamperedError as problem:
                    histories[row[0]] = Spoilt(str(problem))
            if pace.is_due:
                await pace.keep()
    return histories


async def read_recipients(
    mapper: EnvelopeMapper,
    connection: psycopg.AsyncConnection[Any],
    placed: Sequence[tuple[UUID, int, str, bytes]],
) -> Mapping[OrderId, Sequence[Recipient]]:
    """Whom orders are for, as the rows of their first events tell it; what else stands there is not opened.

    An order that somebody has changed is absent, and hides no other. The addresses of those who are
    known by nothing else are read as if they were erased.
    """
    order_ids = [order_id for order_id, *_ in placed]
    boxes = await connection.execute(_IDENTITIES, (order_ids,), binary=True)
    histories = await _opened(mapper, placed, await all_rows(boxes))
    return {
        order_id: history[0].event.recipients
        for order_id, history in histories.items()
        if not isinstance(history, Spoilt) and isinstance(history[0].event, OrderPlaced)
    }


async def read_places(
    mapper: EnvelopeMapper, connection: psycopg.AsyncConnection[Any], order_ids: Collection[OrderId]
) -> Mapping[OrderId, Mapping[NotificationNo, tuple[Channel, Contact]]]:
    """Where the notifications of orders went; an order that somebody has changed is absent."""
    async with connection.pipeline():
        events = await connection.execute(_RESOLVED, (list(order_ids),), binary=True)
        boxes = await connection.execute(_CONTACTS, (list(order_ids),), binary=True)
        rows = await all_rows(events), await all_rows(boxes)
    opened = await _opened(mapper, *rows)
    return {
        order_id: {
            target.notification_no: (target.channel, target.address)
            for each in history
            if isinstance(each.event, ContactResolved)
            for target in each.event.targets
        }
        for order_id in order_ids
        if not isinstance(history := opened.get(order_id, ()), Spoilt)
    }
