"""Rely on a local copy of a register only as long as it is known to be up to date.

Where a copy was never loaded to its end, somebody may be in the register and not in the copy; where
it has grown too old, somebody may have declined meanwhile. Neither is found out by asking the copy.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from application.ports.registry_copies import (
    BUSINESSES,
    KRR,
    PROFILES,
    CopyStanding,
    NotReady,
    RegistryCopies,
    RegistryNotReadyError,
)
from domain.order.events import Consulted, Source

MAX_AGE: Final = timedelta(hours=72)
"""How old a copy may be where nobody says otherwise: as long as a register may be away over a weekend."""
_LOOK_AGAIN: Final = timedelta(seconds=1)
"""So long what was found out of the copies is taken to hold."""
_COPIES: Final[Mapping[Source, str]] = MappingProxyType(
    {
        Source.KRR: KRR,
        Source.BUSINESS_REGISTER: BUSINESSES,
        Source.LOGIN_SERVICE: PROFILES,
    }
)
"""What users registered for organisations is no copy, though files of it can be loaded: it stands here."""


def not_ready(standing: CopyStanding, now: datetime, max_age: timedelta) -> NotReady | None:
    """Why a copy cannot be relied on at a moment; None if it can."""
    if not standing.grows_old:
        return None
    if standing.confirmed_at is None:
        return NotReady.NEVER_LOADED
    return NotReady.TOO_OLD if now - standing.confirmed_at > max_age else None


def relied_on(standing: CopyStanding, now: datetime, max_age: timedelta) -> datetime:
    """As of when what a copy tells holds that is relied on at a moment.

    Raises:
        RegistryNotReadyError: it cannot be.
    """
    if (because := not_ready(standing, now, max_age)) is not None:
        raise RegistryNotReadyError(standing.registry, because)
    return standing.confirmed_at or now  # what does not grow old holds now


class UsableCopies:
    """Tells as of when an answer of each source holds, and refuses sources that cannot be relied on."""

    def __init__(
        self,
        copies: RegistryCopies,
        *,
        clock: Callable[[], datetime],
        max_age: timedelta = MAX_AGE,
    ) -> None:
        self._copies = copies
        self._clock = clock
        self._max_age = max_age
        self._looking = asyncio.Lock()
        self._known: Mapping[str, CopyStanding] = {}
        self._known_at: datetime | None = None

    async def consulted(self, needed: Collection[Source]) -> Mapping[Source, Consulted]:
        """As of when the answers of the sources that are needed hold.

        Raises:
            RegistryNotReadyError: one of them is a copy that was never loaded, or is too old.
            RegistryUnavailableError: it could not be found out; try again later.
        """
        if not needed:
            return {}
        now, copies = self._clock(), await self._standings()
        told: dict[Source, Consulted] = {}
        for source in needed:
            standing = copies.get(_COPIES[source]) if source in _COPIES else None
            if standing is None:
                # It is no copy, but the register itself.
                told[source] = Consulted(source=source, as_of=now)
                continue
            if (because := not_ready(standing, now, self._max_age)) is not None:
                raise RegistryNotReadyError(standing.registry, because)
            told[source] = Consulted(
                source=source, position=standing.position, as_of=standing.confirmed_at
            )
        return told

    async def not_ready(self, registry: str) -> NotReady | None:
        """Why the copy of a register cannot be relied on now; None if it can, or there is none.

        Raises:
            RegistryUnavailableError: it could not be found out; try again later.
        """
        standing = (await self._standings()).get(registry)
        return None if standing is None else not_ready(standing, self._clock(), self._max_age)

    async def _standings(self) -> Mapping[str, CopyStanding]:
        """How the copies stand; whoever asks at the same time asks once."""
        async with self._looking:
            now = self._clock()
            if self._known_at is None or not timedelta() <= now - self._known_at < _LOOK_AGAIN:
                standings = await self._copies.standings()
                self._known = {each.registry: each for each in standings}
                self._known_at = now
            return self._known
