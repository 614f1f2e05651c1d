"""What is agreed with the owners."""

from typing import Protocol

from domain.agreement import Agreement


class OwnerAgreements(Protocol):
    """Knows what is agreed with each owner now."""

    async def of(self, owner: str) -> Agreement:
        """What is agreed with an owner, by its short name in large or small letters.

        With an owner of whom nothing in particular is said, it is what the installation grants to
        all. Never raises, and never waits for anything but this machine: it is asked for each order
        and before each hand-over. A change is known within a second or so; what was decided by the
        agreement of before stands in the order's events.
        """
        ...
