"""Which owners an operator has stopped, as every process knows it within a second."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import OwnerLedger

log = structlog.get_logger()

_LOOK_AGAIN: Final = timedelta(seconds=1)
_LOOKS: Final = 1.0
"""Seconds that whoever asks waits for it."""


class SuspendedOwners:
    """Looks at the ledger once a second, however often it is asked."""

    def __init__(self, ledger: OwnerLedger, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._stopped: Mapping[str, str] = {}
        self._looked_at: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    async def includes(self, owner: str) -> bool:
        """Whether an owner is stopped, as far as is known; nobody waits long to learn it anew."""
        now = self._clock()
        if self._looked_at is None or not self._looked_at <= now < self._looked_at + _LOOK_AGAIN:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look(now))
            await asyncio.wait({self._looking}, timeout=_LOOKS)
        return owner.lower() in self._stopped

    async def _look(self, now: datetime) -> None:
        try:
            self._stopped = await self._ledger.stopped()
        except StoreUnavailableError:
            log.warning("store_unavailable", does="goes on with the stops that it knows of")
        self._looked_at = now
