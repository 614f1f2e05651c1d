"""Projections follow the log by themselves, and are rebuilt while the old ones serve."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from typing_extensions import override

from adapters.postgres.listening import Listener
from adapters.projections.generations import SupersededError, begin
from adapters.projections.order_index import OrderIndexProjection
from adapters.projections.projection import FeedEvent, Row
from adapters.projections.runner import ProjectionRunner
from application.envelope import SERVICE
from contracts.order_index_contract import called
from contracts.order_repository_contract import (
    attempted,
    going_on,
    placing,
    resolved,
    sent,
)
from domain.order.events import OrderCompleted
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.samples import TTD


async def ask(store: PostgresStore, query: str) -> list[tuple[Any, ...]]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute(query.encode())
        return await cursor.fetchall()


INDEXED = "SELECT generation, order_id FROM order_index ORDER BY generation, position"
SERVING = "SELECT generation, position FROM projection WHERE name = 'order_index' AND is_serving"


async def followed(store: PostgresStore, count: int) -> None:
    """Wait until the worker has written so many rows."""
    async with asyncio.timeout(10):
        while len(await ask(store, INDEXED)) != count:  # noqa: ASYNC110  # another task writes
            await asyncio.sleep(0.01)


async def test_a_worker_follows_the_log(store: PostgresStore) -> None:
    async with store.projecting():
        for count in range(1, 4):
            await store.orders.append([called("case-1")], by=TTD)
            await followed(store, count)


async def test_a_worker_goes_on_after_its_connections_were_cut(store: PostgresStore) -> None:
    async with store.projecting():
        await store.orders.append([called("case-1")], by=TTD)
        await followed(store, 1)

        with psycopg.connect(store.conninfo, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await store.orders.append([called("case-1")], by=TTD)

        with psycopg.connect(store.conninfo, autocommit=True) as other:
            async with asyncio.timeout(10):
                while len(other.execute(INDEXED.encode()).fetchall()) != 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


async def test_a_worker_that_is_told_to_stop_stops_though_it_is_just_being_called(
    store: PostgresStore,
) -> None:
    listener = Listener(store.conninfo, "varsel_events")  # not started: called by hand
    runner = ProjectionRunner(store.pool, listener, [])
    following = asyncio.create_task(runner.run())
    await asyncio.sleep(0.01)

    listener._signals["varsel_events"].set()
    await asyncio.sleep(0)
    following.cancel()

    done, _ = await asyncio.wait({following}, timeout=5)
    assert done == {following}


class Asking(OrderIndexProjection):
    """Asks for what the commit of its rows will wait."""

    def __init__(self) -> None:
        self.waits_for: list[tuple[Any, ...]] = []

    @override
    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        cursor = await connection.execute("SHOW synchronous_commit")
        self.waits_for += await cursor.fetchall()
        return await super().write(connection, generation, events)


async def test_rows_that_the_log_brings_again_wait_for_no_disk_and_what_follows_them_does(
    store: PostgresStore,
) -> None:
    await store.orders.append([called("case-1")], by=TTD)
    asking = Asking()
    runner = ProjectionRunner(store.pool, Listener(store.conninfo), [asking])

    await runner.catch_up("order_index")
    await runner.rebuild("order_index")

    assert asking.waits_for == [("off",), ("off",)]
    assert await ask(store, "SHOW synchronous_commit") == [("on",)]


class Counting(OrderIndexProjection):
    """Counts how often it is brought on."""

    def __init__(self, name: str, *, is_waited_for: bool) -> None:
        self.name = name
        self.is_waited_for = is_waited_for
        self.rounds = 0

    @override
    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        self.rounds += 1
        return False


async def test_what_nobody_waits_for_takes_a_longer_breath(store: PostgresStore) -> None:
    waited_for = Counting("waited for", is_waited_for=True)
    other = Counting("other", is_waited_for=False)
    runner = ProjectionRunner(
        store.pool, Listener(store.conninfo, "varsel_events"), [waited_for, other]
    )
    await runner._listener.start()
    following = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(30):
            while waited_for.rounds < 12:
                await store.orders.append([called("case-1")], by=TTD)
                await asyncio.sleep(0.01)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await runner._listener.stop()

    assert 0 < 3 * other.rounds <= 2 * waited_for.rounds


async def test_two_workers_do_the_work_of_one(store: PostgresStore) -> None:
    async with store.projecting(), store.projecting():
        await asyncio.gather(*(store.orders.append([called("case-1")], by=TTD) for _ in range(50)))
        await followed(store, 50)


async def test_it_can_be_made_anew(store: PostgresStore) -> None:
    changes = [called("case-1") for _ in range(3)]
    await store.orders.append(changes, by=TTD)
    await store.index.with_reference("ttd", "case-1")
    await ask(store, "UPDATE order_index SET senders_reference = 'wrong' RETURNING 1")
    assert list(await store.index.with_reference("ttd", "case-1")) == []

    assert await store.runner.rebuild("order_index") == 3

    found = await store.index.with_reference("ttd", "case-1")
    assert list(found) == [each.order_id for each in changes]
    assert [generation for generation, _ in await ask(store, INDEXED)] == [2, 2, 2]
    assert await ask(store, "SELECT generation FROM projection WHERE name = 'order_index'") == [
        (2,)
    ]


async def test_it_is_made_for_the_first_time_by_being_made_anew(store: PostgresStore) -> None:
    await store.orders.append([called("case-1")], by=TTD)

    assert await store.runner.rebuild("order_index") == 1
    assert len(await store.index.with_reference("ttd", "case-1")) == 1


async def test_a_half_made_one_answers_nobody(store: PostgresStore) -> None:
    await store.orders.append([called("case-1"), called("case-1")], by=TTD)
    assert len(await store.index.with_reference("ttd", "case-1")) == 2
    async with store.pool.connection() as connection, connection.transaction():
        half_made = await begin(connection, "order_index")

    await store.runner._grow_up(OrderIndexProjection(), half_made)

    assert len(await ask(store, INDEXED)) == 4
    assert len(await store.index.with_reference("ttd", "case-1")) == 2


class Overtaken(OrderIndexProjection):
    """Sees one more event recorded while it reads the last ones."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._is_first = True

    @override
    def rows(self, event: FeedEvent) -> Iterator[Row]:
        if self._is_first:
            self._is_first = False
            self._connection.execute(
                "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
                " VALUES (gen_random_uuid(), 1, 'order.completed', '{}')"
            )
        return super().rows(event)


