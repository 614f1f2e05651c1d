"""What the tests of the event store may ask for."""

from collections.abc import AsyncIterator

import pytest

from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.event_store.postgres.repository import PostgresOrderRepository
from contracts.order_repository_contract import Erase, SetClock, Spoil
from tests.adapters.event_store.postgres_store import PostgresStore, open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def orders(store: PostgresStore) -> PostgresOrderRepository:
    return store.orders


@pytest.fixture
def agenda(store: PostgresStore) -> PostgresAgenda:
    return store.agenda


@pytest.fixture
def clock(store: PostgresStore) -> SetClock:
    return store.clock


@pytest.fixture
def erase(store: PostgresStore) -> Erase:
    return store.erase


@pytest.fixture
def spoil(store: PostgresStore) -> Spoil:
    return store.spoil
