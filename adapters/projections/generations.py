"""The rows of projections by generation: one serves, and another may be growing beside it."""

from typing import Any, Final, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from adapters.projections.log_reader import Reading
from adapters.projections.projection import Projection
from adapters.projections.setting_aside import apply

_REMOVED_AT_ONCE: Final = 10_000

_OPEN: Final[LiteralString] = """
INSERT INTO projection (name, generation, position, is_serving) VALUES (%s, 1, 0, true)
ON CONFLICT DO NOTHING
"""
_SERVING: Final[LiteralString] = """
SELECT generation, position FROM projection WHERE name = %s AND is_serving FOR UPDATE
"""
_GROWING: Final[LiteralString] = """
SELECT position FROM projection
 WHERE name = %s AND generation = %s AND NOT is_serving FOR UPDATE
"""
_MOVE: Final[LiteralString] = (
    "UPDATE projection SET position = %s WHERE name = %s AND generation = %s"
)
_BEGIN: Final[LiteralString] = """
INSERT INTO projection (name, generation, position, is_serving)
SELECT %(name)s, max(generation) + 1, 0, false FROM projection WHERE name = %(name)s
RETURNING generation
"""
_RETIRE: Final[LiteralString] = (
    "UPDATE projection SET is_serving = false WHERE name = %s AND is_serving"
)
_SERVE: Final[LiteralString] = (
    "UPDATE projection SET is_serving = true WHERE name = %s AND generation = %s"
)
_IDLE: Final[LiteralString] = (
    "SELECT generation FROM projection WHERE name = %s AND NOT is_serving FOR UPDATE"
)
_FORGET: Final[LiteralString] = "DELETE FROM projection WHERE name = %s AND generation = %s"


class SupersededError(Exception):
    """Somebody else has begun to rebuild the projection; theirs goes on."""


async def serving(connection: psycopg.AsyncConnection[Any], name: str) -> tuple[int, int]:
    """Lock the generation that serves: its number, and its position."""
    while True:
        cursor = await connection.execute(_SERVING, (name,))
        if (row := await cursor.fetchone()) is not None:
            return int(row[0]), int(row[1])
        await connection.execute(_OPEN, (name,))


async def growing(connection: psycopg.AsyncConnection[Any], name: str, generation: int) -> int:
    """Lock a generation that grows: its position.

    Raises:
        SupersededError: it is gone.
    """
    cursor = await connection.execute(_GROWING, (name, generation))
    if (row := await cursor.fetchone()) is None:
        raise SupersededError(f"{name} is being rebuilt by somebody else, too; theirs goes on")
    return int(row[0])


async def begin(connection: psycopg.AsyncConnection[Any], name: str) -> int:
    """Begin a generation beside the one that serves."""
    await serving(connection, name)
    cursor = await connection.execute(_BEGIN, {"name": name})
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def exchange(connection: psycopg.AsyncConnection[Any], name: str, generation: int) -> None:
    """Let another generation serve."""
    await connection.execute(_RETIRE, (name,))
    await connection.execute(_SERVE, (name, generation))


async def advance(
    connection: psycopg.AsyncConnection[Any],
    projection: Projection,
    generation: int,
    reading: Reading,
) -> None:
    """Write what the next events mean; those that cannot be applied are set aside."""
    is_new = bool(reading.events) and await apply(
        connection, projection, generation, reading.events
    )
    if is_new and projection.channel is not None:
        await connection.execute("SELECT pg_notify(%s, '')", (projection.channel,))
    await connection.execute(_MOVE, (reading.position, projection.name, generation))


async def remove_idle(connection: psycopg.AsyncConnection[Any], projection: Projection) -> bool:
    """Remove a part of what neither serves nor will; whether there may be more."""
    cursor = await connection.execute(_IDLE, (projection.name,))
    if (row := await cursor.fetchone()) is None:
        return False
    is_more = False
    for table in projection.tables:
        removed = await connection.execute(_remove(table), (row[0], _REMOVED_AT_ONCE))
        is_more |= removed.rowcount == _REMOVED_AT_ONCE
    if not is_more:
        await connection.execute(_FORGET, (projection.name, row[0]))
    return True


def _remove(name: str) -> Composed:
    table = Identifier(name)
    return SQL(
        "DELETE FROM {} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {} WHERE generation = %s LIMIT %s))"
    ).format(table, table)
