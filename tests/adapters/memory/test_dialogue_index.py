"""The index of dialogues in memory keeps the port's promises."""

from uuid import uuid4

import pytest

from adapters.memory.dialogue_index import InMemoryDialogueIndex
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.dialogue_index import DialogueIndex
from contracts.dialogue_index_contract import DialogueIndexContract
from contracts.order_repository_contract import SetClock


class TestInMemoryDialogueIndex(DialogueIndexContract):
    @pytest.fixture
    def orders(self) -> InMemoryOrderRepository:
        return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)

    @pytest.fixture
    def dialogues(self, orders: InMemoryOrderRepository) -> DialogueIndex:
        return InMemoryDialogueIndex(orders)
