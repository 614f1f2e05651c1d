"""What a projection is: a table, and the rows that an event makes in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from uuid import UUID

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

    def rows(self, event: FeedEvent) -> Iterable[Row]:
        """What an event adds; a row whose key is there already is left out."""
        ...


def is_storable(text: str) -> bool:
    """Whether the database's `text` can hold it: all but the character 0."""
    return "\0" not in text
