"""The index in PostgreSQL keeps the port's promises, however far it is behind."""

import asyncio

import pytest

from adapters.projections import order_index
from application.ports.order_repository import StoreUnavailableError
from contracts.order_index_contract import OrderIndexContract, called
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD


class TestPostgresOrderIndex(OrderIndexContract):
    pass


async def test_a_reader_brings_an_index_on_that_is_far_behind(store: PostgresStore) -> None:
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            " SELECT gen_random_uuid(), 1, 'order.placed',"
            ' \'{"event":{"owner":"ttd","senders_reference":"old"}}\''
            " FROM generate_series(1, 2500)"
        )
    await store.orders.append([last := called("case-1")], by=TTD)

    assert list(await store.index.with_reference("ttd", "case-1")) == [last.order_id]
    assert len(await store.index.with_reference("ttd", "old")) == 2500


async def test_readers_and_the_worker_bring_it_on_together(store: PostgresStore) -> None:
    async with store.projecting():
        for count in range(1, 11):
            await store.orders.append([called("case-1")], by=TTD)
            answers = await asyncio.gather(
                *(store.index.with_reference("ttd", "case-1") for _ in range(4))
            )
            assert [len(each) for each in answers] == [count] * 4


async def test_an_index_that_cannot_be_brought_on_is_unavailable_not_wrong(
    store: PostgresStore,
) -> None:
    await store.orders.append([called("case-1")], by=TTD)
    await store.index.with_reference("ttd", "case-1")
    await store.orders.append([called("case-1")], by=TTD)

    async with store.pool.connection() as other, other.transaction():
        await other.execute("SELECT * FROM projection FOR UPDATE")
        impatient = order_index.PostgresOrderIndex(store.pool, store.runner, patience=0.1)
        with pytest.raises(StoreUnavailableError):
            await impatient.with_reference("ttd", "case-1")

    assert len(await store.index.with_reference("ttd", "case-1")) == 2
