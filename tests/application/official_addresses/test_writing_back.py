"""Local and upstream cannot come apart: wherever whoever tells the register is killed, another goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.address_changes import InMemoryAddressChanges
from adapters.memory.official_addresses import (
    InMemoryAddressRegister,
    InMemoryOfficialAddresses,
)
from application.delivery.usable_copies import MAX_AGE
from application.official_addresses.writing_back import KEPT_FOR, LATE, OVERSLEPT, AddressWriter
from application.ports.address_register import (
    ChangeNotTaken,
    ChangeOutcome,
    ChangeUnknown,
)
from application.ports.registries import RegistryUnavailableError
from contracts.order_repository_contract import SetClock
from domain.channel import Channel
from domain.official_address import (
    FEED_LAGS,
    FIRST_PAUSE,
    LOOKED_AGAIN,
    AddressChange,
    ChangeKind,
    ChangeState,
    Place,
    WantedChange,
)
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from tests.samples import BAKERY, NOON

POST, BOARD = (
    Place(channel=Channel.EMAIL, address=Contact(f"{name}@b.example")) for name in ("post", "board")
)


class KilledError(Exception):
    """The process is gone."""


@dataclass
class Life:
    """How long a process lives: so many calls, and whether it is killed before or after the last."""

    calls: int
    is_killed_after: bool = False

    async def living(self, call: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401  # whatever is called
        """Make a call, if there is life enough."""
        self.calls -= 1
        if self.calls == 0 and not self.is_killed_after:
            raise KilledError
        done = await call()
        if self.calls == 0:
            raise KilledError
        return done


class Mortal:
    """Stands before something that is called, for as long as its process lives."""

    def __init__(self, of: object, life: Life) -> None:
        self._of = of
        self._life = life

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        called = getattr(self._of, name)

        def call(*arguments: Any, **named: Any) -> Awaitable[Any]:  # noqa: ANN401  # whatever is called
            return self._life.living(lambda: called(*arguments, **named))

        return call


class House:
    """A register, its feed, and the changes that it is to be told of."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.register: Any = InMemoryAddressRegister()
        self.addresses = InMemoryOfficialAddresses(self.register)
        self.addresses.read_feed(self.clock.now)
        self.changes = InMemoryAddressChanges()

    def writer(self, life: Life | None = None) -> AddressWriter:
        """A process that tells the register, and lives so long."""
        changes: Any = self.changes if life is None else Mortal(self.changes, life)
        addresses: Any = self.addresses if life is None else Mortal(self.addresses, life)
        register: Any = self.register if life is None else Mortal(self.register, life)
        return AddressWriter(
            changes=changes, addresses=addresses, register=register, clock=self.clock
        )

    async def asked(self, kind: ChangeKind = ChangeKind.ADD) -> AddressChange:
        """Have a change asked for, of what the register has already where it is one of that."""
        registry_id = None
        if kind is not ChangeKind.ADD:
            await self.register.add(BAKERY.number, POST)
            self.register.told.clear()
            self.addresses.read_feed(self.clock.now)
            (registry_id,) = self.register.has
        return await self.changes.add(
            WantedChange(
                organisation=BAKERY.number,
                kind=kind,
                place=None if kind is ChangeKind.REMOVE else BOARD,
                registry_id=registry_id,
            ),
            after=None,
            now=self.clock.now,
        )

    async def change(self) -> AddressChange:
        """The change, as far as it has come."""
        (change,) = await self.changes.of(BAKERY.number)
        return change

    async def work(self, hours: int = 2) -> None:
        """Let somebody look after everything every minute, and read the feed every ten."""
        for minute in range(hours * 60):
            self.clock.now += timedelta(minutes=1)
            if minute % 10 == 0:
                self.addresses.read_feed(self.clock.now)
            await self.writer().look_after()

    @property
    def registered(self) -> Sequence[Place]:
        """What the register has."""
        return [place for _, place in self.register.has.values()]


@pytest.fixture
def house() -> House:
    return House()


WANTED = {ChangeKind.ADD: [BOARD], ChangeKind.REPLACE: [BOARD], ChangeKind.REMOVE: []}


@pytest.mark.parametrize("kind", list(ChangeKind))
async def test_the_register_is_told_once_and_the_change_is_held_when_its_feed_brings_it(
    house: House, kind: ChangeKind
) -> None:
    await house.asked(kind)

    assert await house.writer().look_after() == 1
    assert (await house.change()).state is ChangeState.TAKEN
    house.clock.now += timedelta(minutes=1)
    await house.writer().look_after()
    assert (await house.change()).state is ChangeState.TAKEN
    house.addresses.read_feed(house.clock.now)
    house.clock.now += timedelta(minutes=1)
    await house.writer().look_after()

    held = await house.change()
    assert (held.state, held.place) == (ChangeState.HELD, None)
    assert len(house.register.told) == 1
    assert house.registered == WANTED[kind]


