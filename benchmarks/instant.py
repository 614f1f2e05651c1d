"""Instant orders, from request to hand-over: alone, and beside a large backlog of other owners."""

import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
from aiohttp import web

from benchmarks.figures import ROUNDS, Figure, rank
from benchmarks.installations import Measured, free_port, installation

_OWNERS: Final = {"ttd": "991825827", "skd": "974761076", "nav": "889640782"}
_ALONE: Final = 200
"""Messages in each round."""
_BESIDE: Final = 200
"""In each round."""
_PAUSE: Final = 0.02
_BACKLOG: Final = 100
"""Orders of 1,000 recipients each that are due when the measuring begins."""
_RECIPIENTS: Final = 1000
_PLACED_AT_ONCE: Final = 4
_API: Final = "/notifications/api/v1"
_RECEIVER: Final = re.compile(rb"<RCV>\+?(\d+)</RCV>")
_ANSWER: Final = (
    b"<?xml version='1.0'?><SESSION><LOGON>OK</LOGON><REASON></REASON><MSGLST><MSG><ID>1</ID>"
    b"<STATUS>OK</STATUS><INFO></INFO><REF>%b</REF></MSG></MSGLST></SESSION>"
)


async def measure() -> Sequence[Figure]:
    """Measure round after round."""
    came: dict[str, float] = {}

    async def take(request: web.Request) -> web.Response:
        found = _RECEIVER.search(await request.read())
        number = found[1] if found else b""
        came[number.decode()] = time.monotonic()
        return web.Response(body=_ANSWER % number, content_type="application/xml")

    gateway = web.Application()
    gateway.router.add_post("/", take)
    runner = web.AppRunner(gateway)
    await runner.setup()
    port, sink_port = free_port(), free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    sink = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.smtp_sink", str(sink_port))
    )
    owners = tempfile.NamedTemporaryFile("w", suffix=".json")  # noqa: SIM115  # closed below
    json.dump({number: owner for owner, number in _OWNERS.items()}, owners)
    owners.flush()
    try:
        bare = await _bare(f"http://127.0.0.1:{port}/")
        with installation(
            VARSEL_SMTP_URL=f"smtp://127.0.0.1:{sink_port}",
            VARSEL_SMTP_STARTTLS="0",
            VARSEL_OWNERS_FILE=owners.name,
            VARSEL_SMS_URL=f"http://127.0.0.1:{port}/",
            VARSEL_SMS_PASSWORD="secret",  # noqa: S106  # nobody checks it
        ) as service:
            alone, beside = await _through(service, came)
    finally:
        owners.close()
        sink.terminate()
        await sink.wait()
        await runner.cleanup()
    return [
        Figure(
            name="instant, request to gateway, alone: p99",
            unit="ms",
            rounds=[rank(each, 0.99) for each in alone],
            beside=[rank(bare, 0.99)] * ROUNDS,
            yardstick="a bare request to the gateway",
        ),
        Figure(
            name=f"instant, beside {_BACKLOG * _RECIPIENTS:,} due e-mails of another owner: p50",
            unit="ms",
            rounds=[rank(each, 0.5) for each in beside],
            beside=[rank(each, 0.5) for each in alone],
            yardstick="alone",
        ),
        Figure(
            name=f"instant, beside {_BACKLOG * _RECIPIENTS:,} due e-mails of another owner: p99",
            unit="ms",
            rounds=[rank(each, 0.99) for each in beside],
            beside=[rank(each, 0.99) for each in alone],
            yardstick="alone",
            to_reach="≤ 20 ms",
        ),
    ]


async def _through(
    service: Measured, came: Mapping[str, float]
) -> tuple[Sequence[Sequence[float]], Sequence[Sequence[float]]]:
    """Milliseconds of each message in each round: alone, and beside the others."""
    tokens = {
        owner: service.varsel("token", "--org", owner, "--org-number", number).splitlines()[-1]
        for owner, number in _OWNERS.items()
    }
    numbers = itertools.count()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:

        async def some(count: int, pause: float = 0.0) -> Sequence[float]:
            took: list[float] = []
            for number in itertools.islice(numbers, count):
                took.append(await _instant(session, service, tokens["ttd"], number, came))
                await asyncio.sleep(pause)
            return took

        await some(_ALONE // 10)  # what is made once has been
        alone = [await some(_ALONE) for _ in range(ROUNDS)]
        places = asyncio.Semaphore(_PLACED_AT_ONCE)

        async def order(owner: str, key: int) -> None:
            async with places:
                await _place_many(session, service, tokens[owner], key)

        await asyncio.gather(*(order("skd", key) for key in range(_BACKLOG)))
        third = asyncio.create_task(order("nav", _BACKLOG))
        beside = [await some(_BESIDE, _PAUSE) for _ in range(ROUNDS)]
        await third
        if await _left(service, next(numbers)) <= 0:
            raise RuntimeError("the backlog was done before the measuring: make it larger")
    return alone, beside


async def _left(service: Measured, others: int) -> int:
    """How many of the backlog have not been sent."""
    import psycopg  # noqa: PLC0415  # for this one question

    async with await psycopg.AsyncConnection.connect(service.database) as database:
        cursor = await database.execute(
            "SELECT count(*) FROM orders_events WHERE topic = 'order.notification_sent'"
        )
        row = await cursor.fetchone()
    return _BACKLOG * _RECIPIENTS + _RECIPIENTS + others - (0 if row is None else int(row[0]))


async def _instant(
    session: aiohttp.ClientSession,
    service: Measured,
    token: str,
    number: int,
    came: Mapping[str, float],
) -> float:
    """Order one, and tell the milliseconds until the gateway had it."""
    to = f"+474{number:07}"
    settings = {"phoneNumber": to, "timeToLiveInSeconds": 600, "smsSettings": {"body": "4711"}}
    body = {"idempotencyId": f"instant-{number}", "recipientSms": settings}
    began = time.monotonic()
    await _post(session, f"{service.url}{_API}/future/orders/instant/sms", token, body)
    return (came[to.removeprefix("+")] - began) * 1000


async def _place_many(
    session: aiohttp.ClientSession, service: Measured, token: str, key: int
) -> None:
    recipients = [{"emailAddress": f"r{key}x{n}@example.org"} for n in range(_RECIPIENTS)]
    body = {"subject": "A letter", "body": "Please log in.", "recipients": recipients}
    await _post(session, f"{service.url}{_API}/orders/email", token, body)


async def _post(
    session: aiohttp.ClientSession, url: str, token: str, body: Mapping[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with session.post(url, json=body, headers=headers) as answer:
        answer.raise_for_status()
        await answer.read()


async def _bare(url: str) -> list[float]:
    """The same gateway asked directly, by the same client."""
    took = []
    async with aiohttp.ClientSession() as session:
        for _ in range(_ALONE):
            began = time.monotonic()
            async with session.post(url, data=b"<MSG><RCV>4740000000</RCV></MSG>") as answer:
                await answer.read()
            took.append((time.monotonic() - began) * 1000)
    return took
