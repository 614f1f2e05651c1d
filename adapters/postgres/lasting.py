"""Make what has been read as lasting as what is written.

What somebody finds in the database may be there without being on the standby: a primary that came back
has what it had not sent, and so has one whose commit was told to wait no longer. A commit that writes
anything is on the standby when it returns, with everything that is before it in the log; and what can be
read is before it.

What can be made again from the log need not wait: it is lost, if ever, together with how far it had come,
and whatever is promised by it waits for a commit that is behind it.
"""

from typing import Final, LiteralString

import psycopg
from psycopg.rows import TupleRow

LASTING: Final[LiteralString] = "pg_logical_emit_message(true, 'varsel', '')"
"""Writes the least that a transaction can write; nobody listens for it."""


async def make_lasting(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """Let the transaction commit after everything that can be read now, though it changes nothing."""
    await connection.execute(f"SELECT {LASTING}")


async def commit_without_waiting(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """Let the transaction under way be seen before it is on the disk or the standby."""
    await connection.execute("SET LOCAL synchronous_commit = off")
