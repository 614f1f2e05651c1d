"""One connection that writes batches, and knows again what it may have written before."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.rows import TupleRow

from adapters.event_store.batch import APPEND, Append, columns
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

    async def write(self, batch: Sequence[Append]) -> None:
        """Store a batch in one transaction, and answer each of it."""
        connection = await self._connected()
        cursor = await connection.execute(APPEND, columns(batch), prepare=True)
        row = await cursor.fetchone()
        refused = set() if row is None else set(row[0])
        for number, append in enumerate(batch):
            if number not in refused or (append.was_tried and await self._is_ours(append)):
                append.succeed()
            else:
                append.fail(ConcurrentUpdateError())

    async def disconnect(self) -> None:
        """Let the connection go; the next batch makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _is_ours(self, append: Append) -> bool:
        """Whether the events that stand in the way were stored by this very append."""
        first = append.events[0]
        connection = await self._connected()
        cursor = await connection.execute(_THERE, (first.originator_id, first.originator_version))
        row = await cursor.fetchone()
        return row is not None and _read_command(row[0]).command_id == append.command_id

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, application_name="varsel appender"
            )
            await self._connection.execute(_SESSION, {"limit": self._limit})
        return self._connection
