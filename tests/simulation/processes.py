"""Processes that may die at each step, and ports that fail by a plan."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final, TypeVar

from application.envelope import Actor, PendingEvents, Recorded, RecordedOfProfile
from application.ports.address_changes import AddressChanges, ChangesStanding
from application.ports.agenda import Agenda, InHand, Lease, Wait
from application.ports.decision_point import DecisionPoint, Question
from application.ports.order_repository import OrderRepository, Spoilt, StoreUnavailableError
from application.ports.profiles import ProfileIndex, ProfileRepository, Registered
from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    OutboundMessage,
    Outcome,
    OutcomeLookup,
    Told,
)
from application.ports.registries import PersonRegistry, RegistryUnavailableError
from application.ports.registry_feed import PageTaken, RegistryFeed
from application.ports.report_inbox import (
    Matched,
    Report,
    ReportId,
    ReportInbox,
    reporting_name,
)
from application.ports.send_condition import NoAnswer
from application.ports.suppressions import BouncedAddress, Suppressions
from application.ports.sync_schedule import CopyAlarm, SyncSchedule, SyncTurn
from domain.authority import Decision
from domain.channel import Channel
from domain.contact_point import AddressKey, PersonRecord
from domain.official_address import AddressChange, ChangeId, WantedChange
from domain.order.events import Failure, OrderId, ReportedState
from domain.order.order import Order
from domain.profile.events import ProfileEvent
from domain.profile.profile import Profile, ProfileId
from domain.recipient import OrganisationNumber

T = TypeVar("T")
_OVERSLEPT: Final = timedelta(minutes=11)


class KilledError(Exception):
    """The process is dead; nothing that it does has an effect any more."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """How likely each fault is, at each step at which it can happen."""

    crash: float = 0.004
    store: float = 0.01
    pause: float = 0.01
    oversleeps: float = 0.05
    """A process that is about to record that it tells a register something."""
    registry: float = 0.03
    authority: float = 0.6
    register_away: float = 0.15
    register_refuses: float = 0.08
    register_silent: float = 0.25
    """Half of what it says nothing of it has taken."""
    accepted: float = 0.70
    deferred: float = 0.10
    rejected: float = 0.04
    """What is left: nobody can tell, and half of that was taken."""
    hang: float = 0.04
    reported: float = 0.9
    doubled: float = 0.2
    contradicted: float = 0.1


CALM = Plan(
    crash=0,
    store=0,
    pause=0,
    oversleeps=0,
    registry=0,
    authority=0,
    register_away=0,
    register_refuses=0,
    register_silent=0,
    accepted=1,
    deferred=0,
    rejected=0,
    hang=0,
    reported=0,
)
"""Nothing goes wrong any more."""
STEADY = Plan(crash=0, pause=0, oversleeps=0, store=0.1)
"""No process dies or sleeps beyond its leases; everything else goes wrong, the store above all."""


@dataclass(slots=True)
class Dice:
    """Where everything that happens by chance comes from, and how many steps were made."""

    random: Random
    plan: Plan = field(default_factory=Plan)
    steps: int = 0
    processes: int = 0
    crashes: int = 0
    faults: int = 0

    def falls(self, chance: float) -> bool:
        """Whether something that likely happens now."""
        return chance > 0 and self.random.random() < chance

    def fault(self, chance: float) -> bool:
        """Whether something goes wrong now."""
        is_wrong = self.falls(chance)
        self.faults += is_wrong
        return is_wrong


class Process:
    """One process of the service: alive until it dies at one of its steps."""

    def __init__(self, name: str, dice: Dice) -> None:
        self.name = name
        dice.processes += 1
        self.number = dice.processes
        """Which one it is of all that were started; no other is taken for it."""
        self.is_alive = True
        self._dice = dice

    async def step(self, effect: Callable[[], Awaitable[T]], *, may_pause: bool = True) -> T:
        """Do something to the world; the process may pause before it, and die before or after it."""
        self._check()
        dice = self._dice
        dice.steps += 1
        if may_pause and dice.falls(dice.plan.pause):
            await asyncio.sleep(dice.random.choice((1.0, 12.0, 25.0, 40.0, 700.0)))
            self._check()
        if dice.falls(dice.plan.crash):
            self.die()
        done = await effect()
        self._check()
        if dice.falls(dice.plan.crash):
            self.die()
        return done

    def die(self) -> None:
        """Die at once.

        Raises:
            KilledError: always.
        """
        self._dice.crashes += 1
        self.is_alive = False
        raise KilledError

    def _check(self) -> None:
        if not self.is_alive:
            raise KilledError


class FaultyOrders:
    """A store that may be away, and whose answer may be lost after it has done what was asked."""

    def __init__(self, orders: OrderRepository, process: Process, dice: Dice) -> None:
        self._orders = orders
        self._process = process
        self._dice = dice

    async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
        async def effect() -> Sequence[Order]:
            self._fail()
            orders = await self._orders.append(changes, by=by)
            self._fail()
            return orders

        return await self._process.step(effect)

    async def confirm(self) -> None:
        await self._read(self._orders.confirm)

    async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        return await self._read(lambda: self._orders.load(order_ids))

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        return await self._read(lambda: self._orders.history(order_id))

    async def histories(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        return await self._read(lambda: self._orders.histories(order_ids))

    async def outlines(
        self, order_ids: Sequence[OrderId]
    ) -> Mapping[OrderId, Sequence[Recorded] | Spoilt]:
        return await self._read(lambda: self._orders.outlines(order_ids))

    async def _read(self, effect: Callable[[], Awaitable[T]]) -> T:
        async def read() -> T:
            self._fail()
            return await effect()

        return await self._process.step(read)

    def _fail(self) -> None:
        if self._dice.fault(self._dice.plan.store):
            raise StoreUnavailableError


class FaultyAgenda:
    """An agenda that is away when its store is."""

    def __init__(self, agenda: Agenda, process: Process, dice: Dice) -> None:
        self._agenda = agenda
        self._process = process
        self._dice = dice

    async def claim(
        self,
        *,
        limit: int,
        worker: str,
        now: datetime,
        lease: timedelta,
        held: InHand | None = None,
    ) -> Mapping[OrderId, Lease]:
        async def effect() -> Mapping[OrderId, Lease]:
            self._fail()
            claimed = await self._agenda.claim(
                limit=limit, worker=worker, now=now, lease=lease, held=held
            )
            self._fail()
            return claimed

        return await self._process.step(effect)

    async def keep(self, order_ids: Sequence[OrderId], *, worker: str, until: datetime) -> None:
        async def effect() -> None:
            self._fail()
            await self._agenda.keep(order_ids, worker=worker, until=until)

        await self._process.step(effect)

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        async def effect() -> None:
            self._fail()
            await self._agenda.release(order_ids, worker=worker)

        await self._process.step(effect)

    async def claim_redeliveries(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        async def effect() -> Mapping[OrderId, Lease]:
            self._fail()
            return await self._agenda.claim_redeliveries(
                limit=limit, worker=worker, now=now, lease=lease
            )

        return await self._process.step(effect)

    async def claim_overdue(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        async def effect() -> Mapping[OrderId, Lease]:
            self._fail()
            return await self._agenda.claim_overdue(
                limit=limit, worker=worker, now=now, lease=lease
            )

        return await self._process.step(effect)

    async def has_redeliveries(self, now: datetime) -> bool:
        return await self._process.step(lambda: self._agenda.has_redeliveries(now))

    async def reschedule(self, waits: Sequence[Wait]) -> None:
        async def effect() -> None:
            self._fail()
            await self._agenda.reschedule(waits)

        await self._process.step(effect)

    async def waiting(self) -> Mapping[str, int]:
        return await self._process.step(self._agenda.waiting)

    async def waits_for(self, order_id: OrderId) -> str | None:
        return await self._process.step(lambda: self._agenda.waits_for(order_id))

    async def release_unacknowledged(self, held: Collection[OrderId], *, worker: str) -> None:
        async def effect() -> None:
            self._fail()
            await self._agenda.release_unacknowledged(held, worker=worker)

        await self._process.step(effect)

    async def quarantined(self) -> Sequence[OrderId]:
        return await self._process.step(self._agenda.quarantined)

    async def retry(self, order_id: OrderId) -> bool:
        return await self._process.step(lambda: self._agenda.retry(order_id))

    async def next_due(self) -> datetime | None:
        return await self._process.step(self._agenda.next_due)

    async def wait(self, seconds: float) -> None:
        await self._agenda.wait(seconds)

    async def age(self) -> timedelta:
        return await self._process.step(self._agenda.age)

    def _fail(self) -> None:
        if self._dice.fault(self._dice.plan.store):
            raise StoreUnavailableError


class FaultyInbox:
    """An inbox that is away when its store is."""

    def __init__(self, inbox: ReportInbox, process: Process, dice: Dice) -> None:
        self._inbox = inbox
        self._process = process
        self._dice = dice

    async def keep(self, reports: Sequence[Report]) -> None:
        async def effect() -> None:
            self._fail()
            await self._inbox.keep(reports)
            self._fail()

        await self._process.step(effect)

    async def matched(self, limit: int, *, but_of: Collection[OrderId] = ()) -> Sequence[Matched]:
        async def effect() -> Sequence[Matched]:
            self._fail()
            return await self._inbox.matched(limit, but_of=but_of)

        return await self._process.step(effect)

    async def settle(self, report_ids: Sequence[ReportId]) -> None:
        async def effect() -> None:
            self._fail()
            await self._inbox.settle(report_ids)

        await self._process.step(effect)

    async def wait(self, seconds: float) -> None:
        await self._inbox.wait(seconds)

    def _fail(self) -> None:
        if self._dice.fault(self._dice.plan.store):
            raise StoreUnavailableError


class FaultyPersons:
    """A register of persons that is away at times."""

    def __init__(self, persons: PersonRegistry, process: Process, dice: Dice) -> None:
        self._persons = persons
        self._process = process
        self._dice = dice

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        async def effect() -> Mapping[str, PersonRecord]:
            if self._dice.fault(self._dice.plan.registry):
                raise RegistryUnavailableError("persons")
            return await self._persons.find(numbers)

        return await self._process.step(effect)


class FaultyDecisionPoint:
    """A decision point that is away at times, also for long, and at others answers for some alone."""

    def __init__(self, decision_point: DecisionPoint, process: Process, dice: Dice) -> None:
        self._decision_point = decision_point
        self._process = process
        self._dice = dice

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        async def effect() -> Mapping[Question, Decision]:
            decided = dict(await self._decision_point.decide(questions))
            if self._dice.fault(self._dice.plan.authority):
                is_partly = self._dice.falls(0.3)
                for each in questions:
                    if not is_partly or self._dice.falls(0.5):
                        decided[each] = Decision.NOT_ASKED
            return decided

        return await self._process.step(effect)


class FaultyFeed:
    """The feed of a register that is away at times, and for as long as the plan of an episode says."""

    def __init__(
        self, feed: RegistryFeed, process: Process, dice: Dice, *, is_away: Callable[[], bool]
    ) -> None:
        self._feed = feed
        self._process = process
        self._dice = dice
        self._is_away = is_away

    @property
    def registry(self) -> str:
        return self._feed.registry

    async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        async with aclosing(self._feed.follow(again=again)) as pages:
            is_over = False
            while not is_over:
                page = await self._process.step(partial(self._next, pages))
                is_over = page is None
                if page is not None:
                    yield page

    async def _next(self, pages: AsyncGenerator[PageTaken, None]) -> PageTaken | None:
        if self._is_away() or self._dice.fault(self._dice.plan.registry):
            raise RegistryUnavailableError(self.registry)
        return await anext(pages, None)


class FaultyChanges:
    """Changes of addresses whose store may be away or slow, and whose answer may be lost."""

    def __init__(
        self,
        changes: AddressChanges,
        process: Process,
        dice: Dice,
        *,
        passes: Callable[[timedelta], None],
    ) -> None:
        """`passes` lets time pass for everybody."""
        self._changes = changes
        self._process = process
        self._dice = dice
        self._passes = passes

    async def of(self, organisation: OrganisationNumber) -> Sequence[AddressChange]:
        return await self._done(lambda: self._changes.of(organisation))

    async def add(
        self, wanted: WantedChange, *, after: ChangeId | None, now: datetime
    ) -> AddressChange:
        return await self._done(lambda: self._changes.add(wanted, after=after, now=now))

    async def save(self, change: AddressChange, *, after: int) -> bool:
        if self._dice.falls(self._dice.plan.oversleeps):
            self._passes(_OVERSLEPT)
        return await self._done(lambda: self._changes.save(change, after=after))

    async def due(self, now: datetime, *, most: int) -> Sequence[AddressChange]:
        return await self._done(lambda: self._changes.due(now, most=most))

    async def forget(self, before: datetime) -> None:
        await self._done(lambda: self._changes.forget(before))

    async def standing(self) -> ChangesStanding:
        return await self._done(self._changes.standing)

    async def _done(self, call: Callable[[], Awaitable[T]]) -> T:
        async def effect() -> T:
            _fail(self._dice)
            done = await call()
            _fail(self._dice)
            return done

        return await self._process.step(effect)


class FaultyProfiles:
    """Profiles whose store may be away, and whose answer may be lost."""

    def __init__(self, profiles: ProfileRepository, process: Process, dice: Dice) -> None:
        self._profiles = profiles
        self._process = process
        self._dice = dice

    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        async def effect() -> Profile:
            _fail(self._dice)
            left = await self._profiles.append(profile, events, by=by)
            _fail(self._dice)
            return left

        return await self._process.step(effect)

    async def load(self, profile_id: ProfileId) -> Profile:
        return await self._read(lambda: self._profiles.load(profile_id))

    async def load_all(self, profile_ids: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        return await self._read(lambda: self._profiles.load_all(profile_ids))

    async def history(self, profile_id: ProfileId) -> Sequence[RecordedOfProfile]:
        return await self._read(lambda: self._profiles.history(profile_id))

    async def _read(self, effect: Callable[[], Awaitable[T]]) -> T:
        async def read() -> T:
            _fail(self._dice)
            return await effect()

        return await self._process.step(read)


class FaultyIndex:
    """What persons registered, found by organisation; it is away when its store is."""

    def __init__(self, index: ProfileIndex, process: Process, dice: Dice) -> None:
        self._index = index
        self._process = process
        self._dice = dice

    async def registered_for(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Sequence[Registered]:
        async def effect() -> Sequence[Registered]:
            _fail(self._dice)
            return await self._index.registered_for(organisations)

        return await self._process.step(effect)


class FaultySuppressions:
    """What bounced, which cannot be told when the store is away; a lift may be done and its answer lost."""

    def __init__(
        self,
        suppressions: Suppressions,
        process: Process,
        dice: Dice,
        *,
        lifted: Callable[[str, datetime], None],
    ) -> None:
        """Tell of each lift that was done, by the address's hash and up to when."""
        self._suppressions = suppressions
        self._process = process
        self._dice = dice
        self._lifted = lifted

    def address_hash(self, address: AddressKey) -> str:
        return self._suppressions.address_hash(address)

    async def bounced(
        self, addresses: Collection[AddressKey], *, since: datetime
    ) -> Mapping[AddressKey, datetime]:
        async def effect() -> Mapping[AddressKey, datetime]:
            _fail(self._dice)
            return await self._suppressions.bounced(addresses, since=since)

        return await self._process.step(effect)

    async def latest(self, *, since: datetime, most: int) -> Sequence[BouncedAddress]:
        return await self._process.step(lambda: self._suppressions.latest(since=since, most=most))

    async def lift(self, address_hash: str, *, at: datetime) -> None:
        async def effect() -> None:
            _fail(self._dice)
            await self._suppressions.lift(address_hash, at=at)
            self._lifted(address_hash, at)
            _fail(self._dice)

        await self._process.step(effect)


