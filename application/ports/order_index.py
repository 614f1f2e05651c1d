"""Which orders an owner has placed under a reference of its own."""

from collections.abc import Sequence
from typing import Protocol

from domain.order.events import OrderId


class OrderIndex(Protocol):
    """Finds orders by what their owner calls them."""

    async def with_reference(self, owner: str, reference: str) -> Sequence[OrderId]:
        """The owner's orders under exactly that reference, oldest first.

        Everything accepted before the question is in the answer.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
