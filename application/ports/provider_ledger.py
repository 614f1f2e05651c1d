"""How each provider's weight has shifted, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightChange:
    """A change of what a provider is given, and why."""

    provider: str
    weight: float
    """Its share, before those of the others are set beside it; 0 with its breaker open."""
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedWeightChange:
    """A shift, and the process whose hand-overs brought it about."""

    process: str
    shift: WeightChange


class ProviderHealthLog(Protocol):
    """Keeps the shifts of all processes, for whoever asks why a provider got nothing last week."""

    async def note(self, process: str, shifts: Mapping[UUID, WeightChange], at: datetime) -> None:
        """Keep a process's shifts, in this order, and that it was there at this moment.

        A shift is known by its id, and one that is kept already is not kept twice.

        Raises:
            StoreUnavailableError: they may have been kept; note them again later.
        """
        ...

    async def standing(self, since: datetime) -> Sequence[RecordedWeightChange]:
        """The shift that was noted last of each provider, in each process that was there since then.

        By the names of providers, then of processes.
        """
        ...

    async def latest(self, most: int) -> Sequence[RecordedWeightChange]:
        """The shifts that came about last, newest first."""
        ...
