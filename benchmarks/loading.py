"""Fill a log with orders as if they had been carried out, by COPY: ten thousand events or ten million.

What is written is what the service would write: the domain decides, the sealer seals, the mapper maps;
only the way into the tables is another. Every eleventh order still waits for its time.
`python -m benchmarks.loading DATABASE FOLDER EVENTS SECONDS` does it in a process of its own; in so many
seconds those are due that wait.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.sealing import Box, Sealer
from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.postgres.pool import open_pool
from application.envelope import SERVICE, Actor, PendingEvents, Role, changed, recorded
from application.ports.agenda import AgendaRow, agenda_row
from domain.agreement import ANY_SENDER, Agreement
from domain.channel import Channel, ChannelChoice
from domain.message import EmailMessage
from domain.order.events import (
    DeliveryReported,
    NotificationNo,
    OrderEvent,
    OrderId,
    OrderKind,
    ReportedState,
    Source,
)
from domain.order.order import Attempt, Order
from domain.order.placing import NewOrder, place
from domain.personal import Contact, Content
from domain.recipient import Direct, RecipientNo
from domain.resolution import Found, Resolution
from entrypoints.settings import Settings
from entrypoints.wiring.store import key_vault

EVENTS: Final = 6
"""Of an order that was carried out: placed, resolved, attempted, sent, reported, completed."""
OWNERS: Final = ("ttd", "skd", "nav", "brg", "udi")
WAITS: Final = 11
"""One order of so many was only placed."""
_TOGETHER: Final = 500
"""So many orders are carried out beside one another: in the log their events lie among each other."""
_ALL_MAY: Final = Agreement(senders=frozenset({ANY_SENDER}))
_TO_THE_FIRST: Final = RecipientNo(0)
_FIRST: Final = NotificationNo(0)
_SOON: Final = timedelta(seconds=1)

_EVENTS: Final[LiteralString] = (
    "COPY orders_events (originator_id, originator_version, topic, state) FROM STDIN (FORMAT BINARY)"
)
_BOXES: Final[LiteralString] = (
    "COPY sealed (order_id, version, class, recipient_no, ciphertext) FROM STDIN (FORMAT BINARY)"
)
_KEYS: Final[LiteralString] = (
    "COPY data_key (order_id, version, class, recipient_no, month, wrapped)"
    " FROM STDIN (FORMAT BINARY)"
)
_AGENDA: Final[LiteralString] = (
    "COPY agenda (order_id, owner, lane, due_at) FROM STDIN (FORMAT BINARY)"
)
_PLACE: Final = ("uuid", "int8", "text", "int4")


@dataclass(slots=True)
class _Rows:
    """What goes into the tables together."""

    events: list[list[StoredEvent]] = field(default_factory=list)
    """By order."""
    boxes: list[Box] = field(default_factory=list)
    agenda: list[AgendaRow] = field(default_factory=list)


_Record: TypeAlias = Callable[[Order | None, Sequence[OrderEvent], Actor], Order]
"""Takes down what was decided on an order, by whom; the order as it is then."""


class Carrying:
    """Carries orders out, one after another, as fast as they are written down."""

    def __init__(self, vault: FileKeyVault, now: datetime, waiting: timedelta) -> None:
        """Carry out what is due at a moment; what waits is due after a time."""
        self._mapper = EnvelopeMapper(Sealer(vault))
        self._now = now
        self._waiting = waiting

    def rows(self, first: int, stop: int) -> _Rows:
        """All that the service would have written of some orders."""
        rows = _Rows()
        for number in range(first, stop):
            self._order(number, rows)
        return rows

    def _order(self, number: int, rows: _Rows) -> None:
        owner = OWNERS[number % len(OWNERS)]
        by = Actor(role=Role.OWNER, name=owner, organisation="991825827")
        events: list[StoredEvent] = []

        def record(before: Order | None, decided: Sequence[OrderEvent], by: Actor) -> Order:
            change = PendingEvents(order_id=order_id, before=before, events=tuple(decided))
            for each in recorded([change], self._now, by, uuid4()):
                stored, boxes = self._mapper.to_stored(each)
                events.append(stored)
                rows.boxes.extend(boxes)
            return changed(change, self._now)

        order_id = OrderId(uuid4())
        is_waiting = number % WAITS == 0
        placed = place(
            _asked(number, self._now + self._waiting if is_waiting else self._now),
            owner=owner,
            kind=OrderKind.NOTIFICATION,
            now=self._now,
            agreement=_ALL_MAY,
        )
        order = record(None, [placed], by)
        if is_waiting:
            rows.agenda.append(agenda_row(order, self._now))
        else:
            self._carry_out(number, order, record)
        rows.events.append(events)

    def _carry_out(self, number: int, order: Order, record: _Record) -> None:
        found = Found(
            channel=Channel.EMAIL, address=Contact(_address(number)), source=Source.SENDER
        )
        order = record(
            order, order.resolve({_TO_THE_FIRST: Resolution(found=(found,))}, {}), SERVICE
        )
        until = self._now + timedelta(minutes=1)
        attempt = Attempt("smtp", send_before=until, settled_by=until)
        order = record(order, order.attempt({_FIRST: attempt}, self._now), SERVICE)
        order = record(order, order.record_sent(_FIRST, 1, uuid4().hex), SERVICE)
        report = DeliveryReported(
            notification_no=_FIRST,
            provider="smtp",
            state=ReportedState.DELIVERED,
            code="2.0.0",
            occurred_at=self._now,
        )
        provider = Actor(role=Role.PROVIDER, name="smtp")
        order = record(order, order.record_reports([report]), provider)
        if order.version != EVENTS:
            raise AssertionError(f"an order that is carried out has {order.version} events")


def _asked(number: int, when: datetime) -> NewOrder:
    return NewOrder(
        requested_send_time=when,
        channel=ChannelChoice.EMAIL,
        recipients=(Direct(email=Contact(_address(number))),),
        email=EmailMessage(
            sender="noreply@altinn.cloud",
            subject=Content("A new letter in your inbox"),
            body=Content("Please log in. " * 40),
        ),
        senders_reference=f"case-{number}",
    )


def _address(number: int) -> str:
    return f"somebody.{number}@example.org"


async def load(database: str, vault: FileKeyVault, events: int, waiting: timedelta) -> int:
    """Load about so many events behind those that are there; how many they are."""
    carrying, written, number = Carrying(vault, datetime.now(UTC) - _SOON, waiting), 0, 0
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        while written < events:
            orders = min(_TOGETHER, 1 + (events - written) // EVENTS)
            rows = carrying.rows(number, number + orders)
            number += orders
            async with connection.transaction():
                written += await _copy(connection, rows)
        await connection.execute("VACUUM ANALYZE")
    return written


async def _copy(connection: psycopg.AsyncConnection[Any], rows: _Rows) -> int:
    """Copy rows into their tables; how many events they are of."""
    in_turn = [each for some in zip_longest(*rows.events) for each in some if each is not None]
    events = [
        (each.originator_id, each.originator_version, each.topic, each.state) for each in in_turn
    ]
    await _into(connection, _EVENTS, ("uuid", "int8", "text", "bytea"), events)
    boxes = [(*_place(each), each.ciphertext) for each in rows.boxes]
    await _into(connection, _BOXES, (*_PLACE, "bytea"), boxes)
    keys = [(*_place(each), each.month, each.wrapped) for each in rows.boxes]
    await _into(connection, _KEYS, (*_PLACE, "text", "bytea"), keys)
    agenda = [(each.order_id, each.owner, each.lane, each.due_at) for each in rows.agenda]
    await _into(connection, _AGENDA, ("uuid", "text", "int2", "timestamptz"), agenda)
    return len(events)


def _place(box: Box) -> tuple[UUID, int, str, int]:
    order_id, version, kind, recipient_no = box.place
    return order_id, version, str(kind), recipient_no


async def _into(
    connection: psycopg.AsyncConnection[Any],
    table: LiteralString,
    types: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    async with connection.cursor() as cursor, cursor.copy(table) as copy:
        copy.set_types(types)
        for each in rows:
            await copy.write_row(each)


def load_apart(database: str, folder: Path, events: int, *, waiting: int = 0) -> None:
    """Load in a process of its own, so that its memory is not this one's."""
    words = [database, str(folder), str(events), str(waiting)]
    subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "benchmarks.loading", *words], check=True
    )


async def _main(database: str, folder: str, events: str, waiting: str) -> None:
    async with await open_pool(database, size=1, name="benchmark") as pool:
        vault = await key_vault(Settings(data=Path(folder)), pool)
    await load(database, vault, int(events), timedelta(seconds=int(waiting)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