def _fail(dice: Dice) -> None:
    if dice.fault(dice.plan.store):
        raise StoreUnavailableError


class FaultySchedule:
    """A schedule of the feeds that is away when its store is."""

    def __init__(self, schedule: SyncSchedule, process: Process, dice: Dice) -> None:
        self._schedule = schedule
        self._process = process
        self._dice = dice

    async def claim(
        self,
        registry: str,
        *,
        holder: str,
        now: datetime,
        until: datetime,
        is_early: bool = False,
    ) -> SyncTurn | None:
        async def effect() -> SyncTurn | None:
            self._fail()
            return await self._schedule.claim(
                registry, holder=holder, now=now, until=until, is_early=is_early
            )

        return await self._process.step(effect)

    async def keep(self, lent: SyncTurn, after: SyncTurn) -> bool:
        async def effect() -> bool:
            self._fail()
            return await self._schedule.keep(lent, after)

        return await self._process.step(effect)

    async def turns(self) -> Sequence[SyncTurn]:
        return await self._process.step(self._schedule.turns)

    async def tell(self, registry: str, alarm: CopyAlarm) -> bool:
        return await self._process.step(lambda: self._schedule.tell(registry, alarm))

    def _fail(self) -> None:
        if self._dice.fault(self._dice.plan.store):
            raise StoreUnavailableError


