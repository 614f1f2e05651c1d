"""What owners have ordered today, and which of them an operator has stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is ordered: recipients, and segments of text messages."""

    recipients: int = 0
    segments: int = 0


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How much an owner may order in a day; None for as much as it likes."""

    recipients: int | None = None
    segments: int | None = None

    @property
    def is_none(self) -> bool:
        """Whether there is no ceiling at all."""
        return self.recipients is None and self.segments is None


class OwnerLedger(Protocol):
    """Keeps count for all processes at once, and knows who has been stopped."""

    async def take(self, owner: str, day: date, amount: Amount, ceiling: Ceiling) -> Amount | None:
        """Count an amount, unless that would go beyond the ceiling; what was ordered with it.

        None if it was not counted.

        Raises:
            StoreUnavailableError: it may have been counted; try again later.
        """
        ...

    async def give_back(self, owner: str, day: date, amount: Amount) -> None:
        """Take an amount off the count again, since nothing came of it."""
        ...

    async def used(self, owner: str, day: date) -> Amount:
        """What has been counted so far."""
        ...

    async def stopped(self) -> Mapping[str, str]:
        """The owners who have been stopped, in small letters, each with the reason."""
        ...

    async def stop(self, owner: str, reason: str) -> None:
        """Stop an owner: nothing of theirs is taken in or handed over until they are let again.

        Large letters and small ones are the same.
        """
        ...

    async def let(self, owner: str) -> bool:
        """Let an owner again; whether they had been stopped."""
        ...
