"""The recipient index in memory keeps the port's promises."""

from uuid import uuid4

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.recipient_index import InMemoryRecipientIndex
from contracts.order_repository_contract import SetClock
from contracts.recipient_index_contract import RecipientIndexContract


@pytest.fixture
def orders() -> InMemoryOrderRepository:
    return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)


@pytest.fixture
def index(orders: InMemoryOrderRepository) -> InMemoryRecipientIndex:
    return InMemoryRecipientIndex(orders)


class TestInMemoryRecipientIndex(RecipientIndexContract):
    pass
