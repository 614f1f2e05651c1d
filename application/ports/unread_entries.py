"""What of the registers could not be read, and is kept as it came until it can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.recipient import Organisation, Person


@dataclass(frozen=True, slots=True)
class UnreadEntry:
    """An entry that could not be read, as far as it is told without a reason."""

    entry_id: int
    registry: str
    part: str | None
    """What it is one of: a person, an address, a unit, and so on; None where that is not known."""
    reason: str
    found_at: datetime
    whose: str | None
    """The organisation's number, or a keyed hash that stands for a person; None if it did not tell."""
    is_kept: bool
    """Whether it was kept as it came; none was that was found before entries were."""


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry that could not be read, as it came."""

    entry: UnreadEntry
    content: bytes | None
    """None if it was not kept, or is not what was kept any more."""
    about: Person | Organisation | None
    """Whom it is about, if it tells."""


@dataclass(slots=True)
class RetrySummary:
    """What came of trying again what could not be read."""

    tried: int = 0
    read: int = 0
    """How many of them can be read now."""


class UnreadEntries(Protocol):
    """Keeps what could not be read, and tries it again."""

    async def unread(self, registry: str | None, most: int) -> Sequence[UnreadEntry]:
        """Those that have stood there for longest, of one registry or of all."""
        ...

    async def unread_entry(self, entry_id: int) -> OpenedEntry | None:
        """One of them as it came; None if there is none of that number."""
        ...

    async def retry_unread(self, registry: str | None) -> RetrySummary:
        """Try again what was kept, of one registry or of all."""
        ...
