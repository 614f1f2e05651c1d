"""Reach the database, and call it by the name that the ports know when it cannot be reached."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
import structlog
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import AsyncConnectionPool, PoolClosed

from adapters.postgres.connection import Connection
from adapters.postgres.refusing import is_of_data
from application.ports.order_repository import StoreUnavailableError

log = structlog.get_logger()

SECONDS: Final = 8.0
"""What is asked for on one lent connection has been answered by then, or never is."""


@asynccontextmanager
async def reaching(
    pool: AsyncConnectionPool[Any], *, within: float = SECONDS
) -> AsyncIterator[Connection]:
    """Lend a connection of the pool.

    What the database refuses for what it is passes as the driver's own error: it is no outage, and
    to try it again is to be refused again.

    Raises:
        StoreUnavailableError: the database cannot be reached, went away meanwhile, takes nothing at
            present, or has been silent for so many seconds.
    """
    try:
        async with _lent(pool) as connection:
            # A server that is there and says nothing keeps its own time limits as little as its
            # answers.
            cut = asyncio.get_running_loop().call_later(within, _cut, connection)
            try:
                await connection.begin_nothing_in_vain()
                yield connection
            finally:
                cut.cancel()
    except (PoolClosed, ReadOnlySqlTransaction):
        raise StoreUnavailableError from None
    except psycopg.OperationalError as problem:
        if is_of_data(problem):
            raise
        raise StoreUnavailableError from None


@asynccontextmanager
async def _lent(pool: AsyncConnectionPool[Any]) -> AsyncIterator[Connection]:
    """Lend a connection that leads to the primary, and give up those that lead to a former one.

    Not by the pool's own check, after which it makes everybody wait longer each time.
    """
    connection: Connection = await pool.getconn()
    while not connection.leads:
        await connection.close()
        await pool.putconn(connection)
        connection = await pool.getconn()
    try:
        async with connection:  # ends what was begun; it stays open, since it is the pool's
            yield connection
    finally:
        await pool.putconn(connection)


def _cut(connection: Connection) -> None:
    if not connection.closed:
        log.warning("silent_connection_cut")
        connection.cut()
