"""The index of chains in memory keeps the port's promises."""

from uuid import uuid4

import pytest

from adapters.memory.chain_index import InMemoryChainIndex
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.chain_index import ChainIndex
from contracts.chain_index_contract import ChainIndexContract
from contracts.order_repository_contract import SetClock


class TestInMemoryChainIndex(ChainIndexContract):
    @pytest.fixture
    def orders(self) -> InMemoryOrderRepository:
        return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)

    @pytest.fixture
    def chains(self, orders: InMemoryOrderRepository) -> ChainIndex:
        return InMemoryChainIndex(orders)
