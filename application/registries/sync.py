"""Follow each register's own feed, one process at a time, and say so when a copy grows old.

    due ──claim──▶ followed page by page ──end──▶ due again after the interval
                        └────────fails────▶ due again after a pause that grows, up to the interval

The lease keeps two processes from doing the same work; nothing more hangs on it. A page goes into its
copy whole, together with the position after it, and what is newer wins: whoever takes a page that
another has taken changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from application.delivery.usable_copies import MAX_AGE, not_ready
from application.ports.order_repository import StoreUnavailableError
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import CopyStanding, NotReady, RegistryCopies
from application.ports.registry_feed import (
    PageTaken,
    RegistryFeed,
    UnansweredFeedError,
    UnreadableFeedError,
)
from application.ports.sync_schedule import CopyAlarm, SyncSchedule, SyncTurn

log = structlog.get_logger()

INTERVAL: Final = timedelta(minutes=10)
"""Between two looks at a register whose end was reached."""
LONGEST_WAIT: Final = timedelta(minutes=10)
"""For so long a command waits for a register that asks it to wait."""
MOST_TRIES: Final = 6
"""How often a command asks a register that asks it to wait, without one page in between."""
_LEASE: Final = timedelta(minutes=3)
"""Beyond all that one page can take; a holder that died is followed by another after so long."""
_FIRST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(hours=1)
"""A register that wants to be left alone for longer is asked again all the same."""
_JITTER: Final = 0.25
_LATE: Final = 6
"""A copy that follows a feed is old when so many looks have been in vain …"""
_SOON: Final = timedelta(minutes=5)
"""… and not sooner than this."""
_POLL: Final = 2.0
_WATCH: Final = 30.0


@dataclass(slots=True)
class Progress:
    """How far a following of a register has come."""

    pages: int = 0
    written: int = 0
    removed: int = 0
    quarantined: int = 0
    nobodys: int = 0
    position: str | None = None
    newest: str | None = None

    def take(self, page: PageTaken) -> None:
        """Count a page."""
        self.pages += 1
        self.written += page.written
        self.removed += page.removed
        self.quarantined += page.quarantined
        self.nobodys += page.nobodys
        self.position, self.newest = page.position, page.newest


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPolicy:
    """How often registers are asked, and when a copy is too old."""

    interval: timedelta = INTERVAL
    max_age: timedelta = MAX_AGE

    def alarm(
        self, standing: CopyStanding, turn: SyncTurn | None, now: datetime, *, has_feed: bool
    ) -> CopyAlarm:
        """What operators are to be told of a copy.

        One that was never loaded is worth an alarm where it should follow a feed and has failed to
        for as long as would make it old.
        """
        usual = self.max_age / 2
        if has_feed:
            usual = min(usual, max(_LATE * self.interval, _SOON))
        match not_ready(standing, now, self.max_age):
            case NotReady.TOO_OLD:
                return CopyAlarm.NOT_READY
            case NotReady.NEVER_LOADED:
                since = None if turn is None else turn.failing_since
                is_late = has_feed and since is not None and now - since > usual
                return CopyAlarm.NOT_READY if is_late else CopyAlarm.NONE
            case None:
                is_old = standing.grows_old and now - (standing.confirmed_at or now) > usual
                return CopyAlarm.OLD if is_old else CopyAlarm.NONE


class TakenOverError(Exception):
    """Another process follows the register now, since this one took too long."""


_TELLABLE: Final = (
    RegistryUnavailableError,
    UnreadableFeedError,
    UnansweredFeedError,
    TakenOverError,
)
"""Whose text is one line for operators."""


class RegistrySync:
    """Brings each copy that has a feed up to date, in time and when asked."""

    def __init__(
        self,
        *,
        feeds: Sequence[RegistryFeed],
        schedule: SyncSchedule,
        copies: RegistryCopies,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        process: str,
        policy: SyncPolicy,
    ) -> None:
        self._feeds = {each.registry: each for each in feeds}
        self._schedule = schedule
        self._copies = copies
        self._clock = clock
        self._chance = chance
        self._process = process
        self._policy = policy

    async def run(self) -> None:
        """Follow each register in time, and watch the copies, until cancelled; no trouble ends it."""
        await asyncio.gather(
            self._over_and_over(self.watch, _WATCH),
            *(self._over_and_over(partial(self._follow, each), _POLL) for each in self._feeds),
        )

    async def sync(
        self,
        registry: str,
        *,
        again: bool = False,
        told: Callable[[Progress], None] = lambda _: None,
        waits: Callable[[], None] = lambda: None,
    ) -> Progress:
        """Bring a copy up to date now, though it is not due; `told` hears of each page.

        Where another process is at it already it is waited for, and `waits` is called meanwhile. A
        register that asks us to wait is asked again when it says.

        Raises:
            RegistryUnavailableError, UnreadableFeedError, UnansweredFeedError: it could not be; what
                was taken before stays.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        done, tries = Progress(), 0
        while True:
            if (turn := await self._claim(registry, is_early=True)) is None:
                waits()
                await asyncio.sleep(1)
                continue
            before = done.pages
            try:
                await self._take_turn(turn, done, again=again, told=told)
            except RegistryUnavailableError as outage:
                tries = 1 if done.pages > before else tries + 1
                pause = outage.again_in
                if pause is None or pause > LONGEST_WAIT.total_seconds() or tries == MOST_TRIES:
                    raise
                log.warning("registry_asked_again", because=str(outage), seconds=round(pause))
                await asyncio.sleep(pause)
            except TakenOverError:
                continue
            else:
                return done

    async def sync_due(self) -> None:
        """Follow each register that is due, once."""
        await asyncio.gather(*map(self._follow, self._feeds))

    async def watch(self) -> None:
        """Tell operators of copies that have grown old, each once, and of those that are up to date again."""
        now = self._clock()
        turns = {each.registry: each for each in await self._schedule.turns()}
        for standing in await self._copies.standings():
            turn = turns.get(standing.registry)
            has_feed = standing.registry in self._feeds
            alarm = self._policy.alarm(standing, turn, now, has_feed=has_feed)
            before = CopyAlarm.NONE if turn is None else turn.alarm
            if alarm is not before and await self._schedule.tell(standing.registry, alarm):
                self._tell(standing, alarm, turn)

    async def _over_and_over(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await work()
            except (StoreUnavailableError, RegistryUnavailableError):
                log.warning("store_unavailable", does="waits, then looks at the copies again")
            except Exception as error:  # noqa: BLE001  # whatever it is, it ends nobody else's work
                log.error("registry_sync_broke", because=type(error).__name__)  # noqa: TRY400  # no trace
            await asyncio.sleep(seconds)

    async def _claim(self, registry: str, *, is_early: bool = False) -> SyncTurn | None:
        now = self._clock()
        return await self._schedule.claim(
            registry, holder=self._process, now=now, until=now + _LEASE, is_early=is_early
        )

    async def _follow(self, registry: str) -> None:
        """Follow a register if it is due; what goes wrong is written down with its turn, which comes again."""
        if (turn := await self._claim(registry)) is None:
            return
        done = Progress()
        try:
            await self._take_turn(turn, done)
        except Exception as error:  # noqa: BLE001  # it is this register's trouble, and no other work's
            log.warning("registry_sync_failed", registry=registry, because=_why(error))
        else:
            # A look that found nothing new is no news.
            tell = log.info if done.written or done.removed or done.quarantined else log.debug
            tell(
                "registry_synced",
                registry=registry,
                pages=done.pages,
                written=done.written,
                removed=done.removed,
                quarantined=done.quarantined,
            )

    async def _take_turn(
        self,
        turn: SyncTurn,
        done: Progress,
        *,
        again: bool = False,
        told: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Follow a register to its end, and write down what came of it."""
        try:
            async with aclosing(self._feeds[turn.registry].follow(again=again)) as pages:
                async for page in pages:
                    done.take(page)
                    told(done)
                    turn = await self._kept(turn, _goes_well(turn, self._clock() + _LEASE))
        except TakenOverError:
            raise
        except asyncio.CancelledError:
            # Another process goes on from here at once.
            with suppress(StoreUnavailableError):
                await self._schedule.keep(turn, _given_back(turn, self._clock()))
            raise
        except Exception as error:
            # What cannot be written down either is taken up when the lease ends.
            with suppress(StoreUnavailableError):
                await self._schedule.keep(turn, self._failed(turn, error))
            raise
        due_at = self._clock() + self._policy.interval
        await self._kept(turn, _given_back(_goes_well(turn, None), due_at))

    async def _kept(self, turn: SyncTurn, after: SyncTurn) -> SyncTurn:
        if not await self._schedule.keep(turn, after):
            raise TakenOverError("another process follows it now")
        return after

    def _failed(self, turn: SyncTurn, error: Exception) -> SyncTurn:
        """Have a register asked again after a pause that grows, or when it says itself."""
        now = self._clock()
        pause = min(_FIRST_PAUSE * 2 ** min(turn.failures, 20), self._policy.interval)
        again_in = error.again_in if isinstance(error, RegistryUnavailableError) else None
        if again_in is not None:
            pause = min(timedelta(seconds=again_in), _LONGEST_PAUSE)
        return replace(
            _given_back(turn, now + pause * (1 + _JITTER * self._chance())),
            failures=turn.failures + 1,
            failing_since=turn.failing_since or now,
            failure=_why(error),
        )

    def _tell(self, standing: CopyStanding, alarm: CopyAlarm, turn: SyncTurn | None) -> None:
        told = {
            "registry": standing.registry,
            "confirmed_at": _written(standing.confirmed_at),
            "because": None if turn is None else turn.failure,
            "see": "varsel registry status",
        }
        match alarm:
            case CopyAlarm.NONE:
                log.info("registry_copy_up_to_date", **told)
            case CopyAlarm.OLD:
                until = (standing.confirmed_at or self._clock()) + self._policy.max_age
                log.critical("registry_copy_old", **told, can_be_relied_on_until=_written(until))
            case CopyAlarm.NOT_READY:
                does = "orders that need it are refused, and those that are due wait"
                log.critical("registry_copy_not_ready", **told, does=does)


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, _TELLABLE) else type(error).__name__


def _goes_well(turn: SyncTurn, leased_until: datetime | None) -> SyncTurn:
    return replace(turn, leased_until=leased_until, failures=0, failing_since=None, failure=None)


def _given_back(turn: SyncTurn, due_at: datetime) -> SyncTurn:
    return replace(turn, due_at=due_at, holder=None, leased_until=None)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
