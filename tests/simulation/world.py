"""One episode: orders come in, everything that can go wrong does, and then all comes to rest."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Final
from uuid import UUID

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.installation import InMemoryInstallation
from adapters.memory.profiles import InMemoryProfileIndex
from adapters.memory.registries import (
    InMemoryPersonRegistry,
    RegisteredInProfiles,
    registries,
)
from adapters.memory.registry_feed import InMemoryRegistryFeed
from application.assembly import Application, Policy, assemble
from application.delivery.handover import Timing
from application.envelope import Actor, Recorded, Role
from application.operations.recorder import ActRecorder
from application.operations.suppressions import SuppressionService
from application.ordering.admission import OwnerStoppedError
from application.ordering.commands import (
    CancelOrder,
    HandoverFailedError,
    MissingContactError,
    NewOrder,
    PlaceChain,
    PlaceInstant,
)
from application.ports.decision_point import Question
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from application.ports.provider import OutboundMessage
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import BUSINESSES, KRR, CopyStanding
from application.ports.registry_feed import RegistryFeed
from application.profiles.handed_in import HandedIn, HandInService
from application.profiles.profile_ids import ProfileIds
from contracts.owner_records_contract import resume, suspend
from domain.channel import Channel, ChannelChoice
from domain.contact_point import AddressKey, PersonRecord, RegisteredAddress, address_key
from domain.message import EmailMessage, SendingTime, SmsMessage
from domain.official_address import Place
from domain.order.errors import CannotBePlacedError, TooLateToCancelError
from domain.order.events import DeliveryPolicy, OrderId
from domain.personal import Contact, Content, Identifier
from domain.profile.events import ProfileAddress
from domain.recipient import Direct, Identity, Organisation, OrganisationNumber, Person
from tests.simulation.address_checker import (
    Lift,
    Pardons,
    WrittenBack,
    bounces_of,
    of_bounces,
    of_profiles,
    of_write_back,
)
from tests.simulation.address_register import (
    FaultyAddressRegister,
    FollowedRegister,
    OutsideRegister,
)
from tests.simulation.checker import findings
from tests.simulation.people import People, RememberedProfiles, end_user, keeper_may
from tests.simulation.processes import (
    CALM,
    STEADY,
    Dice,
    FaultyAgenda,
    FaultyChanges,
    FaultyCondition,
    FaultyDecisionPoint,
    FaultyFeed,
    FaultyInbox,
    FaultyIndex,
    FaultyOrders,
    FaultyPersons,
    FaultyProfiles,
    FaultyProvider,
    FaultySchedule,
    FaultySuppressions,
    KilledError,
    Outside,
    Plan,
    Process,
)

_OWNERS: Final = [Actor(role=Role.OWNER, name=name) for name in ("ttd", "skd", "nav")]
_PEOPLE: Final = [f"{day:02}8190100{day:02}" for day in range(10, 30)]
_UNITS: Final = [OrganisationNumber(f"3140{n:05}") for n in range(6)]
_TAX: Final = "tax-2026"
_TIMING: Final = Timing(
    lease=timedelta(seconds=20),
    slack=timedelta(seconds=30),
    poll=5.0,
    authority_wait=timedelta(minutes=3),
)
_STEADY: Final = 4
"""In every so-manieth episode the processes live on, so that no order may be taken for a killer."""
MAX_AGE: Final = timedelta(hours=1)
"""How old the copy of the register of persons may be."""
_AGES: Final = timedelta(days=31)
"""Once in an episode, at times, so much time passes; what bounced before may be used again."""
_FAR: Final = datetime(3000, 1, 1, tzinfo=UTC)
_OPERATOR: Final = Actor(role=Role.OPERATOR, name="operator")
_INTERVAL: Final = timedelta(minutes=1)
_ROUNDS: Final = 4
_ROUND: Final = 150.0
"""Seconds of each round in which things go wrong; between two the time jumps to what is due next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of an episode."""

    seed: int
    steps: int
    crashes: int
    faults: int
    orders: int
    events: int
    held: int
    done: Mapping[str, int]
    """How often people did what, and what became of it."""
    findings: Sequence[str]
    digest: str
    """The same for the same seed: of every event, by when and what."""


class Episode:
    """A small installation: one process of the API, two workers, and all that they stand on."""

    def __init__(self, seed: int, *, orders: int = 40, plan: Plan | None = None) -> None:
        self.seed = seed
        self._count = orders
        plan = plan or (STEADY if seed % _STEADY == 0 else Plan())
        self.dice = Dice(Random(seed), plan)  # noqa: S311  # it must be told again
        self._is_steady = plan == STEADY
        self._stuck: dict[OrderId, None] = {}
        self._jumped = timedelta()
        # Some begin in the night of a clock change, when it is half past two twice, or never.
        begins = self.dice.random.choice(
            [
                datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
                datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
                datetime(2026, 11, 24, 7, 58, tzinfo=UTC),
                datetime(2026, 6, 24, 14, 58, 30, tzinfo=UTC),
            ]
        )
        self._begins = begins
        self._remembers = self.dice.falls(0.5)
        """Whether one of the providers of each channel can be asked what it took."""
        self._memory = InMemoryInstallation(clock=self.clock, next_id=self._next_id)
        self.orders, self.owner_records = self._memory.orders, self._memory.owner_records
        self.agenda = self._memory.agenda
        since = begins - timedelta(days=30)
        self._persons = InMemoryPersonRegistry(
            {number: _registered(place, since) for place, number in enumerate(_PEOPLE)}
        )
        self._register = InMemoryRegistryFeed(KRR, self._memory.copies, clock=self.clock)
        self._register.grow()
        self._away: set[str] = set()
        """The registers that give nothing to who follows them, so that their copies grow old."""
        for registry in (KRR, BUSINESSES):
            self._memory.copies.know(CopyStanding(registry=registry, confirmed_at=begins))
        self._decision_point = InMemoryDecisionPoint([*PERMITTED, *keeper_may(_UNITS)])
        self.outside = Outside(self.dice, self.clock, answers=self.dice.falls(0.5))
        self.register = OutsideRegister(self.clock, keeps_names=self.dice.falls(0.5))
        self._lag = timedelta(seconds=self.dice.random.choice((0, 20, 120)))
        self._followed = FollowedRegister(
            self.register, self._memory.copies, self.clock, lag=self._lag
        )
        self._profiles = RememberedProfiles(
            self.orders.log, vault=self._memory.vault, clock=self.clock, next_id=self._next_id
        )
        self._ages = self.dice.random.randrange(_ROUNDS) if self.dice.falls(0.3) else None
        """In which round so much time passes that what bounced may be used again."""
        self._lifted: dict[str, list[Lift]] = defaultdict(list)
        """By the hash of an address."""
        self._confirmed: dict[AddressKey, list[datetime]] = defaultdict(list)
        self.people = People(
            dice=self.dice,
            clock=self.clock,
            application=lambda: self._application(Process("api", self.dice)),
            register=self.register,
            users={
                str(_user(place, n)): unit for place, unit in enumerate(_UNITS) for n in range(3)
            },
            mail=self._mail,
        )
        self.accepted: list[OrderId] = []
        self.refused: list[OrderId] = []

    def clock(self) -> datetime:
        """The time that everybody shares."""
        return self._begins + self._jumped + timedelta(seconds=asyncio.get_running_loop().time())

    def _next_id(self) -> UUID:
        return UUID(int=self.dice.random.getrandbits(128), version=4)

    async def play(self) -> Told:
        """Play the episode to its end, and look for promises that were not kept."""
        await self._furnish()
        places = asyncio.create_task(self._clients())
        lives = asyncio.create_task(self.people.live())
        for number in range(_ROUNDS):
            if number == self._ages:
                self._jumped += _AGES
            await self._operate()
            await self._round()
            await self._look_for_stuck()
            await self._jump()
        await places
        lives.cancel()
        await asyncio.gather(lives, return_exceptions=True)
        self.dice.plan = CALM
        self._away.clear()
        await self._let_all()
        await self._rest()
        return await self._told()

    async def _furnish(self) -> None:
        """Have official addresses in the register, and persons registered who act for organisations."""
        for place, number in enumerate(_UNITS):
            if place % 3:
                email = Place(channel=Channel.EMAIL, address=Contact(f"b{place}@example.org"))
                self.register.put((number, email))
        handed_in = HandInService(
            profiles=self._profiles, ids=ProfileIds(self._memory.vault), clock=self.clock
        )
        entries = [
            _registration(place, number, n) for place, number in enumerate(_UNITS) for n in range(3)
        ]
        await handed_in.take_over(entries, by=_OPERATOR, reason="they were registered elsewhere")
        self._jumped += self._lag
        async for _ in self._followed.follow():
            pass

    async def _operate(self) -> None:
        """Let an operator stop an owner for a round, at times; and have a register be away for long."""
        self._away = {each for each in (KRR, BUSINESSES) if self.dice.falls(0.2)}
        if self._away:
            self._jumped += 2 * MAX_AGE
        await self._pardon()
        await self._let_all()
        if self.dice.falls(0.3):
            await suspend(self.owner_records, self.dice.random.choice(_OWNERS).name)

    async def _pardon(self) -> None:
        """Let an operator lift what bounced, and persons confirm their addresses, some of the time."""
        bounced = bounces_of(await self._histories())
        process = Process("command", self.dice)
        suppressions = self._suppressions(process)
        service = SuppressionService(
            suppressions=suppressions,
            recorder=ActRecorder(log=self._memory.acts, clock=self.clock, next_id=self._next_id),
            clock=self.clock,
            suppress_for=Policy().suppress_for,
        )
        for address in sorted(bounced):
            if self.dice.falls(0.3):
                with suppress(KilledError, StoreUnavailableError):
                    await service.lift(address, by=_OPERATOR, reason="it is there again")
        for place, number in enumerate(_PEOPLE):
            now = self.clock()
            record = _registered(place, now)
            addresses = _addresses_of(record)
            if self.dice.falls(0.4 if bounced.keys() & set(addresses) else 0.02):
                self._persons.know(number, record)
                for each in addresses:
                    self._confirmed[each].append(now)

    async def _let_all(self) -> None:
        for owner in self.owner_records.who_is_suspended:
            await resume(self.owner_records, owner)

    async def _round(self) -> None:
        """Let two workers and whoever reports go on, dying and being started again."""
        tasks = [
            asyncio.create_task(self._supervised("worker 1")),
            asyncio.create_task(self._supervised("worker 2")),
            asyncio.create_task(self._reporters()),
        ]
        await asyncio.sleep(_ROUND)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _jump(self) -> None:
        """Let the time pass until something is due."""
        due = await self.agenda.next_due()
        if due is not None and due > self.clock():
            self._jumped += due - self.clock()

    async def _rest(self) -> None:
        """Carry everything out that is left, with nothing going wrong any more."""
        for _ in range(4000):
            process = Process("last", self.dice)
            application = self._application(process)
            await application.registry_sync.sync_due()
            await application.dispatcher.run_until_idle()
            if application.address_writer is not None:
                await application.address_writer.look_after()
            reports = self.outside.due_reports()
            reporting = application.delivery_reports
            await reporting.keep(reports)
            self.outside.told(reports)
            while await reporting.take_down():
                pass
            for order_id in await self._look_for_stuck():
                await self.agenda.retry(order_id)  # an operator looked into it
            due = await self.agenda.next_due()
            pending = min((at for at, _ in self.outside.to_report), default=None)
            changes = await self._memory.ports.address_changes.due(_FAR, most=1)
            moments = [each for each in (due, pending) if each is not None]
            moments += [each.due_at for each in changes]
            if not moments:
                # What the register took last may not be in its feed yet.
                self._jumped += self._lag + _INTERVAL
                await application.registry_sync.sync_due()
                return
            self._jumped += max(min(moments) - self.clock(), timedelta(milliseconds=1))
        raise AssertionError(f"seed {self.seed}: it does not come to rest")

    async def _look_for_stuck(self) -> Sequence[OrderId]:
        """The orders that nobody is leased, since they are thought to bring their workers down."""
        stuck = await self.agenda.quarantined()
        self._stuck |= dict.fromkeys(stuck)
        return stuck

    async def _histories(self) -> Mapping[OrderId, Sequence[Recorded]]:
        several = dict.fromkeys(each.order_id for each in self.orders.everything())
        return {each: await self.orders.history(each) for each in several}

    async def _of_addresses(self, histories: Mapping[OrderId, Sequence[Recorded]]) -> Sequence[str]:
        """The promises on where people and organisations are told that were not kept."""
        hashed = self._memory.ports.suppressions.address_hash
        pardons = Pardons(
            lifted={each: self._lifted[hashed(each)] for each in bounces_of(histories)},
            confirmed=self._confirmed,
        )
        changes = {each: await self._memory.ports.address_changes.of(each) for each in _UNITS}
        ids = [each.profile_id for each in self._profiles.profiles]
        written_back = WrittenBack(
            asked=self.people.asked,
            changes=changes,
            taken=self.register.taken,
            refused=self.register.refused,
            has=self.register.has,
            known=self._followed.known,
        )
        for several in changes.values():
            for each in several:
                name = f"change {each.state}"
                self.people.done[name] = self.people.done.get(name, 0) + 1
        return [
            *of_write_back(written_back),
            *of_bounces(histories, pardons),
            *of_profiles(histories, [await self._profiles.history(each) for each in ids]),
        ]

    async def _told(self) -> Told:
        everything = self.orders.everything()
        histories = await self._histories()
        told = [
            f"{e.order_id} {e.version} {e.recorded_at} {type(e.event).__name__}" for e in everything
        ]
        of_addresses = await self._of_addresses(histories)
        return Told(
            seed=self.seed,
            steps=self.dice.steps,
            crashes=self.dice.crashes,
            faults=self.dice.faults,
            orders=len(histories),
            events=len(everything),
            held=len(self.outside.held),
            done=self.people.done,
            findings=[
                *of_addresses,
                *findings(
                    self.accepted,
                    histories,
                    self.outside.held,
                    list(self.orders.agenda),
                    refused=self.refused,
                    max_age=MAX_AGE,
                    stuck=list(self._stuck) if self._is_steady else (),
                    permitted={each.user for each in PERMITTED},
                ),
            ],
            digest=sha256("\n".join(told).encode()).hexdigest(),
        )

    # The processes

    async def _supervised(self, name: str) -> None:
        """A worker, started again whenever it has died."""
        while True:
            process = Process(name, self.dice)
            application = self._application(process)
            running = [
                asyncio.create_task(application.dispatcher.run()),
                asyncio.create_task(application.delivery_reports.run()),
                asyncio.create_task(application.registry_sync.run()),
                *(
                    asyncio.create_task(each.run())
                    for each in (application.address_writer,)
                    if each is not None
                ),
            ]
            try:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            finally:
                process.is_alive = False
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
            await asyncio.sleep(self.dice.random.choice((0.5, 5.0, 25.0)))

    async def _reporters(self) -> None:
        """The providers' side: tell each report again until it has been kept."""
        while True:
            await asyncio.sleep(0.25)
            reports = self.outside.due_reports()
            if not reports:
                continue
            try:
                await self._application(Process("api", self.dice)).delivery_reports.keep(reports)
            except (KilledError, StoreUnavailableError):
                continue
            self.outside.told(reports)

    async def _clients(self) -> None:
        """Owners who ask until they are answered, under the same key."""
        for number in range(self._count):
            await asyncio.sleep(self.dice.random.random() * 5)
            await self._client(number)

    async def _client(self, number: int) -> None:
        dice = self.dice.random
        by = dice.choice(_OWNERS)
        is_instant = dice.random() < 0.15
        asked = self._instant() if is_instant else self._order()
        key = f"key-{number}"
        chain = PlaceChain(idempotency_key=key, order=asked, by=by)
        for _ in range(30):
            application = self._application(Process("api", self.dice))
            try:
                if is_instant:
                    receipt = await application.instant.place(
                        PlaceInstant(idempotency_key=key, order=asked, by=by)
                    )
                else:
                    receipt = await application.ordering.place_chain(chain)
            except (
                KilledError,
                StoreUnavailableError,
                RegistryUnavailableError,
                ConcurrentUpdateError,
                HandoverFailedError,
                OwnerStoppedError,
            ):
                await asyncio.sleep(1.0)
                continue
            except MissingContactError:
                return
            except CannotBePlacedError:
                # Its time has passed meanwhile, so nothing may have been recorded before.
                if not is_instant:
                    self.refused.append(application.ordering.order_id(chain))
                return
            self.accepted.append(receipt.order.order_id)
            if dice.random() < 0.1:
                await self._cancel(receipt.order.order_id, by)
            return

    async def _cancel(self, order_id: OrderId, by: Actor) -> None:
        for _ in range(10):
            try:
                application = self._application(Process("api", self.dice))
                await application.ordering.cancel(CancelOrder(order_id=order_id, by=by))
            except (KilledError, StoreUnavailableError, ConcurrentUpdateError):
                continue
            except TooLateToCancelError:
                pass
            return

    # What is ordered

    def _order(self) -> NewOrder:
        dice = self.dice.random
        choice = dice.choice(list(ChannelChoice))
        delay = dice.choice((None, 0, 60, 900, 40_000))
        policies = (None, None, DeliveryPolicy.AT_MOST_ONCE, DeliveryPolicy.AT_LEAST_ONCE)
        recipients: tuple[Identity, ...]
        if dice.random() < 0.4:
            address = f"reader{dice.randrange(1000)}@example.org"
            recipients = (Direct(email=Contact(address), mobile=Contact("+4799999999")),)
        else:
            numbers = dice.sample(_PEOPLE, dice.choice((1, 1, 2, 5)))
            recipients = tuple(Person(Identifier(number)) for number in numbers)
        is_of_tax = dice.random() < 0.4
        if is_of_tax:
            units = dice.sample(_UNITS, dice.choice((1, 1, 3)))
            recipients = (*(Organisation(number) for number in units), *recipients)
        return NewOrder(
            resource=_TAX if is_of_tax else None,
            requested_send_time=None if delay is None else self.clock() + timedelta(seconds=delay),
            channel=choice,
            recipients=recipients,
            email=EmailMessage(
                sender="noreply@example.org", subject=Content("s"), body=Content("b")
            ),
            sms=SmsMessage(
                sender="Varsel",
                body=Content("b"),
                sending_time=dice.choice((SendingTime.ANYTIME, SendingTime.DAYTIME)),
            ),
            condition="https://example.org/ok" if dice.random() < 0.2 else None,
            delivery_policy=dice.choice(policies),
        )

    def _instant(self) -> NewOrder:
        return NewOrder(
            channel=ChannelChoice.SMS,
            recipients=(Direct(mobile=Contact("+4799999999")),),
            sms=SmsMessage(sender="Varsel", body=Content("4711"), sending_time=SendingTime.ANYTIME),
            time_to_live=self.dice.random.choice((60, 600, 172_800)),
        )

    # The product, as a process has it

    def _application(self, process: Process) -> Application:
        ports = replace(
            self._memory.ports,
            orders=FaultyOrders(self.orders, process, self.dice),
            agenda=FaultyAgenda(self.agenda, process, self.dice),
            inbox=FaultyInbox(self._memory.inbox, process, self.dice),
            registries=registries(
                persons=FaultyPersons(self._persons, process, self.dice),
                profiles=RegisteredInProfiles(
                    FaultyIndex(InMemoryProfileIndex(self._profiles), process, self.dice)
                ),
                decision_point=FaultyDecisionPoint(self._decision_point, process, self.dice),
            ),
            profiles=FaultyProfiles(self._profiles, process, self.dice),
            suppressions=self._suppressions(process),
            official_addresses=self._followed,
            address_changes=FaultyChanges(
                self._memory.ports.address_changes, process, self.dice, passes=self._passes
            ),
            address_register=FaultyAddressRegister(self.register, process, self.dice),
            draw_code=lambda: f"{self.dice.random.randrange(1_000_000):06}",
            feeds=[self._feed(each, process) for each in (self._register, self._followed)],
            syncs=FaultySchedule(self._memory.ports.syncs, process, self.dice),
            condition=FaultyCondition(process, self.dice),
            providers={
                channel: [
                    FaultyProvider(
                        f"{name}{ending}",
                        channel,
                        process,
                        self.outside,
                        remembers=self._remembers and bool(ending),
                    )
                    for ending in ("", ":2")
                ]
                for name, channel in (("smtp", Channel.EMAIL), ("link_mobility", Channel.SMS))
            },
            chance=self.dice.random.random,
            process=f"{process.name} {process.number}",
        )
        ports = replace(ports, registries=replace(ports.registries, businesses=self._followed))
        policy = Policy(timing=_TIMING, registry_max_age=MAX_AGE, registry_interval=_INTERVAL)
        return assemble(ports, policy)

    def _suppressions(self, process: Process) -> FaultySuppressions:
        def lifted(address_hash: str, at: datetime) -> None:
            self._lifted[address_hash].append(Lift(at=at, done_at=self.clock()))

        of_memory = self._memory.ports.suppressions
        return FaultySuppressions(of_memory, process, self.dice, lifted=lifted)

    def _feed(self, feed: RegistryFeed, process: Process) -> FaultyFeed:
        is_away = lambda: feed.registry in self._away  # noqa: E731
        return FaultyFeed(feed, process, self.dice, is_away=is_away)

    def _passes(self, time: timedelta) -> None:
        """Let time pass, but for whoever waits for an answer of the register, which comes soon."""
        if not self.register.is_asked:
            self._jumped += time

    def _mail(self, address: Contact) -> OutboundMessage | None:
        """What was handed over last to an address."""
        for each in reversed(self.outside.held):
            if each.letter.to == address:
                return each.letter
        return None


