"""What the tests of the projections may ask for."""

from collections.abc import AsyncIterator

import pytest

from adapters.event_store.postgres.repository import PostgresOrderRepository
from adapters.projections.delivery_reference import PostgresReportInbox
from adapters.projections.order_index import PostgresOrderIndex
from adapters.projections.status_feed import PostgresStatusFeed
from contracts.order_repository_contract import SetClock
from tests.adapters.event_store.postgres_store import PostgresStore, open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def orders(store: PostgresStore) -> PostgresOrderRepository:
    return store.orders


@pytest.fixture
def clock(store: PostgresStore) -> SetClock:
    return store.clock


@pytest.fixture
def index(store: PostgresStore) -> PostgresOrderIndex:
    return store.index


@pytest.fixture
def feed(store: PostgresStore) -> PostgresStatusFeed:
    return store.feed


@pytest.fixture
async def inbox(store: PostgresStore) -> AsyncIterator[PostgresReportInbox]:
    async with store.projecting():
        yield store.inbox
