"""How fast projections follow a burst and are rebuilt, beside how fast the log is read bare.

VARSEL_BENCH_BURST says how many events there are.
"""

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, LiteralString

from psycopg.sql import SQL, Identifier

from adapters.postgres import EmbeddedPostgres, migrate
from adapters.postgres.listening import Listener
from adapters.postgres.pool import Pool, open_pool
from adapters.projections.runner import ProjectionRunner
from benchmarks.figures import ROUNDS, Figure
from benchmarks.loading import load_apart
from entrypoints.settings import Settings
from entrypoints.wiring.store import key_vault, projection_runner

BURST: Final = int(os.environ.get("VARSEL_BENCH_BURST", "500000"))
_LOOKS_EVERY: Final = 0.05

_OF_GENERATIONS: Final[LiteralString] = """
SELECT table_name FROM information_schema.columns
 WHERE table_schema = current_schema() AND column_name = 'generation' AND table_name <> 'projection'
"""
_LOG: Final[LiteralString] = """
SELECT notification_id, originator_id, originator_version, topic, state FROM orders_events
 WHERE notification_id > %s ORDER BY notification_id LIMIT 1000
"""


async def measure() -> Sequence[Figure]:
    """Follow a burst with all projections at once, then rebuild each by itself; round after round."""
    with tempfile.TemporaryDirectory(prefix="varsel-bench-") as name:
        folder = Path(name)
        os.chmod(name, 0o711)  # noqa: PTH101, S103  # the server has an account of its own
        with EmbeddedPostgres(folder / "postgres") as database:
            await migrate(database)
            load_apart(database, folder, BURST)
            async with _runner(database, folder) as (pool, runner):
                return await _measure(pool, runner)


@asynccontextmanager
async def _runner(database: str, folder: Path) -> AsyncIterator[tuple[Pool, ProjectionRunner]]:
    async with await open_pool(database, size=4, name="benchmark") as pool:
        listener = Listener(database, "varsel_events")
        await listener.start()
        vault = await key_vault(Settings(data=folder), pool)
        try:
            yield pool, projection_runner(pool, listener, vault)
        finally:
            await listener.stop()


async def _measure(pool: Pool, runner: ProjectionRunner) -> Sequence[Figure]:
    log = await _read_bare(pool)  # so that all rounds find it in memory
    live, bare = list[float](), list[float]()
    rebuilt = {name: list[float]() for name in runner.names}
    before = _memory()
    for _ in range(ROUNDS):
        bare.append(log / await _seconds(_read_bare(pool)))
        await _forget(pool)
        live.append(log / await _seconds(_followed(runner)))
        for name, rates in rebuilt.items():
            rates.append(log / await _seconds(runner.rebuild(name)))
    return [
        Figure(
            name=f"live projections, all at once, behind {log:,} events",
            unit="/s",
            rounds=live,
            beside=bare,
            yardstick="the log read bare",
            to_reach="≥ 60,000/s",
        ),
        *(
            Figure(
                name=f"rebuild of {name}",
                unit="/s",
                rounds=rates,
                beside=bare,
                yardstick="the log read bare",
                to_reach="≥ 150,000/s",
            )
            for name, rates in rebuilt.items()
        ),
        Figure(
            name="memory that following and rebuilding took",
            unit="MiB",
            rounds=[_memory() - before],
            to_reach="constant",
        ),
    ]


async def _seconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def _read_bare(pool: Pool) -> int:
    """Read the log a thousand at a time, as every projection has to; how many events there are."""
    position = count = 0
    async with pool.connection() as connection:
        while True:
            rows = await (await connection.execute(_LOG, (position,), binary=True)).fetchall()
            if not rows:
                return count
            position, count = rows[-1][0], count + len(rows)


async def _forget(pool: Pool) -> None:
    """Let all projections stand before the first event again."""
    async with pool.connection() as connection:
        names = await (await connection.execute(_OF_GENERATIONS)).fetchall()
        tables = SQL(", ").join(Identifier(name) for (name,) in names)
        await connection.execute(SQL("TRUNCATE {}").format(tables))
        await connection.execute("DELETE FROM projection")


async def _followed(runner: ProjectionRunner) -> None:
    """Follow the log as a worker does, until there is nothing more in it."""
    following = asyncio.create_task(runner.run())
    try:
        while any(each.events_behind for each in await runner.standings()):  # noqa: ASYNC110  # the database tells
            await asyncio.sleep(_LOOKS_EVERY)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _memory() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
