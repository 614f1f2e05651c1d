"""What one projection cannot take is set aside; the others, and all other events, go their own way."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from psycopg.errors import UndefinedTable
from typing_extensions import override

from adapters.postgres import migrate
from adapters.postgres.listening import Listener
from adapters.postgres.migrations import MIGRATIONS
from adapters.projections.order_index import OrderIndexProjection
from adapters.projections.projection import FeedEvent, Row
from adapters.projections.runner import ProjectionRunner
from application.operations.health import ProjectionStanding
from contracts.order_index_contract import called
from contracts.result_index_contract import MONTH
from contracts.status_feed_contract import lived, page
from domain.order.events import OrderCancelled, OrderCompleted
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.adapters.projections.test_runner import ask, followed
from tests.samples import NOON, TTD, incompressible

LONG = incompressible(2700)
"""A reference that no index takes."""
LAST_BEFORE = 209
"""The last migration of the schema before projections went their own ways."""


async def unreadable(store: PostgresStore) -> None:
    await ask(
        store,
        "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
        " SELECT gen_random_uuid(), 1, 'order.placed', 'not an event' RETURNING 1",
    )


class Picky(OrderIndexProjection):
    """Cannot take orders under some references, until it is told otherwise."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.batches: list[int] = []

    @override
    def rows(self, event: FeedEvent) -> Iterator[Row]:
        for row in super().rows(event):
            if row[1] in self.refused:
                raise ValueError(row[1])
            yield row


def runner_of(store: PostgresStore, *projections: OrderIndexProjection) -> ProjectionRunner:
    return ProjectionRunner(store.pool, Listener(store.conninfo, "varsel_events"), projections)


async def test_an_event_that_cannot_be_applied_is_set_aside_and_the_others_go_on(
    store: PostgresStore,
) -> None:
    changes = [called(f"case-{number}") for number in range(40)]
    for change in changes:
        await store.orders.append([change], by=TTD)
    runner = runner_of(store, Picky("case-7", "case-30"))

    with structlog.testing.capture_logs() as told:
        await runner.catch_up("order_index")

    aside = await runner.failed()
    assert [each.order_id for each in aside] == [changes[7].order_id, changes[30].order_id]
    assert {each.reason for each in aside} == {"not_storable"}
    assert await ask(store, "SELECT count(*) FROM order_index") == [(38,)]
    alarms = [each for each in told if each["log_level"] == "critical"]
    assert [each["order_id"] for each in alarms] == [str(each.order_id) for each in aside]
    assert {each["reason"] for each in alarms} == {"not_storable"}
    assert "case-7" not in str(told)


async def test_what_was_set_aside_is_taken_up_again_and_then_is_no_more(
    store: PostgresStore,
) -> None:
    for number in range(3):
        await store.orders.append([called(f"case-{number}")], by=TTD)
    picky = Picky("case-0", "case-1")
    runner = runner_of(store, picky)
    await runner.catch_up("order_index")
    before = await runner.failed()

    picky.refused = ("case-1",)
    taken = await runner.retry("order_index")

    assert taken == [before[0].position]
    assert [each.position for each in await runner.failed()] == [before[1].position]
    assert await ask(store, "SELECT count(*) FROM order_index") == [(2,)]
    picky.refused = ()
    assert await runner.retry("order_index") == [before[1].position]
    assert await runner.failed() == []


async def test_made_anew_a_projection_has_forgotten_what_it_could_not_take_before(
    store: PostgresStore,
) -> None:
    await store.orders.append([called("case-1")], by=TTD)
    picky = Picky("case-1")
    runner = runner_of(store, picky)
    await runner.catch_up("order_index")

    picky.refused = ()
    await runner.rebuild("order_index")

    assert await runner.failed() == []
    assert await ask(store, "SELECT count(*) FROM projection_failure") == [(0,)]


async def test_every_event_of_an_order_is_set_aside_and_one_alarm_names_it(
    store: PostgresStore,
) -> None:
    await lived(store.orders, OrderCompleted())
    await ask(
        store,
        "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
        " SELECT '5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b', n, 'order.placed', 'not an event'"
        " FROM generate_series(1, 3) n RETURNING 1",
    )

    with structlog.testing.capture_logs() as told:
        entries = await page(store.feed)

    assert len(entries) == 1
    assert len(await store.runner.failed()) == 3
    assert [each["log_level"] for each in told] == ["critical", "warning", "warning"]


async def test_how_far_each_is_behind_and_what_it_has_set_aside_can_be_asked(
    store: PostgresStore,
) -> None:
    await unreadable(store)
    await store.runner.catch_up("order_index")
    await store.orders.append([called("case-1")], by=TTD)

    standings = {each.name: each for each in await store.runner.standings()}

    assert list(standings) == list(store.runner.names)
    assert standings["order_index"] == ProjectionStanding(
        name="order_index", events_behind=1, waiting_since=NOON, set_aside=1
    )
    assert standings["status_feed"].events_behind == 2
    await store.runner.catch_up("order_index")
    assert (await store.runner.standings())[0] == ProjectionStanding(
        name="order_index", events_behind=0, waiting_since=None, set_aside=1
    )


class Stalled(OrderIndexProjection):
    """Waits with its events in hand."""

    name = "stalled"

    def __init__(self) -> None:
        self.is_held = asyncio.Event()

    @override
    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        self.is_held.set()
        await asyncio.Event().wait()
        return False


