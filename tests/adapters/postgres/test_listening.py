"""Who listens is woken by every call, however quickly they follow each other."""

import asyncio

import psycopg

from adapters.postgres.listening import Listener

CHANNEL = "called_in_a_test"


async def test_a_call_right_after_another_wakes_too(database_url: str) -> None:
    listener = Listener(database_url, CHANNEL)
    caller = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    await listener.start()
    try:
        async with caller, asyncio.timeout(30):
            await listener.wait(CHANNEL, 60)  # it has begun to listen
            for _ in range(3):
                await caller.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
                await listener.wait(CHANNEL, 60)
    finally:
        await listener.stop()
