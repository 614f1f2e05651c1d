"""Connections have limits, and an unsafe environment is refused."""

import asyncio
from contextlib import AsyncExitStack, suppress
from time import monotonic

import pytest
from psycopg import OperationalError
from psycopg.conninfo import make_conninfo
from psycopg_pool import PoolTimeout

from adapters.postgres import (
    DatabaseUnreachableError,
    UnsafeSettingError,
    open_pool,
    refuse_unsafe,
)
from adapters.postgres.pool import Pool
from tests.servers import a_server


async def _setting(conninfo: str, name: str) -> str:
    async with (
        await open_pool(conninfo, size=1, name="varsel-test") as pool,
        pool.connection() as connection,
    ):
        row = await (await connection.execute("SELECT current_setting(%s)", (name,))).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    "name, value",
    [
        ("timezone", "UTC"),
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("application_name", "varsel-test"),
        ("enable_seqscan", "off"),
    ],
)
async def test_a_connection_has_limits_and_a_name(database_url: str, name: str, value: str) -> None:
    assert await _setting(database_url, name) == value


@pytest.mark.parametrize("in_a_pipeline", [False, True])
async def test_whoever_breaks_off_alarms_nobody(
    database_url: str, caplog: pytest.LogCaptureFixture, *, in_a_pipeline: bool
) -> None:
    async with await open_pool(database_url, size=1, name="varsel-test") as pool:

        async def wait(asked: asyncio.Event) -> None:
            async with pool.connection() as connection, AsyncExitStack() as stack:
                if in_a_pipeline:
                    await stack.enter_async_context(connection.pipeline())
                asked.set()
                cursor = await connection.execute("SELECT pg_sleep(60)")
                await cursor.fetchone()

        asked = asyncio.Event()
        waiting = asyncio.create_task(wait(asked))
        await asked.wait()
        await asyncio.sleep(0.05)  # the question is on its way
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        # The connection that was cut has been replaced.
        async with pool.connection() as connection:
            await connection.execute("SELECT")
    assert pool.get_stats()["returns_bad"] == 1
    assert caplog.messages == []


async def test_opening_that_is_broken_off_leaves_nothing_that_runs_on(database_url: str) -> None:
    before = asyncio.all_tasks()
    opening = asyncio.create_task(open_pool(database_url, size=1, name="varsel-test"))
    while len(asyncio.all_tasks()) <= len(before) + 1:  # it alone has not begun to connect  # noqa: ASYNC110  # the tasks are the pool's
        await asyncio.sleep(0)

    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)

    assert opening.cancelled()
    assert asyncio.all_tasks() == before


async def test_what_the_operator_says_in_the_url_wins(database_url: str) -> None:
    url = make_conninfo(database_url, options="-c lock_timeout=3s")

    assert await _setting(url, "lock_timeout") == "3s"
    assert await _setting(url, "statement_timeout") == "30s"


@pytest.mark.parametrize("lax", ["off", "local"])
async def test_no_commit_is_laxer_than_its_standby_whatever_the_url_says(
    database_url: str, lax: str
) -> None:
    url = make_conninfo(database_url, options=f"-c synchronous_commit={lax}")

    assert await _setting(url, "synchronous_commit") == "on"


async def test_a_statement_commits_by_itself(database_url: str) -> None:
    async with (
        await open_pool(database_url, size=2, name="varsel-test") as pool,
        pool.connection() as one,
        pool.connection() as other,
    ):
        await one.execute("CREATE TABLE seen (n int)")
        await one.execute("INSERT INTO seen VALUES (1)")

        rows = await (await other.execute("SELECT n FROM seen")).fetchall()

    assert rows == [(1,)]


async def test_a_database_that_does_not_answer_is_told_in_one_line_without_its_password(
    server_url: str,
) -> None:
    url = make_conninfo(server_url, dbname="there_is_none_such", password="a-secret")

    with pytest.raises(DatabaseUnreachableError) as refusal:
        await open_pool(url, size=1, name="varsel-test", timeout=0.3)

    assert "\n" not in str(refusal.value)
    assert "a-secret" not in str(refusal.value)


async def test_a_database_that_was_away_for_long_is_found_as_soon_as_it_is_back() -> None:
    async with (
        a_server() as server,
        await open_pool(server.conninfo, size=1, name="varsel-test", timeout=0.5) as pool,
    ):
        server.kill()
        ends = monotonic() + 3.5
        while monotonic() < ends:
            with pytest.raises((OperationalError, PoolTimeout)):
                await _ask(pool)

        server.start()
        back = monotonic()
        while True:
            with suppress(PoolTimeout):
                await _ask(pool)
                break

        assert monotonic() - back < 2.5


async def _ask(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")


@pytest.mark.parametrize("value", ["1", "y", "yes", "true", "True", "on", " ON ", "anything"])
def test_an_option_that_makes_readers_skip_events_is_refused(value: str) -> None:
    with pytest.raises(UnsafeSettingError, match="POSTGRES_ENABLE_DB_FUNCTIONS"):
        refuse_unsafe({"POSTGRES_ENABLE_DB_FUNCTIONS": value})


@pytest.mark.parametrize("environ", [{}, {"POSTGRES_ENABLE_DB_FUNCTIONS": "no"}])
def test_an_environment_without_it_is_accepted(environ: dict[str, str]) -> None:
    refuse_unsafe(environ)
