"""The changes that organisations want made to their addresses in the register, until it has made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.official_address import AddressChange, ChangeId, WantedChange
from domain.recipient import OrganisationNumber


class ConcurrentChangeError(Exception):
    """Another change of the organisation's came first; look again, and decide again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesStanding:
    """How far all changes have come."""

    waiting: int = 0
    """How many the register's feed has not brought yet."""
    waiting_since: datetime | None = None
    """When the oldest of them was asked for; None where none waits."""
    refused: int = 0
    """How many the register did not take, of which nobody has taken note yet."""


class AddressChanges(Protocol):
    """Keeps changes from when they are asked for; an address is sealed, and gone when its change is made.

    What is kept is durable when a call returns.

    Raises:
        StoreUnavailableError: from every method: the store cannot be reached; try again later.
    """

    async def of(self, organisation: OrganisationNumber) -> Sequence[AddressChange]:
        """An organisation's changes, the oldest first."""
        ...

    async def add(
        self, wanted: WantedChange, *, after: ChangeId | None, now: datetime
    ) -> AddressChange:
        """Keep a change that was decided when `after` was the organisation's latest; None for none.

        Raises:
            ConcurrentChangeError: it is not the latest any more; nothing was kept.
        """
        ...

    async def save(self, change: AddressChange, *, after: int) -> bool:
        """Keep how far a change has come; False, and nothing is kept, if it is at `after` no more."""
        ...

    async def due(self, now: datetime, *, most: int) -> Sequence[AddressChange]:
        """Open changes for which something is to be done, those first that have waited longest."""
        ...

    async def standing(self) -> ChangesStanding:
        """How far all changes have come."""
        ...

    async def forget(self, before: datetime) -> None:
        """Forget changes that came to their end and were asked for before a moment."""
        ...
