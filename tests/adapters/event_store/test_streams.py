"""Both keepers of small aggregates keep the port's promises; and PostgreSQL finds each kind without a search."""

from uuid import uuid4

import pytest
import structlog
from psycopg import sql

from adapters.event_store.envelope import HOLDS, STREAM_KINDS
from adapters.event_store.postgres.kind_in_log import query_after
from adapters.event_store.postgres.streams import PostgresStreams
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.streams import InMemoryStreams
from application.ports.streams import Streams
from contracts.order_repository_contract import SetClock, placing
from contracts.owner_records_contract import KARI
from contracts.streams_contract import PLACED, StreamsContract
from domain.retention.holds import HoldEvent
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD


def holds_in(store: PostgresStore) -> PostgresStreams[HoldEvent]:
    return PostgresStreams(
        HOLDS, appender=store.appender, pool=store.pool, clock=store.clock, next_id=uuid4
    )


class TestPostgresStreams(StreamsContract):
    @pytest.fixture
    def clock(self, store: PostgresStore) -> SetClock:
        return store.clock

    @pytest.fixture
    def streams(self, store: PostgresStore) -> Streams[HoldEvent]:
        return holds_in(store)

    @pytest.mark.parametrize("kind", STREAM_KINDS)
    async def test_each_kind_is_followed_without_reading_the_orders(
        self, store: PostgresStore, kind: str
    ) -> None:
        await store.orders.append([placing() for _ in range(200)], by=TTD)
        async with store.pool.connection() as connection:
            await connection.execute("SET enable_seqscan = off")
            cursor = await connection.execute(
                sql.SQL("EXPLAIN ") + query_after(kind), (0,), prepare=False
            )
            plan = "\n".join(line for (line,) in await cursor.fetchall())

        assert f"orders_events_of_{kind}s" in plan

    async def test_one_that_cannot_be_read_hides_no_other(self, store: PostgresStore) -> None:
        streams = holds_in(store)
        async with store.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 1, 'hold.unheard_of', '{}')",
                (uuid4(),),
            )
        await streams.append(uuid4(), 0, [PLACED], by=KARI)

        with structlog.testing.capture_logs() as told:
            events = [each.recorded.event for each in await streams.after(0)]

        assert events == [PLACED]
        assert [each["event"] for each in told] == ["event_unreadable"]


class TestInMemoryStreams(StreamsContract):
    @pytest.fixture
    def clock(self) -> SetClock:
        return SetClock()

    @pytest.fixture
    def streams(self, clock: SetClock) -> Streams[HoldEvent]:
        vault = InMemoryKeyVault()
        orders = InMemoryOrderRepository(vault=vault, clock=clock, next_id=uuid4)
        return InMemoryStreams(HOLDS, orders.log, clock=clock, next_id=uuid4)
