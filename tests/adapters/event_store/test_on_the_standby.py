"""What is answered for is on the standby, whoever loses patience and whatever is found there already."""

import asyncio
import socket
from contextlib import suppress
from time import monotonic

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from application.envelope import PendingEvents
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from application.ports.recording import Recording
from application.ports.report_inbox import Report
from application.seeking import OrderNotFoundError, seek
from contracts.order_repository_contract import placing
from domain.order.events import OrderId, ReportedState
from tests.adapters.event_store.appending import append, appending, stored
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.adapters.event_store.wire import Wire
from tests.samples import TTD
from tests.servers import Pair, a_pair, until

pytestmark = pytest.mark.service

REPORT = Report(provider="smtp", reference="r", state=ReportedState.DELIVERED, code="2.0.0")


async def test_what_nobody_waits_for_any_more_is_not_there_before_the_standby_has_it() -> None:
    async with a_pair(synchronous=True) as pair, open_store(pair.conninfo, patience=1) as store:
        await pair.part()
        asked = placing()

        with pytest.raises(StoreUnavailableError):
            await store.orders.append([asked], by=TTD)
        await until(lambda: store.appender._writer._connection is None)
        assert await store.orders.load([asked.order_id]) == {}
        assert pair.commits_that_wait()

        await pair.join()
        await until(lambda: stored(pair.primary.conninfo) == 1)
        with pytest.raises(ConcurrentUpdateError):
            await store.orders.append([asked], by=TTD)
        await store.orders.confirm()


async def test_a_report_that_nobody_waits_to_keep_is_not_there_before_the_standby_has_it() -> None:
    async with a_pair(synchronous=True) as pair, open_store(pair.conninfo) as store:
        await pair.part()
        keeping = asyncio.create_task(store.inbox.keep([REPORT]))
        await until(lambda: bool(pair.commits_that_wait()))

        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

        assert pair.primary.ask("SELECT count(*) FROM delivery_report") == 0


async def test_what_a_primary_came_back_with_is_confirmed_only_when_the_standby_has_it() -> None:
    async with a_pair(synchronous=True) as pair, open_store(pair.conninfo, patience=1) as store:
        asked = placing()
        await _recovered(pair, store, asked)

        assert set(await store.orders.load([asked.order_id])) == {asked.order_id}
        with pytest.raises(StoreUnavailableError):
            await store.orders.confirm()

        await pair.join()
        await store.orders.confirm()


async def test_a_lost_answer_is_found_again_only_when_the_standby_has_it() -> None:
    async with a_pair(synchronous=True) as pair, appending(pair.conninfo, patience=30) as appender:
        await pair.part()
        appended = asyncio.create_task(append(appender))
        await until(lambda: bool(pair.commits_that_wait()))

        pair.primary.kill()
        pair.primary.start(synchronous_standby_names="*")
        await until(lambda: bool(pair.commits_that_wait()))
        assert stored(pair.primary.conninfo) == 1
        assert not appended.done()

        await pair.join()
        await appended


async def test_a_report_that_was_kept_before_is_answered_for_only_when_the_standby_has_it() -> None:
    async with a_pair(synchronous=True) as pair, open_store(pair.conninfo) as store:
        await pair.part()
        keeping = asyncio.create_task(store.inbox.keep([REPORT]))
        await until(lambda: bool(pair.commits_that_wait()))
        pair.primary.kill()
        pair.primary.start(synchronous_standby_names="*")
        with pytest.raises(StoreUnavailableError):
            await keeping
        assert pair.primary.ask("SELECT count(*) FROM delivery_report") == 1
        # The first number of a sequence is written down, and the next ones are not.
        pair.primary.ask(
            "SELECT set_config('synchronous_commit', 'local', false),"
            " nextval(pg_get_serial_sequence('delivery_report', 'report_id'))"
        )

        again = asyncio.create_task(_kept(store))
        await until(lambda: bool(pair.commits_that_wait()))
        assert not again.done()

        await pair.join()
        await again


async def test_a_commit_whose_wait_an_operator_ends_is_answered_for_by_the_standby_alone() -> None:
    async with a_pair(synchronous=True) as pair, appending(pair.conninfo, patience=30) as appender:
        await pair.part()
        appended = asyncio.create_task(append(appender))
        await until(lambda: bool(pair.commits_that_wait()))

        (pid,) = pair.commits_that_wait()
        pair.primary.ask("SELECT pg_cancel_backend(%s)", pid)
        await until(lambda: stored(pair.primary.conninfo) == 1)
        await until(lambda: pair.commits_that_wait() not in ([], [pid]))
        assert not appended.done()

        await pair.join()
        await appended


async def test_whoever_cannot_record_says_so_and_records_again_by_itself() -> None:
    async with a_pair(synchronous=True) as pair, open_store(pair.conninfo, beat=0.2) as store:
        await asyncio.sleep(1)
        assert store.appender.recording is Recording.UP

        await pair.part()
        await until(lambda: store.appender.recording is Recording.STANDS_STILL)

        await pair.join()
        await until(lambda: store.appender.recording is Recording.UP)


