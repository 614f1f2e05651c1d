"""Tell the register of changes to official addresses, until its own feed brings them.

That the register is told is recorded before it is; what becomes of it, afterwards. Whoever goes on where
another was killed finds at each step what there is to do, and where nobody knows whether the register took
a change, the feed decides.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, assert_never

import structlog

from application.delivery.usable_copies import MAX_AGE, relied_on
from application.ports.address_changes import AddressChanges
from application.ports.address_register import (
    AddressRegister,
    ChangeNotTaken,
    ChangeOutcome,
    ChangeRefused,
    ChangeTaken,
    ChangeUnknown,
)
from application.ports.official_addresses import OfficialAddresses
from application.ports.order_repository import StoreUnavailableError
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import BUSINESSES, CopyStanding
from domain.official_address import AddressChange, ChangeKind, ChangeState

log = structlog.get_logger()

PAUSE: Final = 5.0
"""Seconds between two looks at what there is to do."""
KEPT_FOR: Final = timedelta(days=90)
"""So long a change is known by its number when it has come to its end."""
LATE: Final = timedelta(days=1)
"""What has not come to its end by then is told to the operator each time it is looked at, and is an alarm."""
OVERSLEPT: Final = timedelta(minutes=1)
"""A process that has slept for so long since it recorded that it tells the register does not tell it."""
_AT_ONCE: Final = 100


class AddressWriter:
    """Carries changes to official addresses to the register; any number of processes may do it."""

    def __init__(
        self,
        *,
        changes: AddressChanges,
        addresses: OfficialAddresses,
        register: AddressRegister,
        clock: Callable[[], datetime],
        max_age: timedelta = MAX_AGE,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._changes = changes
        self._addresses = addresses
        self._register = register
        self._clock = clock
        self._max_age = max_age
        self._wait = wait
        self._is_late = False

    async def run(self) -> None:
        """Look after changes for ever."""
        while True:
            try:
                await self.look_after()
            except StoreUnavailableError:
                log.warning("address_changes_wait", because="store_unavailable")
            except Exception as error:  # noqa: BLE001  # whatever it is, it ends nobody else's work
                log.error("address_changes_broke", because=type(error).__name__)  # noqa: TRY400  # no trace
            await self._wait(PAUSE)

    async def look_after(self) -> int:
        """Do what is due; tell for how many changes something was done.

        Raises:
            StoreUnavailableError: try again later.
        """
        now = self._clock()
        await self._changes.forget(now - KEPT_FOR)
        done = 0
        for change in await self._changes.due(now, most=_AT_ONCE):
            try:
                done += await self._look_after(change)
            except RegistryUnavailableError as outage:
                log.warning("address_change_waits", change=change.change_id, because=str(outage))
                await self._changes.save(change.waiting(now), after=change.version)
        await self._watch()
        return done

    async def _watch(self) -> None:
        """Tell operators when the oldest change has waited for too long, and when none has any more."""
        standing, now = await self._changes.standing(), self._clock()
        waited = now - (standing.waiting_since or now)
        is_late, was_late, self._is_late = waited > LATE, self._is_late, waited > LATE
        if is_late and not was_late:
            log.critical(
                "address_changes_late",
                waiting=standing.waiting,
                oldest_seconds=round(waited.total_seconds()),
                refused=standing.refused,
                does="goes on; the addresses of before are used meanwhile",
                see="varsel registry status",
            )
        elif was_late and not is_late:
            log.info("address_changes_on_time", waiting=standing.waiting)

    async def _look_after(self, change: AddressChange) -> bool:
        now = self._clock()
        if now - change.requested_at > LATE:
            log.error(
                "address_change_late",
                change=change.change_id,
                organisation=change.organisation,
                state=change.state,
                attempts=change.attempts,
                does="goes on",
                see="whether the register takes changes, and whether its feed is read",
            )
        held = await self._addresses.of(change.organisation)
        standing = CopyStanding(registry=BUSINESSES, confirmed_at=held.read_at)
        read_at = relied_on(standing, now, self._max_age)
        judged = change.judged(held.addresses, read_at, now)
        if judged is not change:
            return await self._save(judged, change)
        told = change.told(now)
        # Who keeps this tells the register; another who had it in hand as well does not.
        if not await self._changes.save(told, after=change.version):
            return False
        if self._clock() - now > OVERSLEPT:
            return False  # the feed may have been asked meanwhile, and another may be telling it
        return await self._save(self._after(told, await self._tell(told)), told)

    async def _tell(self, change: AddressChange) -> ChangeOutcome:
        match change:
            case AddressChange(kind=ChangeKind.ADD, place=place) if place is not None:
                return await self._register.add(change.organisation, place)
            case AddressChange(kind=ChangeKind.REPLACE, place=place, registry_id=str(old)) if (
                place is not None
            ):
                return await self._register.replace(old, change.organisation, place)
            case AddressChange(kind=ChangeKind.REMOVE, registry_id=str(old)):
                return await self._register.remove(old)
            case _:
                return ChangeRefused("erased")

    def _after(self, told: AddressChange, outcome: ChangeOutcome) -> AddressChange:
        now = self._clock()
        match outcome:
            case ChangeTaken(registry_id=registry_id):
                return told.taken(registry_id, now)
            case ChangeRefused(code=code):
                return told.refused(code)
            case ChangeNotTaken(again_in=again_in):
                return told.put_off(now, again_in)
            case ChangeUnknown():
                return told
            case _:
                assert_never(outcome)

    async def _save(self, change: AddressChange, before: AddressChange) -> bool:
        if change is before:
            return True
        has_moved = await self._changes.save(change, after=before.version)
        if has_moved and change.state is not before.state:
            log.info(
                "address_change_moved",
                change=change.change_id,
                organisation=change.organisation,
                kind=change.kind,
                state=change.state,
                attempts=change.attempts,
                because=change.refusal if change.state is ChangeState.REFUSED else None,
            )
        return has_moved