def _user(place: int, number: int) -> int:
    """The id of one of the three users of a unit."""
    return 10 * place + number


def _registration(place: int, organisation: OrganisationNumber, number: int) -> HandedIn:
    """What a user registered for a unit elsewhere; one of three has not shown that it is theirs."""
    user = end_user(str(_user(place, number)))
    assert user.user is not None
    return HandedIn(
        person=user.person,
        user=user.user,
        organisation=organisation,
        email=ProfileAddress(
            address=Contact(f"u{place}{number}@example.org"), is_verified=(place + number) % 3 > 0
        ),
        mobile=ProfileAddress(address=Contact(f"+47410000{place}{number}"), is_verified=True),
    )


PERMITTED: Final = frozenset(
    Question(str(_user(place, n)), number, _TAX, "read")
    for place, number in enumerate(_UNITS)
    for n in range(2)
)
"""What users may do; each unit has one who may not."""


def _registered(place: int, since: datetime) -> PersonRecord:
    """One in the register: some have no e-mail address, some no telephone, and some are reserved."""
    email = RegisteredAddress(address=Contact(f"p{place}@example.org"), confirmed_at=since)
    mobile = RegisteredAddress(address=Contact(f"+47400000{place:02}"), confirmed_at=since)
    return PersonRecord(
        email=email if place % 3 else None,
        mobile=mobile if place % 4 else None,
        is_reserved=place % 7 == 0,
    )


def _addresses_of(record: PersonRecord) -> Sequence[AddressKey]:
    several = ((each, record.address_on(each)) for each in Channel)
    return [address_key(one.address, channel) for channel, one in several if one is not None]
