"""Reach the database, and call it by the name that the ports know when it cannot be reached."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolClosed

from application.ports.order_repository import StoreUnavailableError


@asynccontextmanager
async def reaching(pool: AsyncConnectionPool[Any]) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Lend a connection of the pool.

    Raises:
        StoreUnavailableError: the database cannot be reached, or went away meanwhile.
    """
    try:
        async with pool.connection() as connection:
            yield connection
    except (psycopg.OperationalError, PoolClosed):
        raise StoreUnavailableError from None
