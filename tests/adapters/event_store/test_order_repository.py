"""The repository in PostgreSQL keeps the port's promises."""

import psycopg
import pytest

from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from contracts.order_repository_contract import OrderRepositoryContract, placing
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.samples import TTD

NOWHERE = "host=127.0.0.1 port=1 dbname=varsel connect_timeout=1"


class TestPostgresOrderRepository(OrderRepositoryContract):
    pass


async def test_a_store_that_is_gone_is_unavailable(store: PostgresStore) -> None:
    await store.pool.close()

    with pytest.raises(StoreUnavailableError):
        await store.orders.load([placing().order_id])


async def test_two_processes_write_one_history(database_url: str) -> None:
    first = placing()
    async with open_store(database_url) as one, open_store(database_url) as two:
        await one.orders.append([first], by=TTD)

        with pytest.raises(ConcurrentUpdateError):
            await two.orders.append([first], by=TTD)

        assert len(await two.orders.history(first.order_id)) == 1


async def test_a_refused_append_leaves_nothing_behind(store: PostgresStore) -> None:
    taken, new = placing(), placing()
    await store.orders.append([taken], by=TTD)

    with pytest.raises(ConcurrentUpdateError):
        await store.orders.append([new, taken], by=TTD)

    async with store.pool.connection() as connection:
        for table in ("sealed", "data_key", "agenda"):
            cursor = await connection.execute(
                f"SELECT count(*) FROM {table} WHERE order_id = %s",  # noqa: S608  # named above
                (new.order_id,),
            )
            assert await cursor.fetchone() == (0,)


async def test_history_cannot_be_changed_even_by_a_careless_superuser(
    store: PostgresStore,
) -> None:
    await store.orders.append([placing()], by=TTD)
    async with store.pool.connection() as connection:
        for role in ("origin", "replica"):
            await connection.execute(f"SET session_replication_role = {role}")
            for statement in (
                "UPDATE orders_events SET topic = 'order.cancelled'",
                "DELETE FROM orders_events",
                "TRUNCATE orders_events",
            ):
                with pytest.raises(psycopg.errors.RaiseException, match="history is never changed"):
                    await connection.execute(statement)
