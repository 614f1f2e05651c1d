"""Pages of the status feed over HTTP, beside the rows that a page is made of, read bare."""

import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from benchmarks.asking import Session, session
from benchmarks.figures import ROUNDS, Figure, rank
from benchmarks.installations import installation, settled
from benchmarks.loading import load_apart

_EVENTS: Final = 60_000
_SIZE: Final = 100
_PAGES: Final = 100
"""In each round."""

_ROWS: Final[LiteralString] = """
SELECT state, (SELECT array_agg(ciphertext) FROM sealed WHERE order_id = originator_id)
  FROM orders_events WHERE originator_id = ANY(%s)
"""


class _Entry(msgspec.Struct, rename="camel"):
    sequence_number: int
    shipment_id: str


async def measure() -> Sequence[Figure]:
    """Measure pages from anywhere in the feed, round after round."""
    pages, bare = list[float](), list[float]()
    async with AsyncExitStack() as stack:
        service = stack.enter_context(installation())
        load_apart(service.database, service.data, _EVENTS, waiting=86_400)
        owner = await session(stack, service.url, service.token)
        database = await psycopg.AsyncConnection.connect(service.database, autocommit=True)
        await stack.enter_async_context(database)
        await _followed(database)
        await settled()
        ends = await _ends(owner)
        for _ in range(ROUNDS):
            took = [await _page(owner, random.choice(ends)) for _ in range(_PAGES)]  # noqa: S311
            pages.append(rank([each for each, _ in took], 0.5))
            bare.append(rank([await _bare(database, ids) for _, ids in took], 0.5))
    return [
        Figure(
            name=f"feed page of {_SIZE}: p50",
            unit="ms",
            rounds=pages,
            beside=bare,
            yardstick="the rows of its orders",
            to_reach="≤ 8 ms",
        )
    ]


async def _followed(database: psycopg.AsyncConnection[Any]) -> None:
    """Wait until the feed has come up to the log."""
    while True:
        cursor = await database.execute(
            "SELECT (SELECT max(notification_id) FROM orders_events) > coalesce(max(position), 0)"
            "  FROM projection WHERE name = 'status_feed' AND is_serving"
        )
        row = await cursor.fetchone()
        if row is not None and not row[0]:
            return
        await settled()


async def _ends(owner: Session) -> Sequence[int]:
    """Where pages of the feed can begin, so that each is full."""
    found, at = [0], 0
    while True:
        _, body = await owner.ask("GET", f"/future/shipment/feed?seq={at}&pageSize=500")
        entries = msgspec.json.decode(body, type=list[_Entry])
        if not entries:
            return found[:-_SIZE]
        found += [each.sequence_number for each in entries]
        at = found[-1]


async def _page(owner: Session, after: int) -> tuple[float, Sequence[str]]:
    """The milliseconds that a page took, and whose orders are on it."""
    began = time.perf_counter()
    status, body = await owner.ask("GET", f"/future/shipment/feed?seq={after}&pageSize={_SIZE}")
    took = (time.perf_counter() - began) * 1000
    entries = msgspec.json.decode(body, type=list[_Entry])
    if status != 200 or len(entries) != _SIZE:  # noqa: PLR2004  # all is well
        raise RuntimeError(f"the feed answered {status}, {len(entries)} entries")
    return took, [each.shipment_id for each in entries]


async def _bare(database: psycopg.AsyncConnection[Any], orders: Sequence[str]) -> float:
    began = time.perf_counter()
    cursor = await database.execute(_ROWS, (list(orders),), binary=True)
    await cursor.fetchall()
    return (time.perf_counter() - began) * 1000
