"""Both ledgers keep the port's promises."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.provider_ledger import InMemoryProviderHealthLog
from adapters.postgres import open_pool
from adapters.provider_ledger.postgres import PostgresProviderHealthLog
from application.ports.provider_ledger import ProviderHealthLog
from contracts.provider_ledger_contract import ProviderHealthLogContract


class TestPostgresProviderHealthLog(ProviderHealthLogContract):
    @pytest.fixture
    async def ledger(self, database_url: str) -> AsyncIterator[ProviderHealthLog]:
        async with await open_pool(database_url, size=1, name="varsel tests") as pool:
            yield PostgresProviderHealthLog(pool)


class TestInMemoryProviderHealthLog(ProviderHealthLogContract):
    @pytest.fixture
    def ledger(self) -> ProviderHealthLog:
        return InMemoryProviderHealthLog()