class Broken(OrderIndexProjection):
    """Fails for a reason that lies in none of its events."""

    name = "broken"

    @override
    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        raise UndefinedTable


async def test_a_projection_that_is_slow_or_fails_holds_up_no_other(store: PostgresStore) -> None:
    stalled = Stalled()
    runner = runner_of(store, stalled, Broken(), OrderIndexProjection())
    await store.orders.append([called("case-1")], by=TTD)

    with structlog.testing.capture_logs() as told:
        following = asyncio.create_task(runner.run())
        try:
            async with asyncio.timeout(10):
                await stalled.is_held.wait()
                for count in (1, 2):
                    await followed(store, count)
                    await store.orders.append([called("case-1")], by=TTD)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    assert await runner.failed() == []
    assert {
        "event": "projection_stands_still",
        "log_level": "critical",
        "projection": "broken",
        "because": "UndefinedTable",
    } in told


async def test_of_many_readers_one_brings_a_projection_on_and_the_others_hold_no_connection(
    store: PostgresStore,
) -> None:
    await store.orders.append([called("case-1")], by=TTD)
    stalled = Stalled()
    runner = runner_of(store, stalled)

    reading = [asyncio.create_task(runner.catch_up("stalled")) for _ in range(20)]
    await stalled.is_held.wait()
    async with asyncio.timeout(5):
        await ask(store, "SELECT 1")
    for each in reading:
        each.cancel()
    await asyncio.gather(*reading, return_exceptions=True)


async def test_a_wide_order_makes_a_transaction_of_its_own(store: PostgresStore) -> None:
    wide = called("x" * 1_200_000)
    for change in (called("case-1"), wide, called("case-2")):
        await store.orders.append([change], by=TTD)
    sizes: list[int] = []

    class Counting(OrderIndexProjection):
        @override
        async def write(
            self,
            connection: psycopg.AsyncConnection[Any],
            generation: int,
            events: Sequence[FeedEvent],
        ) -> bool:
            sizes.append(len(events))
            return await super().write(connection, generation, events)

    await runner_of(store, Counting()).catch_up("order_index")

    assert sizes == [2, 1]


async def test_a_reference_of_any_length_is_found(store: PostgresStore) -> None:
    change = called(LONG)
    await store.orders.append([change, called(LONG + "x")], by=TTD)

    assert await store.index.with_reference("ttd", LONG) == [change.order_id]
    assert await store.runner.failed() == []


@pytest.fixture
def schema_before(tmp_path: Path) -> Path:
    for each in MIGRATIONS.glob("*.sql"):
        if int(each.name[:4]) <= LAST_BEFORE:
            (tmp_path / each.name).write_bytes(each.read_bytes())
    return tmp_path


async def test_an_installation_that_stood_still_goes_on_when_it_is_upgraded(
    store: PostgresStore, empty_database_url: str, schema_before: Path
) -> None:
    first, stopping = called("case-1"), called(LONG)
    await store.orders.append([first], by=TTD)
    await store.orders.append([stopping], by=TTD)
    cancelled = await lived(store.orders, OrderCancelled())
    ended = await lived(store.orders, OrderCompleted())
    log = await ask(
        store,
        "SELECT originator_id, originator_version, topic, state, notification_id"
        " FROM orders_events ORDER BY notification_id",
    )
    await migrate(empty_database_url, folder=schema_before)
    with psycopg.connect(empty_database_url) as before:
        before.cursor().executemany("INSERT INTO orders_events VALUES (%s, %s, %s, %s, %s)", log)
        _as_the_version_before_left_it(before)

    await migrate(empty_database_url)

    async with open_store(empty_database_url) as upgraded, asyncio.timeout(10):
        assert await upgraded.index.with_reference("ttd", LONG) == [stopping.order_id]
        assert await upgraded.index.with_reference("ttd", "case-1") == [first.order_id]
        assert [each.order_id for each in await page(upgraded.feed)] == [cancelled, ended]
        (figures,) = await upgraded.results.figures(*MONTH)
        assert figures.orders == 4
        for name in upgraded.runner.names:
            await upgraded.runner.catch_up(name)
        assert await upgraded.runner.failed() == []


def _as_the_version_before_left_it(connection: psycopg.Connection[Any]) -> None:
    """The index of references stands before the long one; feed and figures have come further."""
    ids = connection.execute(
        "SELECT notification_id, originator_id, originator_version, topic FROM orders_events"
        " ORDER BY 1"
    ).fetchall()
    position, order_id, *_ = ids[0]
    connection.execute(
        "INSERT INTO projection VALUES ('order_index', 1, %s, true), ('status_feed', 1, %s, true),"
        " ('notification_result', 1, %s, true)",
        (position, ids[3][0], ids[3][0]),
    )
    connection.execute(
        "INSERT INTO order_index VALUES (1, 'ttd', 'case-1', %s, %s)", (order_id, position)
    )
    for position, order_id, version, topic in ids[:4]:
        owner = "ttd" if version == 1 else None
        connection.execute(
            "INSERT INTO status_feed VALUES (1, %s, %s, %s, %s, false)",
            (position, owner, order_id, version),
        )
        connection.execute(
            "INSERT INTO notification_result VALUES (1, %s, -1, %s, %s, %s, NULL, %s, %s)",
            (position, order_id, 0 if version == 1 else 2, NOON, owner, owner and NOON),
        )
        assert topic in {"order.placed", "order.cancelled"}
