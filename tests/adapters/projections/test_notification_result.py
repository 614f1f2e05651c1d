"""The figures in PostgreSQL keep the port's promises, and can be rebuilt."""

from random import Random

import pytest

from adapters.projections.notification_result import (
    NotificationResultProjection,
    PostgresResultIndex,
)
from adapters.projections.projection import FeedEvent
from application.envelope import SERVICE
from contracts.order_repository_contract import attempted, going_on, placing, sent
from contracts.result_index_contract import (
    HANDED_OVER,
    MONTH,
    NOWHERE,
    ResultIndexContract,
    found,
    lived,
    told,
)
from domain.channel import Channel
from domain.order.events import OrderCancelled, OrderCompleted, OrderEvent, ReportedState
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.adapters.projections.test_runner import ask
from tests.samples import TTD


@pytest.fixture
def results(store: PostgresStore) -> PostgresResultIndex:
    return store.results


class TestPostgresResultIndex(ResultIndexContract):
    pass


async def test_figures_made_anew_are_the_same(store: PostgresStore) -> None:
    for owner in ("ttd", "skd"):
        await lived(store.orders, *HANDED_OVER, owner=owner)
        await lived(store.orders, NOWHERE, owner=owner)
    before = await store.results.figures(*MONTH)

    await store.runner.rebuild("notification_result")

    assert await store.results.figures(*MONTH) == before
    assert len(before) == 2


MADE = {
    "notification_result": "position, notification_no, order_id, rank, recorded_at, channel",
    "owner_month": "month, owner, orders, emails, emails_succeeded, text_messages,"
    " text_messages_succeeded",
    "status_feed": "position, owner, order_id, version, is_end",
    "delivery_reference": "provider, reference, order_id, notification_no",
}


async def made(store: PostgresStore) -> dict[str, set[tuple[object, ...]]]:
    for name in store.runner.names:
        await store.runner.catch_up(name)
    return {
        table: set(await ask(store, f"SELECT {columns} FROM {table}"))  # noqa: S608  # our own words
        for table, columns in MADE.items()
    }


@pytest.mark.parametrize("seed", range(3))
async def test_however_many_events_come_together_they_make_the_same_rows(
    store: PostgresStore, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311  # histories, no secrets
    orders = list(await store.orders.append([placing() for _ in range(12)], by=TTD))
    for _ in range(60):
        number = chance.randrange(len(orders))
        first: list[OrderEvent] = [found(channel) for channel in Channel]
        later: list[OrderEvent] = [
            *(told(state) for state in ReportedState),
            *(attempted(f"token {chance.random()}"), sent(f"reference {chance.random()}")),
            *(OrderCancelled(), OrderCompleted()),
        ]
        event = chance.choice(first if orders[number].version == 1 else later)
        (orders[number],) = await store.orders.append([going_on(orders[number], event)], by=SERVICE)
        if chance.random() < 0.3:
            await made(store)
    little_by_little = await made(store)

    for name in store.runner.names:
        await store.runner.rebuild(name)

    assert await made(store) == little_by_little
    assert len(little_by_little["notification_result"]) > 30


async def test_a_placing_that_is_taken_up_after_what_followed_it_is_counted_once(
    store: PostgresStore,
) -> None:
    await lived(store.orders, *HANDED_OVER)
    before = await store.results.figures(*MONTH)
    ((*placed,), *_) = await ask(
        store,
        "SELECT notification_id, originator_id, originator_version, topic, state"
        " FROM orders_events ORDER BY notification_id",
    )

    async with store.pool.connection() as connection, connection.transaction():
        await NotificationResultProjection().write(connection, 1, [FeedEvent(*placed)])

    assert await store.results.figures(*MONTH) == before
