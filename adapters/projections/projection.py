"""What a projection is: a table, and the rows that an event makes in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import msgspec
import psycopg
import structlog

log = structlog.get_logger()

Row: TypeAlias = Sequence[Any]
"""The values of one row, in the order of the projection's columns."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event as it stands in the log, with its position; nobody's words are opened for it."""

    position: int
    order_id: UUID
    version: int
    topic: str
    state: bytes


class Projection(Protocol):
    """A table made from events; the same events always make the same rows."""

    @property
    def name(self) -> str:
        """The table, and by what its position is kept."""
        ...

    @property
    def columns(self) -> Mapping[str, str]:
        """The table's columns, but for `generation`, and their types."""
        ...

    @property
    def channel(self) -> str | None:
        """Who listens there is woken when there are new rows."""
        ...

    async def rows_of(
        self, connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
    ) -> Sequence[Row]:
        """What events add; a row whose key is there already is left out.

        The connection is the one on which the rows are going to be written.
        """
        ...


class _OfEachEvent(Protocol):
    name: str

    def rows(self, event: FeedEvent) -> Iterable[Row]: ...


class EventByEvent:
    """Gives a projection its rows where each event makes its own, by `rows`."""

    async def rows_of(
        self: _OfEachEvent,
        connection: psycopg.AsyncConnection[Any],  # noqa: ARG002  # nothing else is looked at
        events: Sequence[FeedEvent],
    ) -> Sequence[Row]:
        """What events add; one that cannot be read does not hide those that come after it."""
        return [row for event in events for row in _readable(self, event)]


def _readable(projection: _OfEachEvent, event: FeedEvent) -> Sequence[Row]:
    try:
        return list(projection.rows(event))
    except msgspec.MsgspecError as problem:
        tell_unreadable(projection.name, event.position, problem)
        return ()


def tell_unreadable(projection: str, position: int, problem: Exception) -> None:
    """Tell the operator of an event that a projection had to leave out."""
    log.error(
        "event_unreadable",
        projection=projection,
        position=position,
        because=type(problem).__name__,  # its words may show what the event says
    )


def is_storable(text: str) -> bool:
    """Whether the database's `text` can hold it: all but the character 0."""
    return "\0" not in text
