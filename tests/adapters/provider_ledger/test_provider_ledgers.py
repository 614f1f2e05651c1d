"""Both ledgers keep the port's promises."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.provider_ledger import InMemoryProviderLedger
from adapters.postgres import open_pool
from adapters.provider_ledger.postgres import PostgresProviderLedger
from application.ports.provider_ledger import ProviderLedger
from contracts.provider_ledger_contract import ProviderLedgerContract


class TestPostgresProviderLedger(ProviderLedgerContract):
    @pytest.fixture
    async def ledger(self, database_url: str) -> AsyncIterator[ProviderLedger]:
        async with await open_pool(database_url, size=1, name="varsel tests") as pool:
            yield PostgresProviderLedger(pool)


class TestInMemoryProviderLedger(ProviderLedgerContract):
    @pytest.fixture
    def ledger(self) -> ProviderLedger:
        return InMemoryProviderLedger()
