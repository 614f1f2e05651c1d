"""The register of official addresses: what it has, what its feed brings of that, and how it fails."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final, TypeAlias

from adapters.memory.registry_copies import InMemoryRegistryCopies
from application.ports.address_register import (
    ChangeNotTaken,
    ChangeOutcome,
    ChangeRefused,
    ChangeTaken,
    ChangeUnknown,
)
from application.ports.official_addresses import AddressesHeld
from application.ports.registry_copies import BUSINESSES, CopyStanding
from application.ports.registry_feed import PageTaken
from domain.channel import Channel
from domain.contact_point import BusinessRecord, RegisteredAddress
from domain.official_address import HeldAddress, Place
from domain.recipient import OrganisationNumber
from tests.simulation.processes import Dice, Process

Entry: TypeAlias = tuple[OrganisationNumber, Place]
_PAGE: Final = 3
_LONGEST_ANSWER: Final = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An address that came into the register, was exchanged, or went; the feed brings it later."""

    at: datetime
    registry_id: str
    entry: Entry | None
    """None for one that went."""


class OutsideRegister:
    """The register's own side, with everything that it ever did."""

    def __init__(self, clock: Callable[[], datetime], *, keeps_names: bool) -> None:
        """Begin empty; `keeps_names` says whether an address keeps its name when it is exchanged."""
        self._clock = clock
        self._keeps_names = keeps_names
        self._names = count(1)
        self.has: dict[str, Entry] = {}
        self.moves: list[Move] = []
        self.taken: list[Entry | str] = []
        """What it took of what it was told: the address that came, or the name of the one that went."""
        self.refused: list[Entry | str] = []
        self.is_asked = 0
        """How many are waiting for its answer; none of them waits for long."""

    def put(self, entry: Entry, registry_id: str | None = None) -> str:
        """Have an address, in the place of another where one is named."""
        name = registry_id
        if name is None or not self._keeps_names:
            name = f"{next(self._names):032x}"
            if registry_id is not None:
                self.drop(registry_id)
        self.has[name] = entry
        self.moves.append(Move(at=self._clock(), registry_id=name, entry=entry))
        return name

    def drop(self, registry_id: str) -> None:
        """Have an address no more."""
        del self.has[registry_id]
        self.moves.append(Move(at=self._clock(), registry_id=registry_id, entry=None))

    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        self.taken.append((organisation, place))
        return ChangeTaken(self.put((organisation, place)))

    async def replace(
        self, registry_id: str, organisation: OrganisationNumber, place: Place
    ) -> ChangeOutcome:
        if registry_id not in self.has:
            return self.refuse((organisation, place))
        self.taken.append((organisation, place))
        return ChangeTaken(self.put((organisation, place), registry_id))

    async def remove(self, registry_id: str) -> ChangeOutcome:
        if registry_id not in self.has:
            return self.refuse(registry_id)
        self.taken.append(registry_id)
        self.drop(registry_id)
        return ChangeTaken(registry_id)

    def refuse(self, told: Entry | str) -> ChangeOutcome:
        """Refuse for good what it was told."""
        self.refused.append(told)
        return ChangeRefused("validation_error")


class FollowedRegister:
    """The copy of the register, which its feed brings on page by page, late by a constant time."""

    registry = BUSINESSES

    def __init__(
        self,
        register: OutsideRegister,
        copies: InMemoryRegistryCopies,
        clock: Callable[[], datetime],
        *,
        lag: timedelta,
    ) -> None:
        self._register = register
        self._copies = copies
        self._clock = clock
        self._lag = lag
        self._position = 0
        self._read_at: datetime | None = None
        self.known: dict[str, Entry] = {}

    async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        if again:
            self._position = 0
        is_at_end = False
        while not is_at_end:
            now = self._clock()
            told = [each for each in self._register.moves if each.at <= now - self._lag]
            page = told[self._position : self._position + _PAGE]
            self._take(page)
            is_at_end = self._position == len(told)
            if is_at_end:
                self._read_at = now
            self._copies.know(
                CopyStanding(
                    registry=BUSINESSES,
                    position=str(self._position),
                    newest=str(len(told)),
                    confirmed_at=self._read_at,
                )
            )
            yield PageTaken(
                position=str(self._position),
                newest=str(len(told)),
                written=len(page),
                removed=0,
                quarantined=0,
                nobodys=0,
            )

    def _take(self, page: Sequence[Move]) -> None:
        for each in page:
            if each.entry is None:
                self.known.pop(each.registry_id, None)
            else:
                self.known[each.registry_id] = each.entry
        self._position += len(page)

    async def of(self, organisation: OrganisationNumber) -> AddressesHeld:
        held = [
            HeldAddress(registry_id=registry_id, place=place)
            for registry_id, (whose, place) in sorted(self.known.items())
            if whose == organisation
        ]
        return AddressesHeld(addresses=held, read_at=self._read_at)

    async def find(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        found: dict[OrganisationNumber, BusinessRecord] = {}
        for number in numbers:
            places = [place for _, (whose, place) in sorted(self.known.items()) if whose == number]
            if places:
                found[number] = BusinessRecord(
                    origin=number,
                    emails=_on(Channel.EMAIL, places),
                    mobiles=_on(Channel.SMS, places),
                )
        return found


def _on(channel: Channel, places: Sequence[Place]) -> Sequence[RegisteredAddress]:
    return [RegisteredAddress(address=each.address) for each in places if each.channel is channel]


class FaultyAddressRegister:
    """The register as a process sees it: away, refusing, or silent about what it took."""

    def __init__(self, register: OutsideRegister, process: Process, dice: Dice) -> None:
        self._register = register
        self._process = process
        self._dice = dice

    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        return await self._told(
            (organisation, place), lambda: self._register.add(organisation, place)
        )

    async def replace(
        self, registry_id: str, organisation: OrganisationNumber, place: Place
    ) -> ChangeOutcome:
        return await self._told(
            (organisation, place), lambda: self._register.replace(registry_id, organisation, place)
        )

    async def remove(self, registry_id: str) -> ChangeOutcome:
        return await self._told(registry_id, lambda: self._register.remove(registry_id))

    async def _told(
        self, what: Entry | str, take: Callable[[], Awaitable[ChangeOutcome]]
    ) -> ChangeOutcome:
        dice = self._dice

        async def effect() -> ChangeOutcome:
            self._register.is_asked += 1
            try:
                return await answer()
            finally:
                self._register.is_asked -= 1

        async def answer() -> ChangeOutcome:
            plan = dice.plan
            await asyncio.sleep(dice.random.choice((0.0, 0.3, 3.0)))
            if dice.fault(plan.register_away):
                again_in = dice.random.choice((None, timedelta(seconds=90)))
                return ChangeNotTaken("status_503", again_in)
            if dice.fault(plan.register_refuses):
                return self._register.refuse(what)
            if dice.fault(plan.register_silent):
                if dice.falls(0.5):
                    await take()
                await asyncio.sleep(dice.random.choice((0.0, _LONGEST_ANSWER)))
                return ChangeUnknown("timeout")
            return await take()

        # Whoever tells it has looked a moment ago whether it slept; no pause comes in between.
        return await self._process.step(effect, may_pause=False)
