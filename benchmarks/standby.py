"""What a synchronous standby takes from the accept rate, and what a fail-over costs under full load.

Both servers share the machine with the service and its load. The primary is killed and the standby
told to take its place at once: what whoever watches over them needs to find out comes on top.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final, LiteralString
from uuid import uuid4

import aiohttp
import psycopg
from psycopg.sql import SQL

from adapters.postgres.connecting import to_primary
from benchmarks.accepting import Accepted, accept_for, compared
from benchmarks.asking import Session, session, to
from benchmarks.figures import ROUNDS, Figure
from benchmarks.installations import installation, settled
from tests.servers import Pair, a_pair_in, until

_CLIENTS: Final = 16
_SECONDS: Final = 6
_BEFORE: Final = 10.0
"""Seconds of full load before the primary is gone."""
_AFTER: Final = 30.0
_AGAIN: Final = 0.1
_WAITED_FOR: Final[LiteralString] = (
    "SELECT count(*) FROM pg_stat_replication WHERE sync_state <> 'async'"
)
_FOUND: Final[LiteralString] = """
SELECT count(*) FROM orders_events WHERE originator_version = 1 AND originator_id = ANY(%s::uuid[])
"""


class LostError(Exception):
    """What was accepted is not there any more; there is nothing to measure."""


async def measure() -> Sequence[Figure]:
    """Accept with and without a synchronous standby by turns, and then fail over."""
    alone, paired = list[Accepted](), list[Accepted]()
    with _on_the_disk() as folder:
        async with AsyncExitStack() as stack:
            pair = await stack.enter_async_context(a_pair_in(folder))
            service = stack.enter_context(installation(VARSEL_DATABASE_URL=pair.conninfo))
            await settled()
            await accept_for(service, _CLIENTS, _SECONDS)  # what is made once has been
            for _ in range(ROUNDS):
                await _wait_for("", pair)
                alone.append(await accept_for(service, _CLIENTS, _SECONDS))
                await _wait_for("*", pair)
                paired.append(await accept_for(service, _CLIENTS, _SECONDS))
            owner = await session(stack, service.url, service.token)
            before, after, silence = await _failed_over(owner, pair)
    return [
        *compared(
            f"accepted e-mail orders, {_CLIENTS} clients, one synchronous standby",
            paired,
            alone,
            "none that is waited for",
        ),
        Figure(name="nothing accepted at a fail-over under full load", unit="s", rounds=[silence]),
        Figure(
            name="accepted after a fail-over under full load",
            unit="/s",
            rounds=[after],
            beside=[before],
            yardstick="before, with a standby that was waited for",
        ),
    ]


@contextmanager
def _on_the_disk() -> Iterator[Path]:
    """A folder that the servers' account can enter, where to wait for the disk takes its time."""
    with tempfile.TemporaryDirectory(prefix="varsel-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


async def _wait_for(standbys: str, pair: Pair) -> None:
    """Have commits wait for standbys of such a name from now on."""
    with psycopg.connect(pair.primary.conninfo, autocommit=True) as connection:
        setting = SQL("ALTER SYSTEM SET synchronous_standby_names = {}")
        connection.execute(setting.format(standbys))
        connection.execute("SELECT pg_reload_conf()")
    await until(lambda: pair.primary.ask(_WAITED_FOR) == (1 if standbys else 0))


async def _failed_over(owner: Session, pair: Pair) -> tuple[float, float, float]:
    """Orders a second before and after, and for how many seconds none was accepted in between.

    Raises:
        LostError: an order that was accepted is not there afterwards.
    """
    accepted: list[tuple[float, str]] = []
    ends_at = time.monotonic() + _BEFORE + _AFTER
    clients = [asyncio.create_task(_order(owner, accepted, ends_at)) for _ in range(_CLIENTS)]
    await asyncio.sleep(_BEFORE)
    gone_at = time.monotonic()
    await asyncio.to_thread(pair.promote)
    await asyncio.gather(*clients)
    moments = sorted(moment for moment, _ in accepted)
    silence, resumed_at = max(
        (later - earlier, later) for earlier, later in pairwise(moments) if later > gone_at
    )
    ids = [order_id for _, order_id in accepted]
    async with await psycopg.AsyncConnection.connect(to_primary(pair.conninfo)) as connection:
        cursor = await connection.execute(_FOUND, (ids,))
        if await cursor.fetchone() != (len(set(ids)),):
            raise LostError
    before = sum(moment < gone_at for moment in moments) / _BEFORE
    after = sum(moment > resumed_at for moment in moments) / (ends_at - resumed_at)
    return before, after, silence


async def _order(owner: Session, accepted: list[tuple[float, str]], ends_at: float) -> None:
    """Order one after another, each under its key until it is accepted."""
    number = 0
    while time.monotonic() < ends_at:
        number += 1
        body = {
            "idempotencyId": uuid4().hex,
            "requestedSendTime": "2099-01-01T00:00:00Z",
            "recipient": to(f"somebody.{number}@example.org"),
        }
        while time.monotonic() < ends_at:
            try:
                status, said = await owner.ask("POST", "/future/orders", body)
            except aiohttp.ClientError:
                status, said = 0, b""
            if status in {200, 201}:
                accepted.append((time.monotonic(), _order_id(said)))
                break
            await asyncio.sleep(_AGAIN)


def _order_id(said: bytes) -> str:
    return str(json.loads(said)["notification"]["shipmentId"])
