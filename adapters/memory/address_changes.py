"""The changes of addresses in memory."""

from collections.abc import Sequence
from datetime import datetime

from application.ports.address_changes import ChangesStanding, ConcurrentChangeError
from domain.official_address import AddressChange, ChangeId, ChangeState, WantedChange
from domain.recipient import OrganisationNumber


class InMemoryAddressChanges:
    """Keeps the changes for one process."""

    def __init__(self) -> None:
        self._changes: dict[ChangeId, AddressChange] = {}
        self._last = 0

    async def of(self, organisation: OrganisationNumber) -> Sequence[AddressChange]:
        return [each for each in self._changes.values() if each.organisation == organisation]

    async def add(
        self, wanted: WantedChange, *, after: ChangeId | None, now: datetime
    ) -> AddressChange:
        known = await self.of(wanted.organisation)
        if (known[-1].change_id if known else None) != after:
            raise ConcurrentChangeError
        self._last += 1
        change = AddressChange(
            change_id=ChangeId(self._last),
            version=1,
            organisation=wanted.organisation,
            kind=wanted.kind,
            place=wanted.place,
            registry_id=wanted.registry_id,
            state=ChangeState.REQUESTED,
            requested_at=now,
            due_at=now,
        )
        self._changes[change.change_id] = change
        return change

    async def save(self, change: AddressChange, *, after: int) -> bool:
        known = self._changes.get(change.change_id)
        if known is None or known.version != after:
            return False
        self._changes[change.change_id] = change
        return True

    async def due(self, now: datetime, *, most: int) -> Sequence[AddressChange]:
        due = [each for each in self._changes.values() if each.is_open and each.due_at <= now]
        return sorted(due, key=lambda each: (each.due_at, each.change_id))[:most]

    async def standing(self) -> ChangesStanding:
        waiting = [each.requested_at for each in self._changes.values() if each.is_open]
        refused = [each for each in self._changes.values() if each.state is ChangeState.REFUSED]
        return ChangesStanding(
            waiting=len(waiting), waiting_since=min(waiting, default=None), refused=len(refused)
        )

    async def forget(self, before: datetime) -> None:
        self._changes = {
            change_id: each
            for change_id, each in self._changes.items()
            if each.requested_at >= before
            or each.state not in {ChangeState.HELD, ChangeState.DISMISSED}
        }
