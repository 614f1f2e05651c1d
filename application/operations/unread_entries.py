"""What of the registers could not be read, as an operator sees it and has it tried again.

What an entry says may be about a person: who opens one gives a reason, which is on record before.
"""

from collections.abc import Callable, Sequence

from application.envelope import Actor
from application.operations.recorder import ActRecorder
from application.ports.unread_entries import (
    OpenedEntry,
    RetrySummary,
    UnreadEntries,
    UnreadEntry,
)
from domain.operations.acts import RegistryEntryRead, RegistryRetryBegun
from domain.recipient import Organisation, Person


class UnreadEntryService:
    """Shows what could not be read, and has it tried again."""

    def __init__(
        self,
        *,
        entries: UnreadEntries,
        recorder: ActRecorder,
        identity_hash: Callable[[Person | Organisation], str],
    ) -> None:
        self._entries = entries
        self._recorder = recorder
        self._identity_hash = identity_hash

    async def unread(self, registry: str | None, most: int) -> Sequence[UnreadEntry]:
        """Those that have stood there for longest; nothing of what they say."""
        return await self._entries.unread(registry, most)

    async def open(self, entry_id: int, *, by: Actor, reason: str) -> OpenedEntry | None:
        """An entry as it came; None if there is none of that number, and then nothing is on record.

        Raises:
            ReasonMissingError: nobody would know why; nothing is told.
            StoreUnavailableError: try again later.
        """
        found = await self._entries.unread_entry(entry_id)
        if found is None:
            return None
        act = RegistryEntryRead(
            registry=found.entry.registry,
            entry_id=entry_id,
            identity_hash=None if found.about is None else self._identity_hash(found.about),
        )
        await self._recorder.record(act, by=by, reason=reason)
        return found

    async def retry(
        self, registry: str | None, *, by: Actor, reason: str | None = None
    ) -> RetrySummary:
        """Try again what could not be read, of one registry or of all.

        Raises:
            StoreUnavailableError: try again later; what was tried before stays.
        """
        await self._recorder.record(RegistryRetryBegun(registry=registry), by=by, reason=reason)
        return await self._entries.retry_unread(registry)
