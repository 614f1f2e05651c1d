"""When each local copy follows its register next, who does it, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CopyAlarm(StrEnum):
    """What operators were told of a copy last."""

    NONE = "none"
    OLD = "old"
    """It has not been up to date for longer than is usual."""
    NOT_READY = "not_ready"
    """It cannot be relied on, so that orders that need it are refused, or wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTurn:
    """The following of one register: when it is due, whose it is now, and how the last went."""

    registry: str
    due_at: datetime
    holder: str | None = None
    """Who is at it."""
    leased_until: datetime | None = None
    """Until when it is nobody else's."""
    failures: int = 0
    """How often it has failed in a row, without one page taken in between."""
    failing_since: datetime | None = None
    failure: str | None = None
    """Why it failed last, in one line."""
    alarm: CopyAlarm = CopyAlarm.NONE
    """What operators were told of the copy last."""


class SyncSchedule(Protocol):
    """Leases the following of each register to one process at a time, over all processes."""

    async def claim(
        self,
        registry: str,
        *,
        holder: str,
        now: datetime,
        until: datetime,
        is_early: bool = False,
    ) -> SyncTurn | None:
        """Lease the following of a register, unless it is another's, or not due yet.

        What nobody has followed before is due. `is_early` takes what is not due, too.
        What a holder has not given back when its lease ends is leased to whoever asks next.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def keep(self, lent: SyncTurn, after: SyncTurn) -> bool:
        """Write how it goes on; False if it is not the holder's any more, and nothing was written.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def turns(self) -> Sequence[SyncTurn]:
        """How it stands with each register that was ever followed, or of which operators were ever told.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def tell(self, registry: str, alarm: CopyAlarm) -> bool:
        """Take down what operators are told of a copy; whether that is another thing than before.

        Of all processes that would tell the same, one hears that it is.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
