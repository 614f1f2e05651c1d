"""The log holds more than orders, and whoever reads orders from it passes the rest by."""

from uuid import UUID

from adapters.event_store.postgres.agenda_rebuild import AgendaRebuilt, rebuild_agenda
from application.envelope import SERVICE
from contracts.order_repository_contract import going_on, placing
from domain.order.events import OrderCancelled, OrderId
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import NOON, TTD

ANOTHER = OrderId(UUID("0a1e1c44-2222-5f00-8aaa-9b9b9b9b9b9b"))


async def record_of_another_kind(store: PostgresStore, version: int) -> None:
    """Something that is recorded of no order, and that no reader of orders can make sense of."""
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, %s, 'owner.resumed', %s)",
            (ANOTHER, version, f'{{"recorded_at": "{NOON.isoformat()}"}}'.encode()),
        )


async def test_projections_go_past_what_is_recorded_of_others_than_orders(
    store: PostgresStore,
) -> None:
    await record_of_another_kind(store, 1)
    (opened,) = await store.orders.append([placing()], by=TTD)
    await record_of_another_kind(store, 2)
    (order,) = await store.orders.append([going_on(opened, OrderCancelled())], by=SERVICE)
    await record_of_another_kind(store, 3)

    for name in store.runner.names:
        await store.runner.catch_up(name)
        await store.runner.rebuild(name)

    assert await store.runner.failed() == []
    assert {each.events_behind for each in await store.runner.standings()} == {0}
    assert await store.index.with_reference("ttd", "case-77") == [order.order_id]


async def test_what_was_set_aside_of_others_than_orders_is_taken_up_as_nothing(
    store: PostgresStore,
) -> None:
    """A process of the version before may have set it aside."""
    await record_of_another_kind(store, 1)
    name = "status_feed"
    await store.runner.catch_up(name)
    await set_aside_everything(store, name)

    assert len(await store.runner.retry(name)) == 1
    assert await store.runner.failed() == []


async def test_the_agenda_is_made_from_orders_alone(store: PostgresStore) -> None:
    await record_of_another_kind(store, 1)
    await store.orders.append([placing()], by=TTD)

    assert await rebuild_agenda(store.pool, store.mapper, clock=store.clock) == AgendaRebuilt(
        orders=1
    )


async def test_what_is_no_order_is_not_found_as_one(store: PostgresStore) -> None:
    await record_of_another_kind(store, 1)

    assert await store.orders.load([ANOTHER]) == {}
    assert await store.orders.histories([ANOTHER]) == {}


async def set_aside_everything(store: PostgresStore, name: str) -> None:
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO projection_failure (name, generation, position, order_id, reason)"
            " SELECT p.name, p.generation, e.notification_id, e.originator_id, 'unreadable'"
            "   FROM orders_events e, projection p WHERE p.name = %s AND p.is_serving",
            (name,),
        )
