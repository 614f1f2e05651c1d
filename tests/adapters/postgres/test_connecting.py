"""Connections lead to the server that takes writes, whatever else there is."""

import asyncio
import gc
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres import DatabaseUnreachableError, migrate, open_pool
from adapters.postgres.connecting import once_more
from adapters.postgres.connection import Connection
from contracts.order_repository_contract import going_on, placing, resolved
from tests.adapters.event_store.postgres_store import open_store
from tests.samples import TTD
from tests.servers import a_pair


async def test_a_lagging_standby_is_never_read_from() -> None:
    async with a_pair(delay="5s") as pair, open_store(pair.conninfo) as store:
        for number in range(10):
            (opened,) = await store.orders.append([placing()], by=TTD)
            (left,) = await store.orders.append([going_on(opened, resolved())], by=TTD)

            read = await store.orders.load([opened.order_id])
            assert read == {opened.order_id: left}, number

        assert pair.standby.ask("SELECT count(*) FROM orders_events") == 0


async def test_to_start_on_a_standby_alone_is_refused_in_one_line_that_says_what_to_do() -> None:
    async with a_pair() as pair:
        for url in (
            pair.standby.conninfo,
            make_conninfo(pair.standby.conninfo, target_session_attrs="standby"),
        ):
            with pytest.raises(DatabaseUnreachableError, match="name the primary") as unmigrated:
                await migrate(url)
            with pytest.raises(DatabaseUnreachableError, match="name the primary") as unserved:
                await open_pool(url, size=1, name="varsel-test", timeout=0.3)

            assert "\n" not in f"{unmigrated.value}{unserved.value}"


async def test_who_connects_once_more_meets_the_server_that_was_chosen(server_url: str) -> None:
    host = str(conninfo_to_dict(server_url)["host"])
    both = make_conninfo(server_url, host=f"/nowhere,{host}")

    async with (
        await open_pool(both, size=1, name="varsel-test") as pool,
        pool.connection() as chosen,
    ):
        with psycopg.connect(once_more(both, chosen)) as again:
            assert again.info.host == chosen.info.host == host
            assert again.execute("SHOW statement_timeout").fetchone() == ("30s",)


@pytest.mark.parametrize("turns", range(5))
async def test_who_is_cancelled_when_it_has_connected_leaves_no_connection_behind(
    server_url: str, turns: int
) -> None:
    connecting = asyncio.create_task(
        Connection.connect(make_conninfo(server_url, application_name="given-up"))
    )
    await asyncio.sleep(0)
    (reaching,) = asyncio.all_tasks() - {connecting, asyncio.current_task()}
    await asyncio.wait({reaching})
    for _ in range(turns):
        await asyncio.sleep(0)
    connecting.cancel()
    with suppress(asyncio.CancelledError):
        await (await connecting).close()
    del connecting, reaching
    gc.collect()  # what was left open says so

    with psycopg.connect(server_url, autocommit=True) as asking:
        for _ in range(200):
            if not _connected(asking):
                break
            await asyncio.sleep(0.02)
        assert not _connected(asking)


def _connected(asking: psycopg.Connection[Any]) -> bool:
    found = asking.execute("SELECT FROM pg_stat_activity WHERE application_name = 'given-up'")
    return found.rowcount > 0


async def test_a_primary_that_is_full_is_not_called_a_standby(server_url: str) -> None:
    with pytest.raises(DatabaseUnreachableError, match="allows that many"):
        await open_pool(server_url, size=1000, name="varsel-test", timeout=0.3)


async def test_who_is_not_let_in_is_told_why_in_one_line_and_nothing_beside_it(
    server_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = make_conninfo(server_url, dbname="nowhere", password="secret")

    with pytest.raises(DatabaseUnreachableError) as refused:
        await open_pool(nobody, size=1, name="varsel-test", timeout=0.5)
    with pytest.raises(DatabaseUnreachableError) as not_migrated:
        await migrate(nobody)

    for told in map(str, (refused.value, not_migrated.value)):
        assert told.startswith("The database in VARSEL_DATABASE_URL lets nobody in: ")
        assert 'database "nowhere" does not exist' in told
        assert "\n" not in told
        assert "secret" not in told
    assert caplog.records == []
