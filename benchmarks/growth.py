"""What the service does in a large installation, beside what it does in a small one, round by round.

Both stand on one server. VARSEL_BENCH_EVENTS says how many events the large one has.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.postgres import EmbeddedPostgres, migrate
from adapters.postgres.listening import Listener
from adapters.postgres.pool import Pool, open_pool
from application.assembly import Application
from application.envelope import Actor, Role
from application.ordering.commands import PlaceChain
from benchmarks.figures import ROUNDS, Figure
from benchmarks.loading import EVENTS, OWNERS, load_apart
from domain.channel import ChannelChoice
from domain.message import EmailMessage
from domain.order.events import OrderId
from domain.order.placing import NewOrder
from domain.personal import Contact, Content
from domain.recipient import Direct
from entrypoints.bootstrap import wired
from entrypoints.settings import Settings

SMALL: Final = 10_000
LARGE: Final = int(os.environ.get("VARSEL_BENCH_EVENTS", "1000000"))
_AT_ONCE: Final = 16
_ACCEPTED: Final = 1600
_READ: Final = 200
"""Times in each round, of ten orders."""
_PAGES: Final = 20
_CLAIMS: Final = 50
_SIZE: Final = 100
_LEASE: Final = timedelta(minutes=1)
_BY: Final = Actor(role=Role.OWNER, name=OWNERS[0], organisation="991825827")
_FAR_AWAY: Final = datetime(2099, 1, 1, tzinfo=UTC)

_ENDS: Final[LiteralString] = """
SELECT f.order_id, f.position FROM status_feed f
  JOIN projection p ON p.name = 'status_feed' AND p.is_serving AND p.generation = f.generation
 WHERE f.owner = %s AND f.is_end ORDER BY f.position
