"""The chain index over a repository in memory."""

from adapters.memory.order_repository import InMemoryOrderRepository
from domain.order.events import ChainId, OrderId, OrderKind, OrderPlaced


class InMemoryChainIndex:
    """Reads the log from its beginning, each time."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders

    async def main_order(self, chain_id: ChainId) -> OrderId | None:
        for each in self._orders.everything():
            placed = each.event
            if (
                isinstance(placed, OrderPlaced)
                and placed.kind is not OrderKind.REMINDER
                and placed.chain is not None
                and placed.chain.chain_id == chain_id
            ):
                return each.order_id
        return None
