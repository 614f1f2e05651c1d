"""What a projection is: tables, and what events mean in them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, LiteralString, Protocol, TypeAlias
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.errors import UniqueViolation
from psycopg.sql import SQL, Composed, Identifier

from adapters.postgres.rows import packed_rows

_MANY: Final = 50
"""So many rows are copied, for a fifth of the driver's work; of fewer, the statements around cost more."""

Row: TypeAlias = Sequence[Any]
"""The values of one row, in the order of the projection's columns."""


class FeedEvent(Struct, frozen=True, gc=False):
    """An event as it stands in the log, with its position; nobody's words are opened for it.

    Its state is empty for a projection that does not read the states of such events.
    """

    position: int
    order_id: UUID
    version: int
    topic: str
    state: bytes


class Projection(Protocol):
    """Tables made from the events of one kind of aggregate; the same events always make the same rows."""

    @property
    def name(self) -> str:
        """By what its position is kept, and the table that is asked."""
        ...

    @property
    def tables(self) -> Sequence[str]:
        """Every table that it writes; each has a column `generation`."""
        ...

    @property
    def topics(self) -> Collection[str] | str:
        """The topics of the events that it is made from, or of what form all these are, as LIKE has it."""
        ...

    @property
    def read(self) -> Collection[str]:
        """Those topics of whose events it reads the states; of others it is enough that they are there."""
        ...

    @property
    def channel(self) -> str | None:
        """Who listens there is woken when there are new rows."""
        ...

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody asks it who does not bring it on, and so waits until it is."""
        ...

    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        """Write what events mean, in a transaction that is under way; whether there are new rows.

        Raises:
            Exception: whatever one of the events brings about; then nothing of them stays.
        """
        ...


def on_topics(projection: Projection) -> tuple[LiteralString, str | list[str]]:
    """By which condition on their `topic` a projection's events are known, and its parameter `topics`."""
    topics = projection.topics
    if isinstance(topics, str):
        return "topic LIKE %(topics)s", topics
    return "topic = ANY(%(topics)s)", list(topics)


class _OfEachEvent(Protocol):
    name: str
    columns: Mapping[str, str]
    repeats: bool

    def rows(self, event: FeedEvent) -> Iterable[Row]: ...


class EventByEvent:
    """Writes one table of a projection's name, where each event makes its own rows, by `rows`."""

    repeats = False
    """Whether several events make the same row as a rule, of which one is kept."""

    @property
    def tables(self: _OfEachEvent) -> Sequence[str]:
        """The one table."""
        return (self.name,)

    async def write(
        self: _OfEachEvent,
        connection: psycopg.AsyncConnection[Any],
        generation: int,
        events: Sequence[FeedEvent],
    ) -> bool:
        """Write the rows of each event."""
        rows = [row for event in events for row in self.rows(event)]
        return await insert(
            connection, self.name, self.columns, generation, rows, may_repeat=self.repeats
        )


async def insert(
    connection: psycopg.AsyncConnection[Any],
    table: str,
    columns: Mapping[str, str],
    generation: int,
    rows: Sequence[Row],
    *,
    may_repeat: bool = False,
) -> bool:
    """Insert rows into a table by its columns and their types; one that is there already is left out.

    Tells whether there were any. Where some are expected to be there already (`may_repeat`) none is
    copied: a copy that meets one has written all before it in vain.

    Raises:
        ValueError: a number is too large for its column.
    """
    if not rows:
        return False
    if len(rows) >= _MANY and not may_repeat:
        packed = packed_rows(("int4", *columns.values()), [(generation, *row) for row in rows])
        with suppress(UniqueViolation):
            async with connection.transaction():
                await _copy(connection, table, columns, packed)
            return True
    values = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_insert(table, columns), [generation, *values])
    return True


async def _copy(
    connection: psycopg.AsyncConnection[Any],
    table: str,
    columns: Mapping[str, str],
    packed: bytes,
) -> None:
    names = SQL(", ").join(Identifier(each) for each in columns)
    into = SQL("COPY {} (generation, {}) FROM STDIN (FORMAT binary)")
    async with connection.cursor().copy(into.format(Identifier(table), names)) as copy:
        await copy.write(packed)


def _insert(table: str, columns: Mapping[str, str]) -> Composed:
    names = SQL(", ").join(Identifier(each) for each in columns)
    arrays = SQL(", ").join(SQL("%s::{}[]").format(Identifier(each)) for each in columns.values())
    return SQL(
        "INSERT INTO {} (generation, {}) SELECT %s::int, * FROM unnest({}) ON CONFLICT DO NOTHING"
    ).format(Identifier(table), names, arrays)


def is_storable(text: str) -> bool:
    """Whether the database's `text` can hold it: all but the character 0."""
    return "\0" not in text
