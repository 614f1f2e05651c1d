"""Many rows are copied, and what is in them is told apart as it is in few."""

from contracts.order_index_contract import called
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.adapters.projections.test_runner import ask
from tests.samples import TTD

MANY = 120


async def sent_under(store: PostgresStore, *, reference: str, notification_no: str) -> None:
    """Record as many sendings, each of an order of its own; of `reference` and number as SQL says."""
    await ask(
        store,
        "INSERT INTO orders_events (originator_id, originator_version, topic, state)"  # noqa: S608  # our own words
        " SELECT gen_random_uuid(), 2, 'order.notification_sent', convert_to("
        '  format(\'{"event":{"notification_no":%s,"provider":"smtp","reference":"%s"}}\','
        f"   {notification_no}, {reference}), 'UTF8')"
        f" FROM generate_series(1, {MANY}) n RETURNING 1",
    )


async def test_a_name_that_a_provider_gives_twice_keeps_no_other_out(store: PostgresStore) -> None:
    await sent_under(store, reference="n % 100", notification_no="0")

    await store.runner.catch_up("delivery_reference")

    assert await ask(store, "SELECT count(*) FROM delivery_reference") == [(100,)]
    assert await store.runner.failed() == []


async def test_a_number_that_has_no_place_is_never_written_as_another(store: PostgresStore) -> None:
    await sent_under(
        store, reference="n", notification_no="CASE n WHEN 7 THEN 1::int8 << 40 ELSE 1 END"
    )

    await store.runner.catch_up("delivery_reference")

    assert await ask(
        store, "SELECT notification_no, count(*) FROM delivery_reference GROUP BY 1"
    ) == [(1, MANY - 1)]
    assert [each.reason for each in await store.runner.failed()] == ["not_storable"]


async def test_many_and_one_by_one_make_the_same_rows(store: PostgresStore) -> None:
    rows = "SELECT owner, senders_reference, order_id, position FROM order_index ORDER BY position"
    for number in range(MANY):
        await store.orders.append([called(f"case {number} 'æøå' \\ \t")], by=TTD)
        await store.runner.catch_up("order_index")
    one_by_one = await ask(store, rows)

    await store.runner.rebuild("order_index")

    assert await ask(store, rows) == one_by_one
    assert len(one_by_one) == MANY
