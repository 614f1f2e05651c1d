"""The library's own suites, against our tables and our lock."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import TrackingRecorder
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    TrackingRecorderTestCase,
)
from psycopg.conninfo import conninfo_to_dict
from typing_extensions import override

from adapters.event_store.postgres.library_recorder import TRACKING, OrdersRecorder
from contracts.order_repository_contract import placing
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD

_LISTENING = """
SELECT 1 FROM pg_stat_activity
 WHERE datname = current_database() AND query = 'LISTEN "varsel_events"'
"""


def datastore(conninfo: str, **more: Any) -> PostgresDatastore:  # noqa: ANN401  # its own arguments
    given = conninfo_to_dict(conninfo)
    return PostgresDatastore(
        dbname=str(given["dbname"]),
        host=str(given.get("host", "")),
        port=str(given.get("port", "")),
        user=str(given.get("user", "")),
        password=str(given.get("password", "")),
        pool_size=2,
        max_overflow=20,
        **more,
    )


class _Opened:
    """Opens a datastore on the test's database, and closes it."""

    datastore: PostgresDatastore

    @pytest.fixture(autouse=True)
    def _open(self, database_url: str) -> Iterator[None]:
        with datastore(database_url) as self.datastore:
            yield


class TestOrdersRecorder(_Opened, ApplicationRecorderTestCase[OrdersRecorder]):
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False  # a refused insert uses numbers up

    @override
    def create_recorder(self) -> OrdersRecorder:
        recorder = OrdersRecorder(self.datastore)
        recorder.create_table()
        return recorder


class TestOrderOfCommits(_Opened, NonInterleavingNotificationIDsBaseCase):
    insert_num = 100

    @override
    def create_recorder(self) -> OrdersRecorder:
        return OrdersRecorder(self.datastore)


class TestTracking(_Opened, TrackingRecorderTestCase):
    @override
    def create_recorder(self) -> TrackingRecorder:
        return PostgresTrackingRecorder(self.datastore, tracking_table_name=TRACKING)


async def test_the_library_reads_what_the_service_has_recorded(store: PostgresStore) -> None:
    (order,) = await store.orders.append([placing()], by=TTD)
    with datastore(store.conninfo) as opened:
        recorder = OrdersRecorder(opened)

        (event,) = recorder.select_events(order.order_id)
        (notification,) = recorder.select_notifications(start=None, limit=10)

    assert event.topic == notification.topic == "order.placed"
    assert b'"command_id"' in event.state


async def test_the_library_waits_for_the_services_lock(database_url: str) -> None:
    with psycopg.connect(database_url) as writer, datastore(database_url, lock_timeout=1) as opened:
        recorder = OrdersRecorder(opened)
        assert not any("LOCK TABLE" in str(each) for each in recorder.lock_table_statements)
        writer.execute("SELECT pg_advisory_xact_lock(7012026)")
        with psycopg.connect(database_url, autocommit=True) as other:
            for statement in recorder.lock_table_statements[1:]:
                other.execute("SET lock_timeout = '50ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    other.execute(statement)


async def test_a_subscriber_of_the_library_is_told_of_the_services_appends(
    store: PostgresStore,
) -> None:
    with datastore(store.conninfo) as opened:
        recorder = OrdersRecorder(opened)
        await store.orders.append([first := placing()], by=TTD)
        with recorder.subscribe(gt=0) as subscription:
            assert next(subscription).originator_id == first.order_id
            # The library pulls first and listens then; what comes in between it would not be told of.
            async with asyncio.timeout(10), store.pool.connection() as connection:
                while not await (await connection.execute(_LISTENING)).fetchone():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            await store.orders.append([second := placing()], by=TTD)

            told = await asyncio.wait_for(asyncio.to_thread(next, subscription), 10)
            assert told.originator_id == second.order_id


def test_functions_that_make_readers_skip_events_are_refused(database_url: str) -> None:
    with (
        datastore(database_url, enable_db_functions=True) as opened,
        pytest.raises(ValueError, match="skip events"),
    ):
        OrdersRecorder(opened)


def test_the_function_without_a_lock_is_never_made(database_url: str) -> None:
    with datastore(database_url) as opened:
        OrdersRecorder(opened).create_table()
    with psycopg.connect(database_url) as connection:
        made = connection.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'es_insert%'")
        assert made.fetchone() == (0,)
