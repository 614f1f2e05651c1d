"""Who wants to be told what concerns an organisation, by the log."""

from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.profiles import InMemoryProfileIndex, InMemoryProfileRepository
from adapters.projections.profile_registration import _IS_BEHIND
from application.ports.profiles import ProfileIndex, ProfileRepository
from contracts.order_repository_contract import SetClock, placing
from contracts.profile_repository_contract import (
    KARI,
    OLA,
    OPENED,
    UNIT,
    Erase,
    ProfileIndexContract,
    record,
    registered,
)
from domain.order.events import OrderId
from domain.profile.events import AddressesWithdrawn
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD


class TestPostgresProfileIndex(ProfileIndexContract):
    @override
    @pytest.fixture
    def profiles(self, store: PostgresStore) -> ProfileRepository:
        return store.profiles

    @override
    @pytest.fixture
    def index(self, store: PostgresStore) -> ProfileIndex:
        return store.registered

    @override
    @pytest.fixture
    def erase(self, store: PostgresStore) -> Erase:
        return store.erase

    async def test_one_that_somebody_has_changed_is_uncertain_and_hides_no_other(
        self, store: PostgresStore
    ) -> None:
        await record(store.profiles, KARI, OPENED, registered())
        await record(store.profiles, OLA, OPENED, registered(UNIT, "20002222"))
        await store.spoil(OrderId(KARI))

        found = {each.user: each for each in await store.registered.registered_for([UNIT])}

        assert found.keys() == {str(KARI), "20002222"}
        assert found[str(KARI)].is_uncertain
        assert (found[str(KARI)].email, found["20002222"].is_uncertain) == (None, False)

    async def test_rebuilt_it_holds_what_it_held(self, store: PostgresStore) -> None:
        await record(store.profiles, KARI, OPENED, registered())
        await record(store.profiles, OLA, OPENED, registered(UNIT, "20002222"))
        await record(store.profiles, KARI, AddressesWithdrawn(organisation=UNIT))
        before = list(await store.registered.registered_for([UNIT]))

        await store.runner.rebuild("profile_registration")

        assert list(await store.registered.registered_for([UNIT])) == before
        assert [each.user for each in before] == ["20002222"]

    async def test_who_asks_does_not_wait_for_what_is_recorded_of_orders(
        self, store: PostgresStore
    ) -> None:
        await record(store.profiles, KARI, OPENED, registered())
        await store.registered.registered_for([UNIT])
        await store.orders.append([placing() for _ in range(200)], by=TTD)

        assert len(await store.registered.registered_for([UNIT])) == 1

        (standing,) = [
            each for each in await store.runner.standings() if each.name == "profile_registration"
        ]
        assert standing.events_behind == 200
        async with store.pool.connection() as connection:
            await connection.execute("SET enable_seqscan = off")
            cursor = await connection.execute(f"EXPLAIN {_IS_BEHIND}", prepare=False)
            plan = "\n".join(line for (line,) in await cursor.fetchall())
        assert "orders_events_of_profiles" in plan


class TestInMemoryProfileIndex(ProfileIndexContract):
    @override
    @pytest.fixture
    def profiles(self) -> InMemoryProfileRepository:
        vault, clock = InMemoryKeyVault(), SetClock()
        orders = InMemoryOrderRepository(vault=vault, clock=clock, next_id=uuid4)
        return InMemoryProfileRepository(orders.log, vault=vault, clock=clock, next_id=uuid4)

    @override
    @pytest.fixture
    def index(self, profiles: InMemoryProfileRepository) -> ProfileIndex:
        return InMemoryProfileIndex(profiles)

    @override
    @pytest.fixture
    def erase(self, profiles: InMemoryProfileRepository) -> Erase:
        return profiles.erase
