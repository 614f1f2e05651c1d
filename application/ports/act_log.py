"""The record of acts: who did what around the orders, when, and why."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from application.envelope import Actor, Role
from domain.operations.acts import Act


class RecordedAct(Struct, frozen=True, kw_only=True):
    """An act, with the circumstances in which it was recorded; a storage format, as the act is."""

    act_id: UUID
    recorded_at: datetime
    recorded_by: Actor
    reason: str | None = None
    """Why, in the words of whoever did it; None where nobody has to say why."""
    act: Act
    schema: int = 1


class ActLog(Protocol):
    """Keeps acts for ever, in the order in which they came; none is changed or removed.

    Raises:
        StoreUnavailableError: from every method: the store cannot be reached; try again later.
    """

    async def record(self, act: RecordedAct) -> None:
        """Keep an act; to keep it twice, by its id, is to keep it once."""
        ...

    async def latest(
        self, *, roles: Collection[Role], since: datetime, most: int
    ) -> Sequence[RecordedAct]:
        """The latest acts of those who acted in one of the roles, from `since` on, newest first."""
        ...