@pytest.mark.parametrize("kind", list(ChangeKind))
@pytest.mark.parametrize("calls", range(1, 7))
@pytest.mark.parametrize("is_killed_after", [False, True], ids=["before", "after"])
async def test_wherever_it_is_killed_the_change_is_made_once_and_held(
    house: House, kind: ChangeKind, calls: int, *, is_killed_after: bool
) -> None:
    await house.asked(kind)
    life = Life(calls, is_killed_after=is_killed_after)

    with pytest.raises(KilledError):
        await house.writer(life).look_after()
    await house.work()

    assert (await house.change()).state is ChangeState.HELD
    assert house.registered == WANTED[kind]
    assert len(house.register.told) == 1


class Silent(InMemoryAddressRegister):
    """Takes what it is told, and says nothing."""

    @override
    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        await super().add(organisation, place)
        return ChangeUnknown("timeout")


async def test_what_nobody_can_be_sure_of_is_not_told_twice_if_the_feed_brings_it(
    house: House,
) -> None:
    house.register = Silent()
    house.addresses = InMemoryOfficialAddresses(house.register)
    house.addresses.read_feed(NOON)
    await house.asked()

    await house.work()

    assert (await house.change()).state is ChangeState.HELD
    assert len(house.register.told) == 1


class Deaf(InMemoryAddressRegister):
    """Answers nothing that can be read, and takes nothing, so many times."""

    def __init__(self, times: int, outcome: ChangeOutcome) -> None:
        super().__init__()
        self.times = times
        self.outcome = outcome
        self.asked_at: list[datetime] = []

    @override
    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        self.times -= 1
        if self.times >= 0:
            self.told.append(("add", organisation))
            return self.outcome
        return await super().add(organisation, place)


async def test_what_was_not_taken_is_told_again_when_the_feed_shows_that(house: House) -> None:
    house.register = Deaf(1, ChangeUnknown("status_502"))
    house.addresses = InMemoryOfficialAddresses(house.register)
    house.addresses.read_feed(NOON)
    await house.asked()
    await house.writer().look_after()

    house.clock.now += FEED_LAGS
    await house.writer().look_after()
    assert len(house.register.told) == 1
    house.addresses.read_feed(house.clock.now)
    await house.work()

    assert len(house.register.told) == 2
    assert house.registered == [BOARD]


async def test_a_register_that_is_away_is_told_when_it_is_back(house: House) -> None:
    house.register = Deaf(3, ChangeNotTaken("status_503"))
    house.addresses = InMemoryOfficialAddresses(house.register)
    house.addresses.read_feed(NOON)
    await house.asked()

    await house.writer().look_after()
    put_off = await house.change()
    assert (put_off.state, put_off.due_at) == (ChangeState.REQUESTED, NOON + FIRST_PAUSE)
    await house.work()

    assert (await house.change()).state is ChangeState.HELD
    assert house.registered == [BOARD]


async def test_what_the_register_refuses_is_kept_with_its_reason_and_told_no_more(
    house: House,
) -> None:
    house.register.unknown.add(BAKERY.number)
    await house.asked()

    await house.work()

    refused = await house.change()
    assert (refused.state, refused.refusal) == (ChangeState.REFUSED, "unknown_organisation")
    assert refused.place == BOARD
    assert len(house.register.told) == 1


async def test_what_somebody_else_did_meanwhile_is_not_told(house: House) -> None:
    await house.asked()
    await house.register.add(BAKERY.number, BOARD)
    house.addresses.read_feed(house.clock.now)

    await house.writer().look_after()

    assert (await house.change()).state is ChangeState.HELD
    assert len(house.register.told) == 1  # by somebody else


async def test_two_who_have_the_same_change_in_hand_tell_the_register_once(house: House) -> None:
    change = await house.asked()
    await house.writer().look_after()

    assert not await house.changes.save(change.told(NOON), after=change.version)
    stale = InMemoryAddressChanges()
    await stale.add(
        WantedChange(organisation=BAKERY.number, kind=ChangeKind.ADD, place=BOARD),
        after=None,
        now=NOON,
    )
    behind = Behind(stale, house.changes)
    late = AddressWriter(
        changes=behind, addresses=house.addresses, register=house.register, clock=house.clock
    )
    assert await late.look_after() == 0

    assert len(house.register.told) == 1


class Behind(InMemoryAddressChanges):
    """Shows changes as they were, and keeps them as they are."""

    def __init__(self, as_they_were: InMemoryAddressChanges, now: InMemoryAddressChanges) -> None:
        super().__init__()
        self._as_they_were = as_they_were
        self._as_they_are = now

    @override
    async def due(self, now: datetime, *, most: int) -> Sequence[AddressChange]:
        return await self._as_they_were.due(now, most=most)

    @override
    async def save(self, change: AddressChange, *, after: int) -> bool:
        return await self._as_they_are.save(change, after=after)


