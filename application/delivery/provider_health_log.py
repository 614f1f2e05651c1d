"""Put each shift of a provider's weight on record, beside the hand-overs and never in their way."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from application.delivery.provider_selection import ProviderSelector
from application.ports.order_repository import StoreUnavailableError
from application.ports.provider_ledger import ProviderHealthLog, WeightChange

log = structlog.get_logger()

EVERY: Final = 5.0
"""Seconds after which a process notes what has shifted, and that it is there."""
_MOST: Final = 1000
"""Of what waits for the database no more is kept; the oldest go first, and stand in the log alone."""
_LAST: Final = 1.0
"""Seconds that the end of a process waits for its last shifts to be noted."""


class ProviderHealthRecorder:
    """Notes what shifts in one process; a choice of providers knows nothing of it.

    A process begins with every weight as it is, so that it can be told from one that has ended.
    """

    def __init__(
        self,
        *,
        ledger: ProviderHealthLog,
        choice: ProviderSelector,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
        process: str,
    ) -> None:
        self._ledger = ledger
        self._choice = choice
        self._clock = clock
        self._next_id = next_id
        self._process = process
        began = clock()
        self._waiting: deque[tuple[UUID, WeightChange]] = deque(
            (
                (next_id(), WeightChange(provider=name, weight=weight, reason="started", at=began))
                for name, weight in choice.weights.items()
            ),
            maxlen=_MOST,
        )

    async def run(self, *, every: float = EVERY) -> None:
        """Note what shifts until cancelled, whatever happens; nothing else may suffer from it."""
        try:
            while True:
                try:
                    await self.note()
                except StoreUnavailableError:
                    log.warning("store_unavailable", does="notes shifts later")
                except Exception as error:  # noqa: BLE001  # it ends no process that hands over
                    log.error("shifts_not_noted", because=type(error).__name__)  # noqa: TRY400
                await asyncio.sleep(every)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(_LAST):
                    await self.note()

    async def note(self) -> None:
        """Note what has shifted since the last time, and that this process is there.

        Raises:
            StoreUnavailableError: it is noted the next time, in the same order.
        """
        shifts = self._choice.shifts
        while shifts:
            self._waiting.append((self._next_id(), shifts.popleft()))
        await self._ledger.note(self._process, dict(self._waiting), self._clock())
        self._waiting.clear()
