"""The index of dialogues over a repository in memory."""

from collections.abc import Sequence
from uuid import UUID

from adapters.memory.order_repository import InMemoryOrderRepository
from domain.order.dialogues import known_as
from domain.order.events import OrderId, OrderPlaced


class InMemoryDialogueIndex:
    """Reads the log from its beginning, each time."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders

    async def orders_of(self, dialogue_id: UUID) -> Sequence[OrderId]:
        return [
            each.order_id
            for each in self._orders.everything()
            if isinstance(each.event, OrderPlaced)
            and each.event.dialogue is not None
            and known_as(each.event.dialogue.dialogue_id) == dialogue_id
        ]
