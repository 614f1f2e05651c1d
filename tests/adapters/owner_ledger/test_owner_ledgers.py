"""Both ledgers keep the port's promises; and whom an operator has stopped is not carried out."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from adapters.memory.owner_ledger import InMemoryOwnerLedger
from adapters.owner_ledger.postgres import PostgresOwnerLedger
from application.ports.owner_ledger import OwnerLedger
from contracts.agenda_contract import claim
from contracts.order_repository_contract import placing
from contracts.owner_ledger_contract import OwnerLedgerContract
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.samples import TTD, placed


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with open_store(database_url) as opened:
        yield opened


class TestPostgresOwnerLedger(OwnerLedgerContract):
    @pytest.fixture
    def ledger(self, store: PostgresStore) -> OwnerLedger:
        return PostgresOwnerLedger(store.pool)


class TestInMemoryOwnerLedger(OwnerLedgerContract):
    @pytest.fixture
    def ledger(self) -> OwnerLedger:
        return InMemoryOwnerLedger()


async def test_nothing_of_a_stopped_owner_is_lent_to_a_worker(store: PostgresStore) -> None:
    ledger = PostgresOwnerLedger(store.pool)
    others = placing(msgspec.structs.replace(placed, owner="skd"))
    await store.orders.append([stopped := placing(), others], by=TTD)
    await ledger.stop("ttd", "sends to everybody")

    assert await claim(store.agenda) == [others.order_id]

    await ledger.let("ttd")
    assert await claim(store.agenda) == [stopped.order_id]
