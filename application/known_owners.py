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
        self._names: Mapping[str, str] = {}
        self._position = 0
        self._looked_at: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Look once a second until cancelled, for those who ask without waiting."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOKS)

    async def of(self, owner: str) -> OwnerRecord:
        """An owner's record, as far as it is known; nobody waits long to learn it again."""
        await self.look()
        return self.now(owner)

    def now(self, owner: str) -> OwnerRecord:
        """An owner's record as it was known last; nobody waits."""
        key = owner_key(owner)
        return self._records.get(key) or OwnerRecord(owner=key)

    def short_name(self, organisation: str) -> str | None:
        """The short name of an organisation that may order here, as it was known last."""
        return self._names.get(organisation)

    def may_order(self, short_name: str) -> bool:
        """Whether somebody of that short name may order here, as it was known last."""
        registration = self.now(short_name).registration
        return registration is not None and registration.name == short_name

    async def is_suspended(self, owner: str) -> bool:
        """Whether nothing of an owner is taken in or handed over."""
        return (await self.of(owner)).suspended_because is not None

    async def look(self) -> None:
        """Read what is new, unless that was done within the last second; nobody waits long for it."""
        now = self._clock()
        if self._looked_at is None or not self._looked_at <= now < self._looked_at + _LOOK_AGAIN:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_now(now))
            await asyncio.wait({self._looking}, timeout=_LOOKS)

    async def read(self) -> None:
        """Read what is new, however long it takes.

        Raises:
            StoreUnavailableError: the store cannot be reached; what was known before is known still.
        """
        entries = await self._log.after(self._position)
        self._records = evolved(self._records, entries)
        self._names = {
            organisation: each.registration.name
            for each in self._records.values()
            if each.registration is not None
            for organisation in each.registration.organisations
        }
        self._position = max((each.position for each in entries), default=self._position)

    async def _look_now(self, now: datetime) -> None:
        try:
            await self.read()
        except StoreUnavailableError:
            log.warning("store_unavailable", does="goes on with what it knows of the owners")
        except Exception as problem:  # noqa: BLE001  # whatever it is, it is looked again in a second
            log.error("owners_not_read", because=type(problem).__name__)  # noqa: TRY400  # no trace
        self._looked_at = now