"""
_ORDERS: Final[LiteralString] = "SELECT count(*) FROM orders_events WHERE topic = 'order.completed'"
_BYTES: Final[LiteralString] = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname = ANY(%s)), 0),
       sum(pg_total_relation_size(c.oid))
  FROM pg_class c
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
"""
_OF_THE_LOG: Final = ["orders_events", "sealed", "data_key", "agenda"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    """An installation of some size."""

    application: Application
    agenda: PostgresAgenda
    orders: Sequence[OrderId]
    """Of one owner, as they were carried out."""
    positions: Sequence[int]
    """Where these end in the log."""
    bytes_of_order: tuple[float, float]
    """Of the log with its boxes, and of all tables."""

    async def accept(self) -> int:
        """Take orders, some at once; how many."""
        waiting = iter(range(_ACCEPTED))

        async def one_after_another() -> None:
            for number in waiting:
                await self.application.ordering.place_chain(_asked(number))

        await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
        return _ACCEPTED

    async def read(self) -> int:
        """Read orders, wherever they stand; how many."""
        for _ in range(_READ):
            order_id = random.choice(self.orders)  # noqa: S311
            await self.application.orders.order(order_id, _BY.name)
        return _READ

    async def pages(self) -> int:
        """Read pages of the feed, wherever they begin; how many."""
        for _ in range(_PAGES):
            after = random.choice(self.positions[:-_SIZE])  # noqa: S311
            entries = self.application.status_feed.feed(_BY.name, after=after, size=_SIZE)
            if sum([len(some) async for some in entries]) != _SIZE:
                raise RuntimeError("a page of the feed is not full")
        return _PAGES

    async def claim(self) -> int:
        """Claim orders that are due, and give them back; how many times."""
        for _ in range(_CLAIMS):
            claimed = await self.agenda.claim(
                limit=_SIZE, worker="bench", now=datetime.now(UTC), lease=_LEASE
            )
            if len(claimed) != _SIZE:
                raise RuntimeError(f"{len(claimed)} orders were claimed")
            await self.agenda.release(list(claimed), worker="bench")
        return _CLAIMS


_MEASURES: Final[Sequence[tuple[str, Callable[[_Grown], Awaitable[int]]]]] = (
    (f"accepted in process, {_AT_ONCE} at once", _Grown.accept),
    ("orders read, one at a time", _Grown.read),
    (f"feed pages of {_SIZE}", _Grown.pages),
    (f"claims of {_SIZE}, given back", _Grown.claim),
)


async def measure() -> Sequence[Figure]:
    """Measure both by turns."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="varsel-bench-")))
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # the server has an account of its own
        server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        small, large = [await _grown(stack, server, folder, events) for events in (SMALL, LARGE)]
        figures: list[Figure] = []
        for name, work in _MEASURES:
            await work(small), await work(large)  # what is made once has been
            beside, rounds = list[float](), list[float]()
            for _ in range(ROUNDS):
                beside.append(await _rate(work, small))
                rounds.append(await _rate(work, large))
            figures.append(
                Figure(
                    name=f"{name}, beside {LARGE:,} events",
                    unit="/s",
                    rounds=rounds,
                    beside=beside,
                    yardstick=f"beside {SMALL:,}",
                    to_reach="ratio ≥ 0.9",
                )
            )
    log, everything = large.bytes_of_order
    return [
        *figures,
        Figure(
            name=f"an order with its {EVENTS} events, words and keys, of {LARGE:,} events",
            unit="B",
            rounds=[log],
        ),
        Figure(
            name="the same with all that is found by it",
            unit="B",
            rounds=[everything],
            to_reach="≤ 6 kB",
        ),
    ]


async def _rate(work: Callable[[_Grown], Awaitable[int]], installation: _Grown) -> float:
    began = time.perf_counter()
    done = await work(installation)
    return done / (time.perf_counter() - began)


async def _grown(stack: AsyncExitStack, server: str, folder: Path, events: int) -> _Grown:
    """An installation with so many events."""
    name, data = f"bench_{events}", folder / f"{events}"
    data.mkdir()
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f"CREATE DATABASE {name}")
    database = make_conninfo(server, dbname=name)
    await migrate(database)
    load_apart(database, data, events)
    running = await stack.enter_async_context(wired(Settings(data=data, database_url=database)))
    for each in running.projecting.names:
        await running.projecting.catch_up(each)
    pool = await stack.enter_async_context(await open_pool(database, size=2, name="benchmark"))
    ends = await _ends(pool)
    return _Grown(
        application=running.application,
        agenda=PostgresAgenda(pool, Listener(database)),
        orders=[OrderId(order_id) for order_id, _ in ends],
        positions=[position for _, position in ends],
        bytes_of_order=await _bytes(pool),
    )


async def _ends(pool: Pool) -> Sequence[tuple[UUID, int]]:
    """The orders of one owner that were carried out, and where they end in the log."""
    async with pool.connection() as connection:
        await connection.execute("VACUUM ANALYZE")
        return await (await connection.execute(_ENDS, (_BY.name,))).fetchall()


async def _bytes(pool: Pool) -> tuple[float, float]:
    """The bytes of the log and its boxes, and of all tables, for each order that was carried out."""
    async with pool.connection() as connection:
        (orders,) = await (await connection.execute(_ORDERS)).fetchone() or (0,)
        row = await (await connection.execute(_BYTES, (_OF_THE_LOG,))).fetchone()
    log, everything = row or (0, 0)
    return float(log) / orders, float(everything) / orders


def _asked(number: int) -> PlaceChain:
    return PlaceChain(
        idempotency_key=f"{uuid4().hex}-{number}",
        order=NewOrder(
            requested_send_time=_FAR_AWAY,
            channel=ChannelChoice.EMAIL,
            recipients=(Direct(email=Contact(f"somebody.{number}@example.org")),),
            email=EmailMessage(
                sender="noreply@altinn.cloud",
                subject=Content("A new letter in your inbox"),
                body=Content("Please log in. " * 40),
            ),
        ),
        by=_BY,
    )
