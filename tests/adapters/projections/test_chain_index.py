"""The index of chains in PostgreSQL keeps the port's promises."""

import pytest

from application.ports.chain_index import ChainIndex
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.contracts.chain_index_contract import ChainIndexContract


class TestPostgresChainIndex(ChainIndexContract):
    @pytest.fixture
    def chains(self, store: PostgresStore) -> ChainIndex:
        return store.chains
