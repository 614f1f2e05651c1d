"""Every owner's record as this process knows it: as it stood in the log within the last second."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_records import OwnerRecords, evolved
from domain.owner.record import OwnerRecord, owner_key

log = structlog.get_logger()

_LOOK_AGAIN: Final = timedelta(seconds=1)
_LOOKS: Final = 1.0
"""Seconds that whoever asks waits for it."""


class KnownOwners:
    """Follows the log once a second, however often it is asked."""

    def __init__(self, records: OwnerRecords, clock: Callable[[], datetime]) -> None:
        self._log = records
        self._clock = clock
        self._records: Mapping[str, OwnerRecord] = {}
        self._position = 0
        self._looked_at: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    async def of(self, owner: str) -> OwnerRecord:
        """An owner's record, as far as it is known; nobody waits long to learn it anew."""
        await self._look()
        key = owner_key(owner)
        return self._records.get(key) or OwnerRecord(owner=key)

    async def is_suspended(self, owner: str) -> bool:
        """Whether nothing of an owner is taken in or handed over."""
        return (await self.of(owner)).suspended_because is not None

    async def _look(self) -> None:
        now = self._clock()
        if self._looked_at is None or not self._looked_at <= now < self._looked_at + _LOOK_AGAIN:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._follow(now))
            await asyncio.wait({self._looking}, timeout=_LOOKS)

    async def _follow(self, now: datetime) -> None:
        try:
            entries = await self._log.after(self._position)
            self._records = evolved(self._records, entries)
            self._position = max((each.position for each in entries), default=self._position)
        except StoreUnavailableError:
            log.warning("store_unavailable", does="goes on with what it knows of the owners")
        self._looked_at = now
