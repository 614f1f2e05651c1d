"""Order histories in PostgreSQL."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.appender import Appender
from adapters.event_store.batch import AgendaRow
from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.sealing import Boxes, Place, StoredBox, TamperedError
from adapters.postgres.reaching import reaching
from application.recorded import Actor, Change, Recorded
from domain.order.events import OrderId, OrderPlaced
from domain.order.order import Lane, Order, evolve_all, open_order, rebuild

LANES: Final = {Lane.INSTANT: 0, Lane.NORMAL: 1, Lane.BULK: 2}

_EVENTS: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = ANY(%(orders)s) AND originator_version <= %(up_to)s
 ORDER BY originator_id, originator_version
"""
_ALL: Final = 2**31 - 1
_BOXES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = ANY(%(orders)s) AND s.version <= %(up_to)s
"""


def changed(change: Change, now: datetime) -> Order:
    """The order as a change leaves it."""
    if change.before is not None:
        return evolve_all(change.before, change.events, now)
    placed, *since = change.events
    if not isinstance(placed, OrderPlaced):
        raise TypeError("a new order's history opens with OrderPlaced")
    return evolve_all(open_order(change.order_id, placed, now), since, now)


def recorded(
    changes: Sequence[Change], now: datetime, by: Actor, command_id: UUID
) -> Iterator[Recorded]:
    """The events of changes, each in its envelope."""
    for change in changes:
        for version, event in enumerate(change.events, start=change.after + 1):
            yield Recorded(
                order_id=change.order_id,
                version=version,
                recorded_at=now,
                recorded_by=by,
                command_id=command_id,
                event=event,
            )


def agenda_row(order: Order, now: datetime) -> AgendaRow:
    """When the order next needs something, by its own word."""
    return AgendaRow(order.order_id, order.placed.owner, LANES[order.lane], order.due_at(now))


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

    async def append(self, changes: Sequence[Change], *, by: Actor) -> Sequence[Order]:
        now, command_id = self._clock(), self._next_id()
        orders = [changed(change, now) for change in changes]
        stored = [self._mapper.to_stored(each) for each in recorded(changes, now, by, command_id)]
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
        return {
            order_id: rebuild(order_id, [(each.event, each.recorded_at) for each in history])
            for order_id, history in (await self.histories(order_ids)).items()
        }

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        return (await self.histories([order_id])).get(order_id, [])

    async def histories(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Recorded]]:
        if not order_ids:
            return {}
        async with reaching(self._pool) as connection:
            return await read_histories(connection, self._mapper, order_ids)


async def read_histories(
    connection: psycopg.AsyncConnection[Any],
    mapper: EnvelopeMapper,
    order_ids: Sequence[OrderId],
    *,
    up_to: int = _ALL,
) -> Mapping[OrderId, Sequence[Recorded]]:
    """What was recorded of several orders, up to a version, on a connection that is held already.

    Raises:
        TamperedError: what is stored is not what was recorded.
    """
    asked = {"orders": list(order_ids), "up_to": up_to}
    async with connection.pipeline():
        events = await connection.execute(_EVENTS, asked, binary=True)
        boxes = await connection.execute(_BOXES, asked, binary=True)
        event_rows = await events.fetchall()
        box_rows = await boxes.fetchall()
    found: Boxes = {
        Place(order_id, version, kind, recipient_no): StoredBox(ciphertext, month, wrapped)
        for order_id, version, kind, recipient_no, ciphertext, month, wrapped in box_rows
    }
    histories: dict[OrderId, list[Recorded]] = defaultdict(list)
    for row in event_rows:
        event = mapper.from_stored(StoredEvent(*row), found)
        histories[event.order_id].append(event)
    return histories


async def read_placed(
    mapper: EnvelopeMapper, connection: psycopg.AsyncConnection[Any], order_ids: Sequence[OrderId]
) -> Mapping[OrderId, OrderPlaced]:
    """The first events of orders; one that somebody has changed is absent, and hides no other."""
    try:
        histories = await read_histories(connection, mapper, order_ids, up_to=1)
    except TamperedError:
        if len(order_ids) == 1:
            return {}
        each = [await read_placed(mapper, connection, [one]) for one in order_ids]
        return {order_id: placed for found in each for order_id, placed in found.items()}
    return {
        order_id: first.event
        for order_id, (first, *_) in histories.items()
        if isinstance(first.event, OrderPlaced)
    }
