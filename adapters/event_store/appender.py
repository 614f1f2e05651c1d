"""Group commit: whatever waits to be appended goes into one transaction, with a verdict for each.

One connection writes for the process.
While a transaction is under way, the next appends gather; none of them waits for another's conflict.
A lost connection leaves no append without an answer: it is tried again, and where the versions then
are taken, the events there are looked at: if they bear this append's command id, they are ours.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
import structlog
from eventsourcing.persistence import StoredEvent

from adapters.event_store.sealing import Box
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError

log = structlog.get_logger()

_AT_ONCE: Final = 2000
"""At most so many events in one transaction."""
_PARKED: Final = 20_000
"""At most so many appends wait; more would only wait longer than anybody does."""
_PATIENCE: Final = 10.0
"""Seconds after which an append that could not be made is answered with a failure."""
_RECONNECT: Final = 0.1

_APPEND: Final[LiteralString] = """
SELECT refused FROM append_events(
    %b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::bytea[],
    %b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::int[], %b::bytea[], %b::text[], %b::bytea[],
    %b::int[], %b::uuid[], %b::text[], %b::smallint[], %b::timestamptz[])
"""
_COMMAND: Final[LiteralString] = """
SELECT convert_from(state, 'UTF8')::jsonb ->> 'command_id' FROM orders_events
 WHERE originator_id = %s AND originator_version = %s
"""


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """When an order next needs something; without a moment it leaves the agenda."""

    order_id: UUID
    owner: str
    lane: int
    due_at: datetime | None


@dataclass(slots=True, eq=False)
class _Append:
    """One append that waits, whole or not at all."""

    command_id: UUID
    events: Sequence[StoredEvent]
    boxes: Sequence[Box]
    agenda: Sequence[AgendaRow]
    give_up_at: float
    done: asyncio.Future[None] = field(repr=False)
    was_tried: bool = False
    """Whether it may have been stored by a transaction whose answer was lost."""

    @property
    def streams(self) -> set[UUID | str]:
        return {each.originator_id for each in self.events}


class Appender:
    """Appends for one process, in one order with all other processes."""

    def __init__(self, conninfo: str, *, patience: float = _PATIENCE) -> None:
        self._conninfo = conninfo
        self._patience = patience
        self._waiting: list[_Append] = []
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to take appends."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Take no more; what waits is answered with a failure."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._fail(self._waiting)
        self._waiting = []
        await self._disconnect()

    async def append(
        self,
        command_id: UUID,
        events: Sequence[StoredEvent],
        boxes: Sequence[Box],
        agenda: Sequence[AgendaRow],
    ) -> None:
        """Append events of one or more orders, with what belongs to them, or nothing.

        Raises:
            ConcurrentUpdateError: one of the versions is taken.
            StoreUnavailableError: the store did not answer in time.
        """
        if len(self._waiting) >= _PARKED:
            raise StoreUnavailableError
        loop = asyncio.get_running_loop()
        append = _Append(
            command_id=command_id,
            events=events,
            boxes=boxes,
            agenda=agenda,
            give_up_at=loop.time() + self._patience,
            done=loop.create_future(),
        )
        self._waiting.append(append)
        self._wake.set()
        await append.done

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = self._next_batch()
                try:
                    await self._write(batch)
                except psycopg.OperationalError as problem:
                    await self._lost(batch, problem)
                except psycopg.Error as problem:
                    await self._refused_whole(batch, problem)
                except BaseException:
                    self._fail(batch)
                    raise

    def _next_batch(self) -> list[_Append]:
        """Take what goes into one transaction: no order twice, and not too many events."""
        batch: list[_Append] = []
        rest: list[_Append] = []
        taken: set[UUID | str] = set()
        room = _AT_ONCE
        for append in self._waiting:
            if append.done.done():
                continue  # whoever waited has gone
            if (batch and len(append.events) > room) or append.streams & taken:
                taken |= append.streams  # what comes after it must not overtake it
                rest.append(append)
            else:
                batch.append(append)
                taken |= append.streams
                room -= len(append.events)
        self._waiting = rest
        return batch

    async def _write(self, batch: Sequence[_Append]) -> None:
        if not batch:
            return
        connection = await self._connected()
        cursor = await connection.execute(_APPEND, _rows(batch), prepare=True)
        row = await cursor.fetchone()
        refused = set((row[0] if row is not None else None) or ())
        for number, append in enumerate(batch):
            if append.done.done():
                continue
            if number not in refused or (append.was_tried and await self._is_ours(append)):
                append.done.set_result(None)
            else:
                append.done.set_exception(ConcurrentUpdateError())

    async def _is_ours(self, append: _Append) -> bool:
        first = append.events[0]
        connection = await self._connected()
        cursor = await connection.execute(_COMMAND, (first.originator_id, first.originator_version))
        row = await cursor.fetchone()
        return row is not None and row[0] == str(append.command_id)

    async def _lost(self, batch: Sequence[_Append], problem: psycopg.Error) -> None:
        """Try again what may or may not have been stored, until those who wait give up."""
        log.warning("store_lost", because=type(problem).__name__, waiting=len(batch))
        await self._disconnect()
        now = asyncio.get_running_loop().time()
        for append in batch:
            append.was_tried = True
        patient = [each for each in batch if each.give_up_at > now]
        self._fail([each for each in batch if each.give_up_at <= now])
        self._waiting = [*patient, *self._waiting]
        await asyncio.sleep(_RECONNECT)

    async def _refused_whole(self, batch: Sequence[_Append], problem: psycopg.Error) -> None:
        """Let one append that the store cannot take not drag the others down."""
        if len(batch) == 1:
            log.error("append_refused", because=type(problem).__name__)
            if not batch[0].done.done():
                batch[0].done.set_exception(problem)
            return
        for append in batch:
            try:
                await self._write([append])
            except psycopg.OperationalError as again:
                await self._lost([append], again)
            except psycopg.Error as again:
                await self._refused_whole([append], again)

    @staticmethod
    def _fail(appends: Sequence[_Append]) -> None:
        for append in appends:
            if not append.done.done():
                append.done.set_exception(StoreUnavailableError())

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, application_name="varsel appender"
            )
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _rows(batch: Sequence[_Append]) -> list[list[Any]]:
    """The rows of a batch by column, each with the number of its append."""
    numbered = list(enumerate(batch))
    events = [
        (number, each.originator_id, each.originator_version, each.topic, each.state)
        for number, append in numbered
        for each in append.events
    ]
    boxes = [
        (
            number,
            each.place.order_id,
            each.place.version,
            each.place.kind,
            each.place.recipient_no,
            each.ciphertext,
            each.month,
            each.wrapped,
        )
        for number, append in numbered
        for each in append.boxes
    ]
    agenda = [
        (number, each.order_id, each.owner, each.lane, each.due_at)
        for number, append in numbered
        for each in append.agenda
    ]
    return [*_columns(events, 5), *_columns(boxes, 8), *_columns(agenda, 5)]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
