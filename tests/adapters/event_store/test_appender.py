"""Every append gets its answer, and the right one, whatever happens to the connection."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from uuid import uuid4

import psycopg
import pytest

from adapters.event_store.postgres.appender import Appender, NotStorableError
from adapters.event_store.postgres.batch import APPEND_LOCK
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from tests.adapters.event_store.appending import append, appending, ask, event, stored
from tests.adapters.event_store.wire import Wire
from tests.samples import incompressible


@contextmanager
def stalled_writer(conninfo: str) -> Iterator[psycopg.Connection]:
    """Somebody who has the lock of all appends, and does not let go of it."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        yield connection
        connection.rollback()


async def blocked(conninfo: str) -> None:
    """Wait until an append waits for the lock."""
    async with asyncio.timeout(10):
        while not ask(  # noqa: ASYNC110  # it is the database that waits
            conninfo,
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()",
        ):
            await asyncio.sleep(0.01)


async def test_a_conflict_costs_only_the_append_that_has_it(database_url: str) -> None:
    async with appending(database_url) as appender:
        taken = await append(appender)
        with stalled_writer(database_url):
            first = asyncio.ensure_future(append(appender))
            await blocked(database_url)
            rest = [
                asyncio.ensure_future(append(appender, taken if number == 3 else None))
                for number in range(10)
            ]
            await asyncio.sleep(0)
        answers = await asyncio.gather(first, *rest, return_exceptions=True)

    refused = [each for each in answers if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [ConcurrentUpdateError]
    assert stored(database_url) == 11
    assert ask(database_url, "SELECT count(*) FROM agenda") == 11


async def test_appends_to_one_order_follow_each_other(database_url: str) -> None:
    async with appending(database_url) as appender:
        stream = uuid4()
        with stalled_writer(database_url):
            waiting = [asyncio.ensure_future(append(appender))]
            await blocked(database_url)
            waiting += [
                asyncio.ensure_future(append(appender, stream, version=version))
                for version in range(1, 6)
            ]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    assert stored(database_url) == 6


@pytest.mark.parametrize("owner", ["t\0td", incompressible(2700)], ids=["refused", "too large"])
async def test_what_the_store_will_never_take_drags_no_other_down(
    database_url: str, owner: str
) -> None:
    async with appending(database_url) as appender:
        with stalled_writer(database_url):
            waiting = [asyncio.ensure_future(append(appender))]
            await blocked(database_url)
            waiting += [
                asyncio.ensure_future(append(appender, owner=owner if number == 1 else "ttd"))
                for number in range(4)
            ]
            await asyncio.sleep(0)
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        await append(appender)

    refused = [each for each in answers if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [NotStorableError]
    assert "ttd" not in str(refused[0])
    assert stored(database_url) == 5


async def test_a_lost_answer_is_no_conflict(database_url: str) -> None:
    wire = Wire(database_url)
    async with wire.laid(database_url) as conninfo, appending(conninfo) as appender:
        await append(appender)
        before = wire.connections

        wire.answers_to_lose = 1
        await append(appender)

        assert wire.answers_to_lose == 0
        assert wire.connections == before + 1
    assert stored(database_url) == 2


async def test_a_real_conflict_stays_one_after_a_lost_answer(database_url: str) -> None:
    wire = Wire(database_url)
    async with wire.laid(database_url) as conninfo, appending(conninfo) as appender:
        taken = await append(appender)

        wire.answers_to_lose = 1
        with pytest.raises(ConcurrentUpdateError):
            await append(appender, taken)

        assert wire.answers_to_lose == 0
    assert stored(database_url) == 1


async def test_an_append_that_was_never_stored_is_stored_on_a_new_connection(
    database_url: str,
) -> None:
    wire = Wire(database_url)
    async with wire.laid(database_url) as conninfo, appending(conninfo) as appender:
        await append(appender)
        wire.cut()

        await asyncio.gather(*(append(appender) for _ in range(20)))

    assert stored(database_url) == 21


async def test_a_store_that_cannot_be_reached_is_unavailable_in_bounded_time(
    database_url: str,
) -> None:
    nowhere = psycopg.conninfo.make_conninfo(database_url, host="127.0.0.1", port=1)
    async with appending(nowhere, patience=0.3) as appender:
        begun = monotonic()
        answers = await asyncio.gather(
            *(append(appender) for _ in range(5)), return_exceptions=True
        )

        assert [type(each) for each in answers] == [StoreUnavailableError] * 5
        assert monotonic() - begun < 3


async def test_a_silent_connection_keeps_nobody_waiting(database_url: str) -> None:
    wire = Wire(database_url)
    async with wire.laid(database_url) as conninfo, appending(conninfo, patience=0.4) as appender:
        await append(appender)
        wire.is_silent = True
        begun = monotonic()

        with pytest.raises(StoreUnavailableError):
            await append(appender)

        assert monotonic() - begun < 3
        wire.is_silent = False
        wire.cut()


async def test_a_stalled_writer_keeps_nobody_waiting_and_doubles_nothing(
    database_url: str,
) -> None:
    async with appending(database_url, patience=0.4) as appender:
        await append(appender)
        given_up = uuid4()
        with stalled_writer(database_url), pytest.raises(StoreUnavailableError):
            await append(appender, given_up)
        with suppress(ConcurrentUpdateError):  # it may have been stored when the lock was free
            await append(appender, given_up)
        await append(appender)

    assert stored(database_url) == 3


async def test_too_many_waiting_appends_are_refused_at_once(database_url: str) -> None:
    async with appending(database_url, parked=2) as appender:
        with stalled_writer(database_url):
            waiting = [asyncio.ensure_future(append(appender))]
            await blocked(database_url)
            waiting += [asyncio.ensure_future(append(appender)) for _ in range(2)]
            await asyncio.sleep(0)

            with pytest.raises(StoreUnavailableError):
                await append(appender)
        await asyncio.gather(*waiting)

    assert stored(database_url) == 3


async def test_whoever_goes_away_is_not_waited_for(database_url: str) -> None:
    async with appending(database_url) as appender:
        with stalled_writer(database_url):
            under_way = asyncio.ensure_future(append(appender))
            await blocked(database_url)
            gone = asyncio.ensure_future(append(appender))
            await asyncio.sleep(0)
            gone.cancel()
        await under_way
        await append(appender)

    assert stored(database_url) == 2


async def test_what_waits_is_still_stored_when_the_service_stops(database_url: str) -> None:
    appender = Appender(database_url)
    await appender.start()
    waiting = [asyncio.ensure_future(append(appender)) for _ in range(10)]
    await asyncio.sleep(0)

    await appender.stop()

    await asyncio.gather(*waiting)
    assert stored(database_url) == 10
    with pytest.raises(StoreUnavailableError):
        await append(appender)


async def test_a_large_append_goes_in_one_piece(database_url: str) -> None:
    async with appending(database_url) as appender:
        stream = uuid4()

        await appender.append(
            uuid4(), [event(stream, version) for version in range(1, 3001)], [], []
        )

    assert stored(database_url) == 3000


@pytest.mark.parametrize("lax", ["off", "local"])
async def test_commits_are_on_the_disk_and_on_the_standby_whatever_the_servers_default_is(
    database_url: str, lax: str
) -> None:
    lax = psycopg.conninfo.make_conninfo(
        database_url,
        options=f"-c synchronous_commit={lax} -c default_transaction_isolation=serializable",
    )
    async with appending(lax) as appender:
        await append(appender)
        connection = appender._writer._connection
        assert connection is not None
        for setting, expected in (
            ("synchronous_commit", "on"),
            ("default_transaction_isolation", "read committed"),
        ):
            cursor = await connection.execute("SELECT current_setting(%s)", (setting,))
            assert await cursor.fetchone() == (expected,)