class FaultyCondition:
    """Senders' endpoints: most say yes."""

    def __init__(self, process: Process, dice: Dice) -> None:
        self._process = process
        self._dice = dice

    async def check(self, url: str, *, owner: str) -> bool | NoAnswer:  # noqa: ARG002  # all are alike
        async def effect() -> bool | NoAnswer:
            if self._dice.fault(self._dice.plan.registry * 5):
                return NoAnswer("timeout")
            return not self._dice.falls(0.1)

        return await self._process.step(effect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A letter that a provider has accepted, and when."""

    provider: str
    letter: OutboundMessage
    at: datetime


@dataclass(slots=True)
class Outside:
    """The providers' own side: what they hold, and what they still have to report."""

    dice: Dice
    clock: Callable[[], datetime]
    held: list[Held] = field(default_factory=list)
    answers: bool = True
    """Whether who remembers can be asked, too."""
    offered: dict[str, datetime] = field(default_factory=dict)
    """Until when each attempt may have been made, by its token."""
    to_report: list[tuple[datetime, Report]] = field(default_factory=list)

    def take(self, provider: str, letter: OutboundMessage) -> None:
        """Take a letter over, and decide what is going to be reported of it, and when."""
        dice, now = self.dice, self.clock()
        self.held.append(Held(provider=provider, letter=letter, at=now))
        if not dice.falls(dice.plan.reported):
            return
        states = [ReportedState.DELIVERED if dice.falls(0.9) else ReportedState.FAILED]
        states += states if dice.falls(dice.plan.doubled) else []
        if dice.falls(dice.plan.contradicted):
            states.append(dice.random.choice(list(ReportedState)))
        for state in states:
            delay = timedelta(seconds=dice.random.choice((0.0, 0.5, 30.0, 2000.0, 200_000.0)))
            failure = None
            if state is ReportedState.FAILED:
                failure = dice.random.choice((Failure.UNDELIVERED, Failure.BOUNCED))
            report = Report(
                provider=reporting_name(provider),
                reference=letter.token,
                state=state,
                code=state.value,
                failure=failure,
            )
            self.to_report.append((now + delay, report))

    def due_reports(self) -> Sequence[Report]:
        """The reports whose time has come, in any order; they are told until they are kept."""
        now = self.clock()
        due = [report for at, report in self.to_report if at <= now]
        self.dice.random.shuffle(due)
        return due

    def told(self, reports: Sequence[Report]) -> None:
        """Forget reports that were kept."""
        kept = set(reports)
        self.to_report = [each for each in self.to_report if each[1] not in kept]


class FaultyMemory:
    """What a provider remembers, which may not be to be had."""

    deduplication_window = timedelta(minutes=5)

    def __init__(self, name: str, process: Process, outside: Outside) -> None:
        self._name = name
        self._process = process
        self._outside = outside

    def holds(self, token: str) -> Held | None:
        """The letter that was accepted under a token."""
        for each in self._outside.held:
            if each.provider == self._name and each.letter.token == token:
                return each
        return None

    def carries(self, token: str) -> bool:
        """Whether a letter that comes again under a token is carried with the first."""
        first = self.holds(token)
        return first is not None and self._outside.clock() - first.at < self.deduplication_window

    async def look_up(self, tokens: Sequence[str]) -> Mapping[str, Outcome]:
        async def effect() -> Mapping[str, Outcome]:
            dice = self._outside.dice
            if not self._outside.answers or dice.fault(dice.plan.hang * 5):
                return {}
            known = {each: self._known(each) for each in tokens}
            return {each: outcome for each, outcome in known.items() if outcome is not None}

        return await self._process.step(effect)

    def _known(self, token: str) -> Outcome | None:
        if self.holds(token) is not None:
            return HandoverAccepted(token)
        until = self._outside.offered.get(token)
        is_over = until is not None and until < self._outside.clock()
        return HandoverDeferred("never_seen") if is_over else None


class FaultyProvider:
    """A provider as a process sees it: its answer may come, be lost, or never come."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        process: Process,
        outside: Outside,
        *,
        remembers: bool,
    ) -> None:
        self.name = name
        self.channel = channel
        self.longest_hand_over = 30.0
        self._memory = FaultyMemory(name, process, outside) if remembers else None
        self._process = process
        self._outside = outside

    @property
    def memory(self) -> OutcomeLookup | None:
        return self._memory

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        for letter in letters:
            began = self._outside.clock()
            outcome = await self._process.step(lambda letter=letter: self._hand_over(letter))  # type: ignore[misc]  # bound at once
            yield Told(letter, outcome, began)

    async def _hand_over(self, letter: OutboundMessage) -> Outcome:
        dice = self._outside.dice
        await asyncio.sleep(dice.random.choice((0.0, 0.01, 0.3, 3.0)))
        if self._outside.clock() > letter.send_before:
            return TOO_LATE
        self._outside.offered[letter.token] = letter.send_before
        if dice.fault(dice.plan.hang):
            if dice.falls(0.5):
                self._take(letter)
            await asyncio.sleep(29.0)
            return HandoverUnknown("timeout")
        roll = dice.random.random()
        plan = dice.plan
        if roll < plan.accepted:
            self._take(letter)
            await asyncio.sleep(dice.random.choice((0.0, 0.05)))
            return HandoverAccepted(letter.token)
        if roll < plan.accepted + plan.deferred:
            return HandoverDeferred("421")
        if roll < plan.accepted + plan.deferred + plan.rejected:
            failure = dice.random.choice((Failure.INVALID_ADDRESS, Failure.BOUNCED))
            return HandoverRejected(failure, "550")
        if dice.falls(0.5):
            self._take(letter)
        return HandoverUnknown("connection_lost")

    def _take(self, letter: OutboundMessage) -> None:
        if self._memory is None or not self._memory.carries(letter.token):
            self._outside.take(self.name, letter)
