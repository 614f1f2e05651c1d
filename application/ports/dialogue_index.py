"""Which orders belong to a dialogue, over all owners."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.order.events import OrderId


class DialogueIndex(Protocol):
    """Finds orders by the dialogue that their senders said they belong to."""

    async def orders_of(self, dialogue_id: UUID) -> Sequence[OrderId]:
        """The orders of a dialogue, in the order in which they were accepted; none for one that is unknown.

        Everything accepted before the question is in the answer.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