async def test_the_new_one_serves_when_it_has_read_all_that_there_is(store: PostgresStore) -> None:
    await store.orders.append([called("case-1")], by=TTD)
    with psycopg.connect(store.conninfo, autocommit=True) as other:
        runner = ProjectionRunner(store.pool, Listener(store.conninfo), [Overtaken(other)])

        assert await runner.rebuild("order_index") == 2

    ((_, position),) = await ask(store, SERVING)
    assert await ask(store, "SELECT max(notification_id) FROM orders_events") == [(position,)]


class Watching(OrderIndexProjection):
    """Looks, while it is rebuilt, at what others see."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self.seen: list[tuple[Any, ...]] = []

    @override
    def rows(self, event: FeedEvent) -> Iterator[Row]:
        self.seen += self._connection.execute(SERVING.encode()).fetchall()
        self.seen += [
            (len(self._connection.execute(INDEXED.encode()).fetchall()),),
        ]
        return super().rows(event)


async def test_the_old_one_serves_until_the_new_one_is_complete(store: PostgresStore) -> None:
    await store.orders.append([called("case-1"), called("case-1")], by=TTD)
    await store.index.with_reference("ttd", "case-1")
    with psycopg.connect(store.conninfo, autocommit=True) as other:
        watching = Watching(other)
        runner = ProjectionRunner(store.pool, Listener(store.conninfo), [watching])

        await runner.rebuild("order_index")

    assert watching.seen == [(1, 2), (2,), (1, 2), (2,)]
    assert (await ask(store, SERVING))[0][0] == 2


async def test_it_is_made_anew_while_orders_come_in(store: PostgresStore) -> None:
    async with store.projecting():

        async def place() -> None:
            for _ in range(60):
                await store.orders.append([called("case-1")], by=TTD)

        placing = asyncio.create_task(place())
        accepted = 0
        for _ in range(3):
            await store.runner.rebuild("order_index")
            found = len(await store.index.with_reference("ttd", "case-1"))
            assert found >= accepted
            accepted = found
        await placing

    assert len(await store.index.with_reference("ttd", "case-1")) == 60
    assert len(await ask(store, INDEXED)) == 60


async def test_of_two_who_make_it_anew_the_later_goes_on(store: PostgresStore) -> None:
    await store.orders.append([called("case-1")], by=TTD)
    await store.index.with_reference("ttd", "case-1")
    async with store.pool.connection() as connection, connection.transaction():
        first = await begin(connection, "order_index")

    assert await store.runner.rebuild("order_index") == 1

    with pytest.raises(SupersededError):
        await store.runner._grow_up(OrderIndexProjection(), first)
    assert len(await ask(store, "SELECT * FROM projection WHERE name = 'order_index'")) == 1


async def test_an_event_that_cannot_be_read_hides_no_other(store: PostgresStore) -> None:
    await ask(
        store,
        "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
        " VALUES (gen_random_uuid(), 1, 'order.placed', 'not an event') RETURNING 1",
    )
    await store.orders.append([called("case-1")], by=TTD)

    assert len(await store.index.with_reference("ttd", "case-1")) == 1


async def test_a_worker_that_is_told_to_stop_stops_though_it_is_waiting_for_connections(
    store: PostgresStore,
) -> None:
    for _ in range(30):
        following = asyncio.create_task(store.runner.run())
        await store.orders.append([called("case-1")], by=TTD)

        following.cancel()

        done, _ = await asyncio.wait({following}, timeout=5)
        assert done == {following}


async def test_what_an_event_costs_does_not_grow_with_what_went_before(database_url: str) -> None:
    async with open_store(database_url) as store:
        names = store.runner.names
        for _ in range(80):
            (order,) = await store.orders.append([placing()], by=TTD)
            for event in (resolved(), attempted(), sent(), OrderCompleted()):
                for name in names:
                    await store.runner.catch_up(name)
                (order,) = await store.orders.append([going_on(order, event)], by=SERVICE)

    # A server process tells what it has read when it ends.
    with psycopg.connect(database_url, autocommit=True) as other:
        ((events, rows),) = other.execute(
            "SELECT (SELECT count(*) FROM orders_events),"
            " (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)"
            " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)"
        ).fetchall()
    assert events == 400
    assert rows < 7 * len(names) * events
