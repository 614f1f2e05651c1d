"""The figures in memory keep the port's promises."""

from uuid import uuid4

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.result_index import InMemoryResultIndex
from contracts.order_repository_contract import SetClock
from contracts.result_index_contract import ResultIndexContract


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def orders(clock: SetClock) -> InMemoryOrderRepository:
    return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=clock, next_id=uuid4)


@pytest.fixture
def results(orders: InMemoryOrderRepository) -> InMemoryResultIndex:
    return InMemoryResultIndex(orders)


class TestInMemoryResultIndex(ResultIndexContract):
    pass