async def test_while_nothing_can_be_recorded_nothing_else_waits_for_the_standby_either() -> None:
    async with (
        a_pair(synchronous=True) as pair,
        open_store(pair.conninfo, patience=1, beat=0.2) as store,
    ):
        (order,) = await store.orders.append([placing()], by=TTD)
        await pair.part()
        await until(lambda: store.appender._succession.takes_nothing)

        begun = monotonic()
        for _ in range(20):
            with pytest.raises(StoreUnavailableError):
                await store.inbox.keep([REPORT])
        assert await store.orders.load([order.order_id]) == {order.order_id: order}
        assert monotonic() - begun < 4
        assert len(pair.commits_that_wait()) == 1

        await pair.join()
        await until(lambda: not store.appender._succession.takes_nothing)
        await store.inbox.keep([REPORT])


async def test_a_connection_that_leads_nowhere_is_found_out_before_it_is_needed(
    database_url: str,
) -> None:
    wire = Wire(database_url)
    async with (
        wire.laid(database_url) as conninfo,
        appending(conninfo, patience=0.5, beat=0.2) as appender,
    ):
        await append(appender)
        before = wire.connections

        wire.is_silent = True
        await until(lambda: wire.connections > before)
        wire.is_silent = False
        wire.cut()
        await append(appender)


async def test_an_order_that_a_former_primary_does_not_know_is_never_said_to_be_missing() -> None:
    async with (
        a_pair(synchronous=True) as pair,
        open_store(pair.conninfo, patience=1, beat=60) as store,
    ):
        await store.orders.append([placing()], by=TTD)
        await _settled(pair)
        pair.promote_beside()
        async with open_store(pair.conninfo) as another:
            (order,) = await another.orders.append([placing()], by=TTD)
        assert await store.orders.load([order.order_id]) == {}

        while True:
            with suppress(StoreUnavailableError):
                assert await seek(store.orders, order.order_id) == order
                break

        for _ in range(8):  # by whichever connection
            assert await store.orders.load([order.order_id]) == {order.order_id: order}
        with pytest.raises(OrderNotFoundError):
            await seek(store.orders, placing().order_id)


async def test_who_only_reads_leaves_a_former_primary_too() -> None:
    async with (
        a_pair(synchronous=True) as pair,
        open_store(pair.conninfo, patience=1, beat=0.2) as store,
    ):
        await _settled(pair)
        pair.promote_beside()
        async with open_store(pair.conninfo) as another:
            (order,) = await another.orders.append([placing()], by=TTD)

        async with asyncio.timeout(20):
            while not await _read(store, order.order_id):  # noqa: ASYNC110  # it is the store that looks
                await asyncio.sleep(0.05)


async def test_a_former_primary_is_not_taken_for_a_history_that_went_back() -> None:
    async with a_pair() as pair, open_store(pair.conninfo, patience=3) as store:
        await store.orders.append([placing()], by=TTD)
        await pair.level()
        pair.promote_beside()
        async with open_store(pair.conninfo) as another:  # it has taken over
            await another.orders.append([placing()], by=TTD)
        pair.primary.kill()
        await _append(store)
        pair.standby.stop()
        pair.primary.start()

        with capture_logs() as logs, pytest.raises(StoreUnavailableError):
            await store.orders.append([placing()], by=TTD)
        assert [each for each in logs if each["log_level"] == "critical"] == []
        assert "FormerPrimaryError" in {each.get("because") for each in logs}

        pair.standby.start()
        await _append(store)
        assert pair.standby.ask("SELECT count(DISTINCT originator_id) FROM orders_events") == 4


async def test_hosts_that_say_nothing_keep_nobody_waiting(database_url: str) -> None:
    wire = Wire(database_url)
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        async with wire.laid(database_url) as through:
            ports = [each.getsockname()[1] for each in (one, other)]
            ports.append(conninfo_to_dict(through)["port"])
            hosts = make_conninfo(
                through, host=",".join(["127.0.0.1"] * 3), port=",".join(map(str, ports))
            )
            async with appending(hosts) as appender:
                begun = monotonic()
                await append(appender)
                assert monotonic() - begun < 2


async def _settled(pair: Pair) -> None:
    """Wait until the store listens: by then it has made every connection that it has."""
    await until(
        lambda: bool(
            pair.primary.ask(
                "SELECT starts_with(query, 'LISTEN') FROM pg_stat_activity"
                " WHERE application_name = 'varsel listener'"
            )
        )
    )


async def _recovered(pair: Pair, store: PostgresStore, asked: PendingEvents) -> None:
    """Let the primary come back with an append that the standby does not have."""
    await pair.part()
    with pytest.raises(StoreUnavailableError):
        await store.orders.append([asked], by=TTD)
    pair.primary.kill()
    pair.primary.start(synchronous_standby_names="*")
    await _read(store, asked.order_id)


async def _read(store: PostgresStore, order_id: OrderId) -> bool:
    """Whether an order is there; every connection to where nobody is is first found to be dead."""
    while True:
        with suppress(StoreUnavailableError):
            return bool(await store.orders.load([order_id]))


async def _append(store: PostgresStore) -> None:
    while True:
        with suppress(StoreUnavailableError):
            await store.orders.append([placing()], by=TTD)
            return


async def _kept(store: PostgresStore) -> None:
    while True:
        with suppress(StoreUnavailableError):
            await store.inbox.keep([REPORT])
            return
