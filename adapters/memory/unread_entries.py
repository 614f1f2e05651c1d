"""What could not be read of the registers, in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime

from application.ports.unread_entries import OpenedEntry, RetrySummary, UnreadEntry
from domain.recipient import Organisation, Person


class InMemoryUnreadEntries:
    """Keeps what it is given, until it can be read."""

    def __init__(self, identity_hash: Callable[[Person | Organisation], str]) -> None:
        """Keep nothing yet; a person is listed by a hash."""
        self._identity_hash = identity_hash
        self._kept: dict[int, OpenedEntry] = {}
        self.is_readable: Callable[[bytes], bool] = lambda _: False

    def put_aside(
        self,
        registry: str,
        part: str,
        content: bytes,
        *,
        about: Person | Organisation | None,
        reason: str,
        at: datetime,
    ) -> None:
        """Keep an entry that could not be read."""
        whose: str | None = None
        if isinstance(about, Organisation):
            whose = about.number
        elif about is not None:
            whose = self._identity_hash(about)
        number = max(self._kept, default=0) + 1
        entry = UnreadEntry(number, registry, part, reason, at, whose, is_kept=True)
        self._kept[number] = OpenedEntry(entry, content, about)

    async def unread(self, registry: str | None, most: int) -> Sequence[UnreadEntry]:
        return [each.entry for each in self._of(registry)][:most]

    async def unread_entry(self, entry_id: int) -> OpenedEntry | None:
        return self._kept.get(entry_id)

    async def retry_unread(self, registry: str | None) -> RetrySummary:
        tried = self._of(registry)
        read = [each for each in tried if self.is_readable(each.content or b"")]
        for each in read:
            del self._kept[each.entry.entry_id]
        return RetrySummary(tried=len(tried), read=len(read))

    def _of(self, registry: str | None) -> Sequence[OpenedEntry]:
        return [each for each in self._kept.values() if registry in {None, each.entry.registry}]
