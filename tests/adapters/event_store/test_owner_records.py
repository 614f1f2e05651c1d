"""Both keepers of the owners' records keep the port's promises; and PostgreSQL finds them without a search."""

from uuid import uuid4

import pytest
import structlog
from psycopg import sql

from adapters.event_store.postgres.kind_in_log import query_after
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.owner_records import InMemoryOwnerRecords
from application.envelope import SERVICE
from application.ports.owner_records import OwnerRecords
from contracts.order_repository_contract import SetClock, placing
from contracts.owner_records_contract import KARI, RESUMED, SUSPENDED, OwnerRecordsContract
from domain.owner.record import owner_id
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD


class TestPostgresOwnerRecords(OwnerRecordsContract):
    @pytest.fixture
    def clock(self, store: PostgresStore) -> SetClock:
        return store.clock

    @pytest.fixture
    def records(self, store: PostgresStore) -> OwnerRecords:
        return store.owners

    async def test_they_stand_among_the_orders_in_one_log(self, store: PostgresStore) -> None:
        await store.orders.append([placing()], by=TTD)
        await store.owners.append(await store.owners.load("ttd"), [SUSPENDED], by=KARI)
        await store.orders.append([placing()], by=TTD)

        async with store.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT topic FROM orders_events ORDER BY notification_id"
            )
            topics = [topic for (topic,) in await cursor.fetchall()]
        assert topics == ["order.placed", "owner.suspended", "order.placed"]
        for name in store.runner.names:
            await store.runner.catch_up(name)
        assert await store.runner.failed() == []

    async def test_they_are_followed_without_reading_the_orders(self, store: PostgresStore) -> None:
        await store.orders.append([placing() for _ in range(200)], by=TTD)
        async with store.pool.connection() as connection:
            await connection.execute("SET enable_seqscan = off")
            cursor = await connection.execute(
                sql.SQL("EXPLAIN ") + query_after("owner"), (0,), prepare=False
            )
            plan = "\n".join(line for (line,) in await cursor.fetchall())

        assert "orders_events_of_owners" in plan

    async def test_one_that_cannot_be_read_hides_no_other(self, store: PostgresStore) -> None:
        async with store.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 1, 'owner.unheard_of', '{}')",
                (owner_id("skd"),),
            )
        left = await store.owners.append(await store.owners.load("ttd"), [SUSPENDED], by=KARI)
        await store.owners.append(left, [RESUMED], by=SERVICE)

        with structlog.testing.capture_logs() as told:
            events = [each.recorded.event for each in await store.owners.after(0)]

        assert events == [SUSPENDED, RESUMED]
        assert [each["event"] for each in told] == ["owner_event_unreadable"]


class TestInMemoryOwnerRecords(OwnerRecordsContract):
    @pytest.fixture
    def clock(self) -> SetClock:
        return SetClock()

    @pytest.fixture
    def records(self, clock: SetClock) -> OwnerRecords:
        vault = InMemoryKeyVault()
        orders = InMemoryOrderRepository(vault=vault, clock=clock, next_id=uuid4)
        return InMemoryOwnerRecords(orders.log, clock=clock, next_id=uuid4)
