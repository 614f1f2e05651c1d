"""Aggregates of one kind, in whose events nobody's words stand, in PostgreSQL, in the log of the orders."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Generic, LiteralString, TypeVar
from uuid import UUID

import structlog
from eventsourcing.persistence import StoredEvent
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import StreamKind
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.sealing import TamperedError
from adapters.postgres.reaching import reaching
from application.envelope import Actor, RecordedInStream, recorded_in_stream
from application.ports.streams import Entry

log = structlog.get_logger()

E = TypeVar("E")

_HISTORY: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = %s AND topic LIKE {topics} ORDER BY originator_version
"""
# An index holds these events alone. Not prepared: a plan that was made when the log was short may read
# all of it for ever after.
_AFTER: Final[LiteralString] = """
SELECT notification_id, originator_id, originator_version, topic, state FROM orders_events
 WHERE notification_id > %s AND topic LIKE {topics} ORDER BY notification_id
"""


class PostgresStreams(Generic[E]):
    """Keeps them beside the orders; nothing in them is sealed, and none is on the agenda."""

    def __init__(
        self,
        kind: StreamKind[E],
        *,
        appender: Appender,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._kind = kind
        self._appender = appender
        self._pool = pool
        self._clock = clock
        self._next_id = next_id

    async def append(
        self, stream: UUID, after: int, events: Sequence[E], *, by: Actor
    ) -> Sequence[RecordedInStream[E]]:
        if not events:
            await self._appender.confirm()
            return ()
        command_id = self._next_id()
        told = list(recorded_in_stream(stream, after, events, self._clock(), by, command_id))
        stored = [self._kind.mapper.to_stored(each)[0] for each in told]
        await self._appender.append(command_id, stored, boxes=(), agenda=())
        return told

    async def history(self, stream: UUID) -> Sequence[RecordedInStream[E]]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(self._of_kind(_HISTORY), (stream,), binary=True)
            rows = await cursor.fetchall()
        return [self._kind.mapper.from_stored(StoredEvent(*row), {}) for row in rows]

    async def after(self, position: int) -> Sequence[Entry[E]]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(
                self._of_kind(_AFTER), (position,), binary=True, prepare=False
            )
            rows = await cursor.fetchall()
        entries: list[Entry[E]] = []
        for place, *row in rows:
            try:
                entries.append(Entry(place, self._kind.mapper.from_stored(StoredEvent(*row), {})))
            except TamperedError:
                log.critical(
                    "event_unreadable",
                    kind=self._kind.name,
                    position=place,
                    does="goes on without it",
                )
        return entries

    def _of_kind(self, query: LiteralString) -> sql.Composed:
        """A query for this kind alone, in the words of the kind's index."""
        return sql.SQL(query).format(topics=sql.Literal(f"{self._kind.name}.%%"))
