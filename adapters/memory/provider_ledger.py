"""The ledger in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from application.ports.provider_ledger import RecordedWeightChange, WeightChange


class InMemoryProviderHealthLog:
    """Keeps the ledger for one process."""

    def __init__(self) -> None:
        self._noted: dict[UUID, RecordedWeightChange] = {}
        self._seen_at: dict[str, datetime] = {}

    async def note(self, process: str, shifts: Mapping[UUID, WeightChange], at: datetime) -> None:
        self._seen_at[process] = at
        for shift_id, each in shifts.items():
            self._noted.setdefault(shift_id, RecordedWeightChange(process=process, shift=each))

    async def standing(self, since: datetime) -> Sequence[RecordedWeightChange]:
        last = {
            (each.shift.provider, each.process): each
            for each in self._noted.values()
            if self._seen_at[each.process] >= since
        }
        return [last[key] for key in sorted(last)]

    async def latest(self, most: int) -> Sequence[RecordedWeightChange]:
        backwards = reversed(self._noted.values())
        return sorted(backwards, key=lambda each: each.shift.at, reverse=True)[:most]
