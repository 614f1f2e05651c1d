"""The schedule of the registers' feeds, in a dictionary."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from application.ports.sync_schedule import CopyAlarm, SyncTurn

_EVER: Final = datetime.fromtimestamp(0, UTC)


class InMemorySyncSchedule:
    """Leases the following of each register, within one process."""

    def __init__(self) -> None:
        self._turns: dict[str, SyncTurn] = {}

    async def claim(
        self,
        registry: str,
        *,
        holder: str,
        now: datetime,
        until: datetime,
        is_early: bool = False,
    ) -> SyncTurn | None:
        turn = self._turns.get(registry) or SyncTurn(registry=registry, due_at=now)
        is_held = turn.leased_until is not None and turn.leased_until > now
        if is_held or (turn.due_at > now and not is_early):
            return None
        self._turns[registry] = replace(turn, holder=holder, leased_until=until)
        return self._turns[registry]

    async def keep(self, lent: SyncTurn, after: SyncTurn) -> bool:
        turn = self._turns[lent.registry]
        is_held = lent.leased_until is not None
        if not is_held or (turn.holder, turn.leased_until) != (lent.holder, lent.leased_until):
            return False
        self._turns[lent.registry] = replace(after, alarm=turn.alarm)
        return True

    async def turns(self) -> Sequence[SyncTurn]:
        return [self._turns[registry] for registry in sorted(self._turns)]

    async def tell(self, registry: str, alarm: CopyAlarm) -> bool:
        turn = self._turns.get(registry) or SyncTurn(registry=registry, due_at=_EVER)
        if turn.alarm is alarm:
            return False
        self._turns[registry] = replace(turn, alarm=alarm)
        return True
