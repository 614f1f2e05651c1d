"""Which order a chain began with."""

from typing import Protocol

from domain.order.events import ChainId, OrderId


class ChainIndex(Protocol):
    """Finds orders by their chains."""

    async def main_order(self, chain_id: ChainId) -> OrderId | None:
        """The order that a chain began with; None if there is no such chain.

        Everything accepted before the question is known.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
