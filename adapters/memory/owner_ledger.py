"""The ledger in memory."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from application.ports.owner_ledger import Amount, Ceiling


class InMemoryOwnerLedger:
    """Keeps the ledger for one process."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, date], Amount] = defaultdict(Amount)
        self._stopped: dict[str, str] = {}

    @property
    def who_is_stopped(self) -> Collection[str]:
        """The stopped owners, for the agenda of the same process."""
        return self._stopped.keys()

    async def take(self, owner: str, day: date, amount: Amount, ceiling: Ceiling) -> Amount | None:
        before = self._used[owner, day]
        after = Amount(before.recipients + amount.recipients, before.segments + amount.segments)
        if _is_above(after.recipients, ceiling.recipients) or _is_above(
            after.segments, ceiling.segments
        ):
            return None
        self._used[owner, day] = after
        return after

    async def give_back(self, owner: str, day: date, amount: Amount) -> None:
        before = self._used[owner, day]
        self._used[owner, day] = Amount(
            max(before.recipients - amount.recipients, 0),
            max(before.segments - amount.segments, 0),
        )

    async def used(self, owner: str, day: date) -> Amount:
        return self._used[owner, day]

    async def stopped(self) -> Mapping[str, str]:
        return dict(sorted(self._stopped.items()))

    async def stop(self, owner: str, reason: str) -> None:
        self._stopped[owner.lower()] = reason

    async def let(self, owner: str) -> bool:
        return self._stopped.pop(owner.lower(), None) is not None


def _is_above(amount: int, most: int | None) -> bool:
    return most is not None and amount > most
