"""Where the histories of orders are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from application.envelope import Actor, PendingEvents, Recorded
from domain.order.events import OrderId
from domain.order.order import Order


class ConcurrentUpdateError(Exception):
    """The order has changed since it was read; read it again, and decide again."""


class SpoiltHistoryError(Exception):
    """A history cannot be read, since it is not what was recorded; somebody has to look into it."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Stands, among others, for a history that cannot be read."""

    because: str
    """Where it is not what was recorded; nobody's words."""


class StoreUnavailableError(Exception):
    """The store cannot be reached, and nothing is known to have been recorded; try again later."""


class Histories(Protocol):
    """Reads what was recorded of single orders, for whoever records nothing."""

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        """Everything recorded of one order, oldest first; empty if there is no such order.

        Raises:
            SpoiltHistoryError: it cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def confirm(self) -> None:
        """Return when whatever could be read before the call is as durable as what is appended.

        To be called before anybody is answered by what was read and not appended: that something
        was recorded before, or that there is no such order.

        Raises:
            StoreUnavailableError: it may yet be forgotten, or there may be more; try again later.
        """
        ...


class OrderRepository(Histories, Protocol):
    """Keeps the history of every order, and writes the agenda with it.

    What is appended is durable when `append` returns, in one order for all readers.
    Personal data is sealed on the way in and opened on the way out; what was erased reads as erased.
    With the events, in the same transaction, stands in the agenda when each order next needs something.
    """

    async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
        """Record all the changes or none, and return the orders as the changes leave them.

        Raises:
            ConcurrentUpdateError: an order is no longer at the version it was read at
                (or, for a new one, exists already); nothing was recorded.
            StoreUnavailableError: the store cannot be reached; the changes may be tried again,
                with the same decisions, and are recorded once.
        """
        ...

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        """Rebuild orders from their histories; orders that do not exist are absent.

        Raises:
            SpoiltHistoryError: one of the histories cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        """Everything recorded of several orders, each oldest first; absent where there is none.

        One that cannot be read says so, and hides no other.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def outlines(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        """The same for whoever shows nothing of what messages say, which may read as erased.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
