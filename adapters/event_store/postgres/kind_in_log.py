"""The events of one kind of aggregate in the log of the orders, nothing of which is sealed."""

from collections.abc import Sequence
from typing import Any, Final, Generic, LiteralString, TypeVar
from uuid import UUID

import structlog
from eventsourcing.persistence import StoredEvent
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import EventMapper
from adapters.event_store.sealing import TamperedError
from adapters.postgres.reaching import reaching
from application.envelope import RecordedEvent

log = structlog.get_logger()

R = TypeVar("R", bound=RecordedEvent[Any])

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


class KindInLog(Generic[R]):
    """Reads what was recorded of one aggregate, and follows all of the kind."""

    def __init__(
        self,
        kind: str,
        /,
        *,
        pool: AsyncConnectionPool[Any],
        mapper: EventMapper[R],
        alarm: str,
        **told: str,
    ) -> None:
        """Read the events whose topic begins with the name of the kind and a dot.

        Of one that cannot be read an `alarm` goes to the log, with what is `told` besides.
        """
        self._history = _of_kind(kind, _HISTORY)
        self._after = query_after(kind)
        self._pool = pool
        self._mapper = mapper
        self._alarm = alarm
        self._told = told

    async def history(self, stream: UUID) -> Sequence[R]:
        """Everything recorded of one aggregate, oldest first."""
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(self._history, (stream,), binary=True)
            rows = await cursor.fetchall()
        return [self._mapper.from_stored(StoredEvent(*row), {}) for row in rows]

    async def after(self, position: int) -> Sequence[tuple[int, R]]:
        """What was recorded of all of the kind after a position of the log, each with its own."""
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(self._after, (position,), binary=True, prepare=False)
            rows = await cursor.fetchall()
        read: list[tuple[int, R]] = []
        for place, *row in rows:
            try:
                read.append((place, self._mapper.from_stored(StoredEvent(*row), {})))
            except TamperedError:
                log.critical(self._alarm, **self._told, position=place, does="goes on without it")
        return read


def query_after(kind: str) -> sql.Composed:
    """What was recorded of all of a kind after a position of the log, as it is asked of the database."""
    return _of_kind(kind, _AFTER)


def _of_kind(kind: str, query: LiteralString) -> sql.Composed:
    """A query in the words of the kind's index, which would not be found by an argument."""
    return sql.SQL(query).format(topics=sql.Literal(f"{kind}.%%"))
