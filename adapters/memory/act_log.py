"""The record of acts in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from application.envelope import Role
from application.ports.act_log import RecordedAct


class InMemoryActLog:
    """Keeps the record for one process."""

    def __init__(self) -> None:
        self._acts: dict[UUID, RecordedAct] = {}

    async def record(self, act: RecordedAct) -> None:
        self._acts.setdefault(act.act_id, act)

    async def latest(
        self, *, roles: Collection[Role], since: datetime, most: int
    ) -> Sequence[RecordedAct]:
        meant = [
            each
            for each in self._acts.values()
            if each.recorded_by.role in roles and each.recorded_at >= since
        ]
        return meant[::-1][:most]
