"""Each projection reads of the log what it is made from, and goes over the rest."""

import pytest

from adapters.projections.log_reader import Reading, last_position, read_log
from adapters.projections.order_index import OrderIndexProjection
from adapters.projections.projection import Projection
from adapters.projections.status_feed import StatusFeedProjection
from application.envelope import SERVICE
from contracts.order_index_contract import called
from contracts.order_repository_contract import going_on, resolved, sent
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD

PLACED, RESOLVED, SENT = "order.placed", "order.contact_resolved", "order.notification_sent"


@pytest.fixture
async def store_with_events(store: PostgresStore) -> PostgresStore:
    """One order that was placed, resolved and sent, and another that was placed."""
    (order,) = await store.orders.append([called("case-1")], by=TTD)
    await store.orders.append([going_on(order, resolved(), sent())], by=SERVICE)
    await store.orders.append([called("case-2")], by=TTD)
    return store


async def read(
    store: PostgresStore, projection: Projection, *, after: int = 0, at_once: int = 100
) -> Reading:
    async with store.pool.connection() as connection:
        last = await last_position(connection)
        return await read_log(connection, projection, after=after, last=last, at_once=at_once)


async def test_a_projection_is_given_no_events_but_those_that_it_is_made_from(
    store_with_events: PostgresStore,
) -> None:
    reading = await read(store_with_events, OrderIndexProjection())

    assert [each.topic for each in reading.events] == [PLACED, PLACED]
    assert reading.position == reading.events[-1].position


async def test_whose_words_it_does_not_look_at_it_is_told_without_them(
    store_with_events: PostgresStore,
) -> None:
    reading = await read(store_with_events, StatusFeedProjection())

    assert [(each.topic, bool(each.state)) for each in reading.events] == [
        (PLACED, True),
        (RESOLVED, False),
        (SENT, False),
        (PLACED, True),
    ]


async def test_what_it_is_not_made_from_it_has_gone_over(store_with_events: PostgresStore) -> None:
    first = await read(store_with_events, OrderIndexProjection(), at_once=1)
    second = await read(store_with_events, OrderIndexProjection(), after=first.position, at_once=1)
    third = await read(store_with_events, OrderIndexProjection(), after=second.position)

    assert [len(each.events) for each in (first, second, third)] == [1, 1, 0]
    assert third.position == second.position


async def test_however_few_its_events_are_it_never_goes_over_many_others(
    store: PostgresStore,
) -> None:
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            " SELECT gen_random_uuid(), 1, 'order.completed', '{}' FROM generate_series(1, 50)"
        )
    reading = await read(store, OrderIndexProjection(), at_once=1)

    assert reading == Reading([], 20)


async def test_a_reading_ends_where_it_has_become_long(store: PostgresStore) -> None:
    await store.orders.append([called("x" * 60_000)], by=TTD)
    await store.orders.append([called("case-2")], by=TTD)

    reading = await read(store, OrderIndexProjection())

    assert len(reading.events) == 1
    assert reading.position == reading.events[0].position
