"""Orders carried out over real SMTP, against the same messages handed to the same server bare.

Round after round without a restart: the tenth must not be slower than the first.
"""

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, LiteralString, TypeAlias
from uuid import uuid4

import aiohttp
import aiosmtplib
import psycopg
from psycopg.rows import TupleRow

from benchmarks.figures import Figure
from benchmarks.installations import Measured, free_port, installation

_ROUNDS: Final = 10
_ORDERS: Final = 2000
"""In each round."""
_PLACED_WITHIN: Final = 15
"""Seconds from the first order's placing until all of a round are due."""
_CONNECTIONS: Final = 8
_PLACED_AT_ONCE: Final = 64
_SENT: Final[LiteralString] = """
SELECT count(*), coalesce(max(notification_id), %s) FROM orders_events
 WHERE notification_id > %s AND topic = 'order.notification_sent'
"""

Database: TypeAlias = psycopg.AsyncConnection[TupleRow]


async def measure() -> Sequence[Figure]:
    """Measure round after round."""
    port = free_port()
    sink = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.smtp_sink", str(port))
    )
    try:
        rounds = await _dispatched(port)
    finally:
        sink.terminate()
        await sink.wait()
    rates, bare, costs = zip(*rounds, strict=True)
    return [
        Figure(
            name=f"dispatched e-mails, {_ROUNDS} rounds without a restart",
            unit="/s",
            rounds=rates,
            beside=bare,
            yardstick="bare SMTP",
            to_reach="≥ 1,500/s, ratio ≥ 0.3",
        ),
        Figure(
            name="dispatched e-mails in the last three rounds",
            unit="/s",
            rounds=rates[-3:],
            beside=rates[:3],
            yardstick="in the first three",
            to_reach="ratio 0.9 to 1.1",
        ),
        Figure(
            name="the worker's own time for an e-mail in the last three rounds",
            unit="ms",
            rounds=[cost * 1000 for cost in costs[-3:]],
            beside=[cost * 1000 for cost in costs[:3]],
            yardstick="in the first three",
            to_reach="ratio 0.9 to 1.1",
        ),
    ]


async def _dispatched(port: int) -> Sequence[tuple[float, float, float]]:
    """What each round brings, the yardstick right after it, and what an e-mail cost the worker."""
    rounds: list[tuple[float, float, float]] = []
    with installation(
        VARSEL_SMTP_URL=f"smtp://127.0.0.1:{port}",
        VARSEL_SMTP_STARTTLS="0",
        VARSEL_SMTP_CONNECTIONS=str(_CONNECTIONS),
    ) as service:
        database = await psycopg.AsyncConnection.connect(service.database, autocommit=True)
        async with database:
            for _ in range(_ROUNDS):
                # A whole second: an order names no smaller part of one, and a round that began
                # before its clock would seem the faster for it.
                due = math.ceil(time.time() + _PLACED_WITHIN)
                since = await _position(database)
                await _place(service, due)
                await asyncio.sleep(max(0, due - time.time()))
                began, before = time.monotonic(), service.worked("work")
                await _all_sent(database, since)
                rate = _ORDERS / (time.monotonic() - began)
                cost = (service.worked("work") - before) / _ORDERS
                rounds.append((rate, await _bare(port), cost))
    return rounds


async def _position(database: Database) -> int:
    """How far the log has come."""
    cursor = await database.execute("SELECT coalesce(max(notification_id), 0) FROM orders_events")
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def _all_sent(database: Database, since: int) -> None:
    """Wait until a round is sent; of the log only its new end is read, or the looks would be the load."""
    sent, position = 0, since
    while sent < _ORDERS:
        cursor = await database.execute(_SENT, (position, position))
        row = await cursor.fetchone()
        if row is not None:
            sent, position = sent + row[0], row[1]
        await asyncio.sleep(0.02)


async def _place(service: Measured, due: int) -> None:
    """Place all orders, to be sent at one moment."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))
    headers = {"Authorization": f"Bearer {service.token}"}
    places = asyncio.Semaphore(_PLACED_AT_ONCE)
    url = f"{service.url}/notifications/api/v1/future/orders"

    async def place(session: aiohttp.ClientSession, number: int) -> None:
        settings = {"subject": "A new letter in your inbox", "body": "Please log in. " * 40}
        body = {
            "idempotencyId": uuid4().hex,
            "requestedSendTime": when,
            "recipient": {
                "recipientEmail": {
                    "emailAddress": f"somebody.{number}@example.org",
                    "emailSettings": settings,
                }
            },
        }
        async with places, session.post(url, json=body) as answer:
            answer.raise_for_status()

    connector = aiohttp.TCPConnector(limit=_PLACED_AT_ONCE)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        await asyncio.gather(*(place(session, number) for number in range(_ORDERS)))


async def _bare(port: int) -> float:
    """The same number of messages, built beforehand, over as many connections."""
    lines = "Please log in. " * 40
    message = (
        "From: noreply@altinn.cloud\r\nTo: somebody@example.org\r\n"
        f"Subject: A new letter in your inbox\r\n\r\n{lines}\r\n"
    ).encode()
    began = time.monotonic()
    await asyncio.gather(
        *(_send(port, message, _ORDERS // _CONNECTIONS) for _ in range(_CONNECTIONS))
    )
    return _ORDERS / (time.monotonic() - began)


async def _send(port: int, message: bytes, count: int) -> None:
    async with _connected(port) as client:
        for _ in range(count):
            await client.sendmail("noreply@altinn.cloud", ["somebody@example.org"], message)


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[aiosmtplib.SMTP]:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    async with client:
        yield client
