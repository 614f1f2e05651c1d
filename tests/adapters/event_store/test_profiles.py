"""Persons' profiles in PostgreSQL and in memory: in the log of the orders, and sealed."""

from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.profiles import InMemoryProfileRepository
from application.ports.order_repository import SpoiltHistoryError
from application.ports.profiles import ProfileRepository
from contracts.order_repository_contract import SetClock, placing
from contracts.profile_repository_contract import (
    EMAIL,
    KARI,
    MOBILE,
    OPENED,
    Erase,
    ProfileRepositoryContract,
    record,
    registered,
)
from domain.order.events import OrderId
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.pace import longest_hold
from tests.samples import TTD


class TestPostgresProfileRepository(ProfileRepositoryContract):
    @override
    @pytest.fixture
    def clock(self, store: PostgresStore) -> SetClock:
        return store.clock

    @override
    @pytest.fixture
    def profiles(self, store: PostgresStore) -> ProfileRepository:
        return store.profiles

    @override
    @pytest.fixture
    def erase(self, store: PostgresStore) -> Erase:
        return store.erase

    async def test_they_stand_among_the_orders_in_one_log(self, store: PostgresStore) -> None:
        await store.orders.append([placing()], by=TTD)
        await record(store.profiles, KARI, OPENED, registered())
        await store.orders.append([placing()], by=TTD)

        async with store.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT topic FROM orders_events ORDER BY notification_id"
            )
            topics = [topic for (topic,) in await cursor.fetchall()]
        assert topics == [
            "order.placed",
            "profile.opened",
            "profile.addresses_registered",
            "order.placed",
        ]
        for name in store.runner.names:
            await store.runner.catch_up(name)
        assert await store.runner.failed() == []

    async def test_what_is_stored_shows_nobodys_words(self, store: PostgresStore) -> None:
        await record(store.profiles, KARI, OPENED, registered())
        await store.registered.registered_for([registered().organisation])

        async with store.pool.connection() as connection:
            shown = ""
            for table in ("orders_events", "sealed", "data_key", "profile_registration"):
                cursor = await connection.execute(f"SELECT t::text FROM {table} t".encode())  # noqa: S608  # names from above
                shown += " ".join(row for (row,) in await cursor.fetchall())
        for word in (EMAIL.text, MOBILE.text, "15859010099", "20001111"):
            assert word not in shown
            assert word.encode().hex() not in shown

    async def test_one_that_somebody_has_changed_is_read_no_more(
        self, store: PostgresStore
    ) -> None:
        await record(store.profiles, KARI, OPENED, registered())
        await store.spoil(OrderId(KARI))

        with pytest.raises(SpoiltHistoryError):
            await store.profiles.load(KARI)

    async def test_who_has_changed_very_much_keeps_nobody_else_waiting(
        self, store: PostgresStore
    ) -> None:
        await record(store.profiles, KARI, OPENED, *[registered()] * 2000)

        assert await longest_hold(store.profiles.load(KARI)) < 0.050
        assert (await store.profiles.load(KARI)).version == 2001


class TestInMemoryProfileRepository(ProfileRepositoryContract):
    @override
    @pytest.fixture
    def clock(self) -> SetClock:
        return SetClock()

    @override
    @pytest.fixture
    def profiles(self, clock: SetClock) -> InMemoryProfileRepository:
        vault = InMemoryKeyVault()
        orders = InMemoryOrderRepository(vault=vault, clock=clock, next_id=uuid4)
        return InMemoryProfileRepository(orders.log, vault=vault, clock=clock, next_id=uuid4)

    @override
    @pytest.fixture
    def erase(self, profiles: InMemoryProfileRepository) -> Erase:
        return profiles.erase
