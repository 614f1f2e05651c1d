"""Appends that wait, and what they are in a call of the database's function."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from adapters.event_store.sealing import Box
from adapters.postgres.arrays import (
    PackedArray,
    Packing,
    bigints,
    bytes_of,
    ints,
    moments,
    smallints,
    texts,
    uuids,
)
from application.ports.agenda import AgendaRow

_ROWS: Final = 400
"""At most so many rows of events, sealed words and keys in one transaction, unless one append alone
has more.

All appends wait for one another, those of instant orders, too: this is how long they wait at most.
"""
_BYTES: Final = 8 * 1024 * 1024
"""At most so many bytes of them, likewise."""

APPEND_LOCK: Final = 7012026
"""The advisory lock that every append takes, and `append_events` in the database, too."""

APPEND: Final[LiteralString] = """
SELECT append_events(
    %b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::bytea[],
    %b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::int[], %b::bytea[], %b::text[], %b::bytea[],
    %b::int[], %b::uuid[], %b::text[], %b::smallint[], %b::timestamptz[])
"""
_PACKING: Final[Sequence[Packing]] = (
    *(ints, uuids, bigints, texts, bytes_of),
    *(ints, uuids, bigints, texts, ints, bytes_of, texts, bytes_of),
    *(ints, uuids, texts, smallints, moments),
)
"""How each column of these is packed."""


class Beginning(NamedTuple):
    """Where an append begins in a history, and by which command: by this it is known again."""

    order_id: UUID | str
    version: int
    command_id: UUID


@dataclass(slots=True, eq=False)
class Append:
    """One append that waits, whole or not at all.

    Without events it is a confirmation: whoever waits for it has read something, and has it promised.
    """

    command_id: UUID
    events: Sequence[StoredEvent]
    boxes: Sequence[Box]
    agenda: Sequence[AgendaRow]
    give_up_at: float
    done: asyncio.Future[None] = field(repr=False)
    was_tried: bool = False
    """Whether it may have been stored by a transaction whose answer was lost."""
    goes_alone: bool = False
    """Whether it was in a batch that the store refused as a whole."""
    streams: frozenset[UUID | str] = field(init=False)
    rows: int = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        """Take down once what every look at the queue asks."""
        self.streams = frozenset(each.originator_id for each in self.events)
        self.rows = len(self.events) + 2 * len(self.boxes)
        self.size = sum(len(each.state) for each in self.events)
        self.size += sum(len(each.ciphertext) for each in self.boxes)

    @property
    def is_confirmation(self) -> bool:
        """Whether nothing is to be stored."""
        return not self.events

    @property
    def beginning(self) -> Beginning:
        """What is stored of it if anything is, since it is stored whole."""
        first = self.events[0]
        return Beginning(first.originator_id, first.originator_version, self.command_id)

    def succeed(self) -> None:
        """Answer that everything is stored, if anybody still waits for it."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: Exception) -> None:
        """Answer that it was not, if anybody still waits for it."""
        if not self.done.done():
            self.done.set_exception(problem)


def split(waiting: Iterable[Append]) -> tuple[list[Append], list[Append]]:
    """Take what goes into one transaction, and leave the rest in its order.

    No order is appended to twice in one transaction, nor out of turn.
    """
    batch: list[Append] = []
    rest: list[Append] = []
    taken: set[UUID | str] = set()
    rows, size = 0, 0
    for append in waiting:
        if append.done.done():
            continue  # whoever waited has gone
        is_full = append.goes_alone or rows + append.rows > _ROWS or size + append.size > _BYTES
        if (batch and (is_full or batch[0].goes_alone)) or not taken.isdisjoint(append.streams):
            rest.append(append)
        else:
            batch.append(append)
            rows += append.rows
            size += append.size
        taken |= append.streams
    return batch, rest


def columns(batch: Sequence[Append]) -> list[list[Any]]:
    """The rows of a batch by column, each with the number of its append."""
    events = [
        (number, each.originator_id, each.originator_version, each.topic, each.state)
        for number, append in enumerate(batch)
        for each in append.events
    ]
    boxes = [
        (number, *place, ciphertext, month, wrapped)
        for number, append in enumerate(batch)
        for place, ciphertext, month, wrapped in append.boxes
    ]
    agenda = [
        (number, each.order_id, each.owner, each.lane, each.due_at)
        for number, append in enumerate(batch)
        for each in append.agenda
    ]
    return [*_by_column(events, 5), *_by_column(boxes, 8), *_by_column(agenda, 5)]


def _by_column(rows: Sequence[Sequence[Any]], width: int) -> Iterable[list[Any]]:
    return map(list, zip(*rows, strict=True)) if rows else [[] for _ in range(width)]


def packed(batch: Sequence[Append]) -> list[PackedArray]:
    """The same, each column as a connection takes it that takes packed arrays."""
    return [pack(column) for pack, column in zip(_PACKING, columns(batch), strict=True)]