class Unread:
    """A copy of which nothing can be told."""

    async def of(self, organisation: object) -> Any:  # noqa: ANN401  # it never returns
        del organisation
        raise RegistryUnavailableError("businesses")


async def test_while_the_copy_cannot_be_read_nothing_is_told(house: House) -> None:
    await house.asked()
    unread: Any = Unread()
    writer = AddressWriter(
        changes=house.changes, addresses=unread, register=house.register, clock=house.clock
    )

    assert await writer.look_after() == 0

    assert house.register.told == []
    waiting = await house.change()
    assert (waiting.state, waiting.due_at) == (ChangeState.REQUESTED, NOON + LOOKED_AGAIN)


class Broken(InMemoryAddressChanges):
    """Cannot be used once, for a reason that nobody foresaw."""

    is_broken = True

    @override
    async def due(self, now: datetime, *, most: int) -> Sequence[AddressChange]:
        if self.is_broken:
            self.is_broken = False
            raise ValueError("post@b.example")
        return await super().due(now, most=most)


async def test_whatever_goes_wrong_ends_neither_this_work_nor_any_other(house: House) -> None:
    house.changes = Broken()
    await house.asked()
    rounds: list[float] = []

    async def wait(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 2:
            raise asyncio.CancelledError

    writer = AddressWriter(
        changes=house.changes,
        addresses=house.addresses,
        register=house.register,
        clock=house.clock,
        wait=wait,
    )
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await writer.run()

    assert house.registered == [BOARD]
    assert ("address_changes_broke", "ValueError") in [
        (each["event"], each.get("because")) for each in logs
    ]
    assert "post@" not in str(logs)


class Drowsy(InMemoryAddressChanges):
    """Keeps what it is given, and whoever gave it sleeps for a while then."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__()
        self._clock = clock

    @override
    async def save(self, change: AddressChange, *, after: int) -> bool:
        is_kept = await super().save(change, after=after)
        self._clock.now += OVERSLEPT + timedelta(seconds=1)
        return is_kept


async def test_who_slept_after_recording_that_it_tells_the_register_does_not_tell_it(
    house: House,
) -> None:
    house.changes = Drowsy(house.clock)
    await house.asked()

    await house.writer().look_after()

    assert house.register.told == []
    assert (await house.change()).state is ChangeState.TOLD


async def test_while_nobody_knows_what_the_register_has_nothing_is_told(house: House) -> None:
    await house.asked()
    house.addresses.forget()

    assert await house.writer().look_after() == 0

    assert house.register.told == []


async def test_while_the_copy_is_too_old_nothing_is_told(house: House) -> None:
    house.addresses.read_feed(NOON)
    house.clock.now += MAX_AGE + timedelta(seconds=1)
    await house.asked()

    assert await house.writer().look_after() == 0
    assert house.register.told == []

    house.addresses.read_feed(house.clock.now)
    house.clock.now += LOOKED_AGAIN
    assert await house.writer().look_after() == 1
    assert house.register.told == [("add", BAKERY.number)]


async def test_what_has_not_come_within_a_day_is_told_to_the_operator_without_the_address(
    house: House,
) -> None:
    await house.asked()
    await house.writer().look_after()
    house.clock.now += LATE + timedelta(seconds=1)

    with capture_logs() as logs:
        await house.writer().look_after()

    (late,) = [each for each in logs if each["event"] == "address_change_late"]
    assert late["state"] == ChangeState.TAKEN
    assert "board" not in str(logs)


async def test_changes_that_wait_for_more_than_a_day_are_an_alarm_once_until_it_is_over(
    house: House,
) -> None:
    writer = house.writer()
    await house.asked()
    await writer.look_after()

    with capture_logs() as logs:
        for _ in range(3):
            house.clock.now += LATE / 2 + timedelta(seconds=1)
            await writer.look_after()
        house.addresses.read_feed(house.clock.now)
        house.clock.now += LOOKED_AGAIN
        await writer.look_after()

    told = [each for each in logs if each["event"].startswith("address_changes_")]
    assert [(each["event"], each["log_level"], each["waiting"]) for each in told] == [
        ("address_changes_late", "critical", 1),
        ("address_changes_on_time", "info", 0),
    ]


async def test_what_has_come_to_its_end_is_known_by_its_number_for_ninety_days(
    house: House,
) -> None:
    await house.asked()
    await house.work()

    house.clock.now = NOON + KEPT_FOR
    await house.writer().look_after()
    assert len(await house.changes.of(BAKERY.number)) == 1
    house.clock.now += timedelta(seconds=1)
    await house.writer().look_after()
    assert await house.changes.of(BAKERY.number) == []
