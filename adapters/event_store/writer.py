"""One connection that writes batches, and knows again what it may have written before."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.rows import TupleRow

from adapters.event_store.batch import APPEND, Append, Beginning, columns
from adapters.postgres.connecting import to_primary
from application.ports.order_repository import ConcurrentUpdateError

LOST: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    ReadOnlySqlTransaction,  # the server has become a replica, and another takes writes
    TimeoutError,
)
"""After these nobody can tell whether a batch was stored; the same may go well on another connection."""

# What the promises rest on, whatever the server's defaults are: what is answered for is on the disk,
# and each statement sees what was committed before it. And the server ends what hangs while there is
# time to try once more.
_SESSION: Final[LiteralString] = """
SELECT set_config('statement_timeout', %(limit)s, false),
       set_config('lock_timeout', %(limit)s, false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                  WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""
_THERE: Final[LiteralString] = """
SELECT state FROM orders_events WHERE originator_id = %s AND originator_version = %s
"""


class HistoryWentBackError(Exception):
    """What this process has seen stored is not in the database any more: it is an older one now."""

    def __init__(self, forgotten: Beginning) -> None:
        super().__init__()
        self.forgotten = forgotten


class _Command(Struct):
    command_id: UUID


_read_command = msgspec.json.Decoder(_Command).decode


class Writer:
    """Writes one batch at a time, on a connection that is made when it is needed."""

    def __init__(self, conninfo: str, *, limit: float) -> None:
        """Prepare to write; the server ends a statement after `limit` seconds."""
        self._conninfo = to_primary(conninfo)
        self._limit = f"{round(limit * 1000)}ms"
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._last: Beginning | None = None
        """The last append that was seen to be stored."""

    async def write(self, batch: Sequence[Append]) -> None:
        """Store a batch in one transaction, and answer each of it.

        Raises:
            HistoryWentBackError: what was stored before has been forgotten; nothing is stored.
        """
        connection = await self._connected()
        cursor = await connection.execute(APPEND, columns(batch), prepare=True)
        row = await cursor.fetchone()
        refused = set() if row is None else set(row[0])
        for number, append in enumerate(batch):
            if number not in refused or (
                append.was_tried and await _is_there(connection, append.beginning)
            ):
                append.succeed()
                self._last = append.beginning
            else:
                append.fail(ConcurrentUpdateError())

    async def disconnect(self) -> None:
        """Let the connection go; the next batch makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, application_name="varsel appender"
            )
            try:
                await self._begin(connection)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    async def _begin(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Set the connection up, and see whether the database still has what it has answered for."""
        await connection.execute(_SESSION, {"limit": self._limit})
        if self._last is not None and not await _is_there(connection, self._last):
            raise HistoryWentBackError(self._last)


async def _is_there(connection: psycopg.AsyncConnection[Any], beginning: Beginning) -> bool:
    """Whether the event that stands where an append begins was stored by that very append."""
    cursor = await connection.execute(_THERE, (beginning.order_id, beginning.version))
    row = await cursor.fetchone()
    return row is not None and _read_command(row[0]).command_id == beginning.command_id
