"""How many notifications there were, what became of them, and on which day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.channel import Channel
from domain.order.events import OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFigures:
    """What one owner ordered for a month, and how much of it a provider took over."""

    owner: str
    orders: int
    emails: int
    emails_succeeded: int
    text_messages: int
    text_messages_succeeded: int


class ResultIndex(Protocol):
    """Counts notifications, and finds the orders whose notifications came to their end."""

    async def figures(self, year: int, month: int) -> Sequence[OwnerFigures]:
        """Every owner's figures of the orders that were to be sent in a month (UTC).

        They are kept and not counted again. Owners come in the order of their names; what was
        recorded before the question is counted.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def ended(
        self, channel: Channel, *, since: datetime, until: datetime
    ) -> Sequence[OrderId]:
        """The orders of which a notification on a channel got a final result in a period.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
