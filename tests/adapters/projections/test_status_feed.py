"""The feed in PostgreSQL keeps the port's promises, and skips nothing whoever writes how slowly."""

import asyncio

from application.envelope import PendingEvents
from contracts.order_repository_contract import order_id
from contracts.status_feed_contract import StatusFeedContract, lived, page
from domain.order.events import OrderCompleted, OrderId
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.samples import TTD, placed


class TestPostgresStatusFeed(StatusFeedContract):
    pass


def at_once() -> PendingEvents:
    return PendingEvents(order_id=order_id(), before=None, events=(placed, OrderCompleted()))


async def test_a_tailing_reader_misses_nothing_beside_many_writers_and_a_stalled_one(
    store: PostgresStore, database_url: str
) -> None:
    written: set[OrderId] = set()
    read: list[OrderId] = []
    last = 0
    is_done = asyncio.Event()

    async def write(writer: PostgresStore) -> None:
        for _ in range(40):
            change = at_once()
            await writer.orders.append([change], by=TTD)
            written.add(change.order_id)

    async def stall() -> None:
        async with store.pool.connection() as connection:
            for _ in range(5):
                async with connection.transaction():
                    # It has drawn its place in the log, and takes its time to commit.
                    await connection.execute("SELECT pg_advisory_xact_lock(7012026)")
                    placing = order_id()
                    await connection.execute(
                        "INSERT INTO orders_events"
                        " (originator_id, originator_version, topic, state)"
                        " SELECT %s, n, CASE n WHEN 1 THEN 'order.placed' ELSE 'order.completed' END,"
                        ' \'{"event":{"owner":"ttd"}}\' FROM generate_series(1, 2) n',
                        (placing,),
                    )
                    await asyncio.sleep(0.05)
                written.add(placing)

    async def tail() -> None:
        nonlocal last
        while True:
            if is_last := is_done.is_set():
                await store.runner.catch_up("status_feed")
            for entry in await page(store.feed, after=last):
                assert entry.position > last
                last = entry.position
                read.append(entry.order_id)
            if is_last:
                return
            await asyncio.sleep(0.002)

    async with open_store(database_url) as other, store.projecting():
        tailing = asyncio.create_task(tail())
        await asyncio.gather(write(store), write(other), write(store), stall())
        is_done.set()
        await tailing

    assert len(read) == len(set(read)) == 125
    assert set(read) == written


async def test_the_feed_can_be_made_anew_from_the_first_event(store: PostgresStore) -> None:
    for _ in range(3):
        await store.orders.append([at_once()], by=TTD)
    before = await page(store.feed, every_transition=True)

    await store.runner.rebuild("status_feed")

    assert await page(store.feed, every_transition=True) == before


async def test_a_feed_that_is_far_behind_tells_what_it_has_and_the_rest_on_the_next_page(
    store: PostgresStore,
) -> None:
    first = await lived(store.orders, OrderCompleted())
    assert [each.order_id for each in await page(store.feed, "ttd")] == [first]
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            ' SELECT gen_random_uuid(), 1, \'order.placed\', \'{"event":{"owner":"skd"}}\''
            " FROM generate_series(1, 1500)"
        )
    last = await lived(store.orders, OrderCompleted())

    behind = await page(store.feed, "ttd")
    await store.runner.catch_up("status_feed")
    after = await page(store.feed, "ttd", after=behind[-1].position)

    assert [each.order_id for each in behind] == [first]
    assert [each.order_id for each in after] == [last]
