"""One connection that writes batches, and knows again what it may have written before."""

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg.errors import ReadOnlySqlTransaction

from adapters.event_store.postgres.batch import APPEND, APPEND_LOCK, Append, Beginning, packed
from adapters.postgres.arrays import take_packed
from adapters.postgres.connecting import to_primary
from adapters.postgres.connection import Connection, Succession
from adapters.postgres.lasting import LASTING
from application.ports.order_repository import ConcurrentUpdateError

LOST: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    ReadOnlySqlTransaction,  # the server has become a replica, and another takes writes
    TimeoutError,
)
"""After these nobody can tell whether a batch was stored; the same may go well on another connection."""

# What the promises rest on, whatever the server's defaults are: each statement sees what was committed
# before it. And the server ends what hangs while there is time to try once more.
_SESSION: Final[LiteralString] = """
SELECT set_config('statement_timeout', %(limit)s, false),
       set_config('lock_timeout', %(limit)s, false),
       set_config('default_transaction_isolation', 'read committed', false)
"""
# Of several whose commits wait for a standby, those behind the first wait for the lock, and not for ever.
_CONFIRM: Final[LiteralString] = f"SELECT pg_advisory_xact_lock(%s), {LASTING}"
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

    def __init__(self, conninfo: str, *, limit: float, succession: Succession) -> None:
        """Prepare to write; the server ends a statement after `limit` seconds."""
        self._conninfo = to_primary(conninfo)
        self._succession = succession
        self._limit = f"{round(limit * 1000)}ms"
        self._connection: Connection | None = None
        self._last: Beginning | None = None
        """The last append that was seen to be stored."""

    async def write(self, batch: Sequence[Append]) -> None:
        """Store a batch in one transaction, and answer each of it.

        Raises:
            HistoryWentBackError: what was stored before has been forgotten; nothing is stored.
        """
        connection = await self._connected()
        refused = await self._append(connection, batch)
        found = [
            each
            for each in refused
            if each.was_tried and await _is_there(connection, each.beginning)
        ]
        rest_on_reading = [*found, *(each for each in batch if each.is_confirmation)]
        is_stored = any(each not in refused for each in batch if not each.is_confirmation)
        if rest_on_reading and not is_stored:
            # Nothing was stored, and so nothing waited for the standby, which may lack what was read.
            await connection.execute(_CONFIRM, (APPEND_LOCK,))
        for append in batch:
            if append in refused and append not in found:
                append.fail(ConcurrentUpdateError())
                continue
            append.succeed()
            if not append.is_confirmation:
                self._last = append.beginning

    async def disconnect(self) -> None:
        """Let the connection go; the next batch makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _append(self, connection: Connection, batch: Sequence[Append]) -> Sequence[Append]:
        """Append what is to be appended; what cannot follow where it wants to is refused."""
        if all(each.is_confirmation for each in batch):
            return []
        cursor = await connection.execute(APPEND, packed(batch), prepare=True)
        row = await cursor.fetchone()
        return [] if row is None else [batch[number] for number in row[0]]

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = await Connection.connect(
                self._conninfo, succession=self._succession, application_name="varsel appender"
            )
            try:
                await self._begin(connection)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    async def _begin(self, connection: Connection) -> None:
        """Set the connection up, and see whether the database still has what it has answered for."""
        take_packed(connection)
        await connection.execute(_SESSION, {"limit": self._limit})
        if self._last is not None and not await _is_there(connection, self._last):
            raise HistoryWentBackError(self._last)


async def _is_there(connection: Connection, beginning: Beginning) -> bool:
    """Whether the event that stands where an append begins was stored by that very append."""
    cursor = await connection.execute(_THERE, (beginning.order_id, beginning.version))
    row = await cursor.fetchone()
    return row is not None and _read_command(row[0]).command_id == beginning.command_id
