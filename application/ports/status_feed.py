"""What has happened to an owner's orders, in the order in which it was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain.order.events import (
    AuthorityUnknown,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderId,
    SendConditionMet,
    SendConditionUnknown,
)

ENDS: Final[tuple[type[OrderEvent], ...]] = (OrderCompleted, OrderCancelled)
"""By what an order comes to its end."""
UNSEEN: Final[tuple[type[OrderEvent], ...]] = (
    AuthorityUnknown,
    SendConditionMet,
    SendConditionUnknown,
)
"""What changes nothing that an owner can see of an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One event that changed what can be seen of an order."""

    position: int
    """Greater than that of everything recorded before, over all owners; gaps are normal."""
    order_id: OrderId
    version: int
    """The event's place in its order's history."""


class StatusFeed(Protocol):
    """Gives an owner's entries page by page; none is ever skipped, and none comes late."""

    async def page(
        self, owner: str, *, after: int, size: int, is_descending: bool, every_transition: bool
    ) -> Sequence[FeedEntry]:
        """The owner's entries after a position, oldest first; or before it, newest first.

        Descending from 0 begins with the newest.
        Without `every_transition` there is one entry for each order, at its end: when it is
        completed or cancelled.
        Everything recorded before the question is in the answer, unless so much was recorded of
        others that the feed has not come so far: then the rest comes on a later page, which begins
        where this one ends. Whatever is recorded later has a greater position.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
