"""A reader that follows the log by position skips nothing, whoever writes and however slowly."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.batch import APPEND_LOCK

WRITERS = 8
EACH = 40
STALLS = 5

_PROCESS = """
import asyncio, sys
from tests.adapters.event_store.test_reading_in_order import write
asyncio.run(write(sys.argv[1]))
"""


async def write(conninfo: str) -> None:
    """What each of two processes does: eight writers, one appender."""
    appender = Appender(conninfo)
    await appender.start()

    async def writer() -> None:
        for _ in range(EACH):
            event = StoredEvent(uuid4(), 1, "test.happened", b"{}")
            await appender.append(uuid4(), [event], [], [])

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    await appender.stop()


async def write_and_stall(conninfo: str) -> None:
    """A writer that has its position, and commits only when others would long have passed it."""
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    async with connection:
        for _ in range(STALLS):
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
                await connection.execute(
                    "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
                    " VALUES (gen_random_uuid(), 1, 'test.stalled', '{}')"
                )
                await asyncio.sleep(0.05)


async def follow(conninfo: str, writers: Sequence[asyncio.Future[Any]]) -> list[UUID]:
    """Read from the last position on, again and again, until the writers are done."""
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    position, seen = 0, list[UUID]()
    async with connection:
        is_last = False
        while not is_last:
            is_last = all(each.done() for each in writers)
            cursor = await connection.execute(
                "SELECT notification_id, originator_id FROM orders_events"
                " WHERE notification_id > %s ORDER BY notification_id",
                (position,),
            )
            for position, order_id in await cursor.fetchall():  # noqa: B007  # the last one is kept
                seen.append(order_id)
            await asyncio.sleep(0)
    return seen


async def test_a_reader_that_follows_skips_nothing(database_url: str) -> None:
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROCESS, database_url)
    writers = [
        asyncio.ensure_future(each)
        for each in (write(database_url), write_and_stall(database_url), other.wait())
    ]

    seen = await follow(database_url, writers)
    await asyncio.gather(*writers)

    assert other.returncode == 0
    with psycopg.connect(database_url) as connection:
        there = connection.execute(
            "SELECT originator_id FROM orders_events ORDER BY notification_id"
        ).fetchall()
    assert len(there) == 2 * WRITERS * EACH + STALLS
    assert seen == [row[0] for row in there]
