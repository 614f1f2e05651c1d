"""What people do meanwhile: say where they want to be told, confirm it, and change their firms' addresses."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from typing_extensions import override

from adapters.memory.profiles import InMemoryProfileRepository
from application.assembly import Application
from application.caller import EndUser
from application.envelope import Actor
from application.official_addresses.editing import RESOURCE
from application.ports.address_changes import ConcurrentChangeError
from application.ports.decision_point import READ, AuthorityUndecidedError, Question
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from application.ports.provider import OutboundMessage
from application.ports.registries import RegistryUnavailableError
from application.profiles.profile_service import Wanted
from application.profiles.verification import CodeNotSentError
from domain.channel import Channel
from domain.official_address import (
    AddressId,
    AddressNotFoundError,
    AddressRefusedError,
    AddressStatus,
    ChangeUnderWayError,
    LastAddressError,
    ListedAddress,
    Place,
    TwinError,
)
from domain.personal import Contact, Identifier
from domain.profile.events import ProfileEvent
from domain.profile.profile import Profile, ProfileError, ProfileId
from domain.recipient import OrganisationNumber
from tests.simulation.address_register import Entry, OutsideRegister
from tests.simulation.processes import Dice, KilledError

_AWAY: Final = (
    KilledError,
    StoreUnavailableError,
    RegistryUnavailableError,
    ConcurrentUpdateError,
    ConcurrentChangeError,
    AuthorityUndecidedError,
    CodeNotSentError,
)
_DECIDED: Final = (
    AddressNotFoundError,
    AddressRefusedError,
    ChangeUnderWayError,
    LastAddressError,
    ProfileError,
    TwinError,
)
_KEEPER: Final = EndUser(person=Identifier("01019000083"), user=Identifier("keeper"), level=4)
_CODE: Final = re.compile(r"\b[0-9]{6}\b")
_TRIES: Final = 30


def keeper_may(organisations: Sequence[OrganisationNumber]) -> Sequence[Question]:
    """What the one who keeps the firms' addresses may do."""
    return [
        Question("keeper", each, RESOURCE, action)
        for each in organisations
        for action in (READ, "write")
    ]


class RememberedProfiles(InMemoryProfileRepository):
    """Profiles in memory that are not read anew for each look-up."""

    _remembered: dict[ProfileId, Profile] | None = None

    @property
    @override
    def profiles(self) -> Sequence[Profile]:
        return list((self._remembered or {}).values())

    @override
    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        left = await super().append(profile, events, by=by)
        self._remembered = {**(self._remembered or {}), left.profile_id: left}
        return left

    @override
    def language_of(self, profile_id: ProfileId) -> str | None:  # nobody chooses one here
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """A change of an official address that was answered with success."""

    organisation: OrganisationNumber
    address_id: AddressId
    place: Place


@dataclass(slots=True, kw_only=True)
class People:
    """Persons who act for organisations, and do so until they are answered."""

    dice: Dice
    clock: Callable[[], datetime]
    application: Callable[[], Application]
    """The product, as a process of the API has it that has just been started."""
    register: OutsideRegister
    users: Mapping[str, OrganisationNumber]
    """For which organisation each of those acts who are known by a user's id."""
    mail: Callable[[Contact], OutboundMessage | None]
    """What was handed over last to an address."""
    asked: list[AskedFor] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    """How often each thing was done."""
    _made: int = 0
    _theirs: list[str] = field(default_factory=list)
    """Addresses in the register that others put there."""

    async def live(self) -> None:
        """Do one thing after another, for ever."""
        while True:
            await asyncio.sleep(self.dice.random.random() * 20)
            doing = self.dice.random.choice(
                (self._register, self._register, self._withdraw, self._ask, self._ask, self._others)
            )
            await doing()

    # Where persons want to be told

    async def _register(self) -> None:
        """Say that an address is one's own, show it most of the time, and want to be told there."""
        person, organisation = self._somebody()
        channel = self.dice.random.choice((Channel.EMAIL, Channel.SMS))
        address = self._new_address(channel)
        await self._until_answered(
            "code", lambda: self.application().verification.send(person, channel, address)
        )
        await asyncio.sleep(5)
        letter = self.mail(address)
        if letter is not None and self.dice.falls(0.8):
            (code,) = _CODE.findall(letter.body.text)
            await self._until_answered(
                "verified",
                lambda: self.application().verification.verify(person, channel, address, code),
            )
        wanted = Wanted(
            email=address if channel is Channel.EMAIL else None,
            mobile=address if channel is Channel.SMS else None,
            resources=(),
        )
        await self._until_answered(
            "registered", lambda: self.application().profiles.register(person, organisation, wanted)
        )

    async def _withdraw(self) -> None:
        person, organisation = self._somebody()
        await self._until_answered(
            "withdrawn", lambda: self.application().profiles.withdraw(person, organisation)
        )

    def _somebody(self) -> tuple[EndUser, OrganisationNumber]:
        user = self.dice.random.choice(list(self.users))
        return end_user(user), self.users[user]

    # Where organisations are told

    async def _ask(self) -> None:
        """Ask for a change of an official address."""
        organisation = self.dice.random.choice(sorted(set(self.users.values())))
        channel = self.dice.random.choice((Channel.EMAIL, Channel.EMAIL, Channel.SMS))
        kind = self.dice.random.choice(("added", "replaced", "removed"))

        async def asked() -> None:
            # Another one each time: what was asked for before may be on record all the same.
            place = Place(channel=channel, address=self._new_address(channel))
            service = self.application().official_addresses
            known = await service.addresses(organisation, by=_KEEPER)
            if kind == "added" or not known.held:
                listed, _ = await service.add(organisation, place, by=_KEEPER)
                self._note(organisation, place, listed)
                return
            held = self.dice.random.choice(known.listed)
            if kind == "removed":
                await service.remove(organisation, held.address_id, by=_KEEPER)
                return
            listed = await service.replace(organisation, held.address_id, place, by=_KEEPER)
            self._note(organisation, place, listed)

        await self._until_answered(kind, asked)

    def _note(self, organisation: OrganisationNumber, place: Place, listed: ListedAddress) -> None:
        # Whoever asks again may hear that the feed has brought it meanwhile, under another number.
        if listed.status is AddressStatus.PENDING:
            asked = AskedFor(organisation=organisation, address_id=listed.address_id, place=place)
            self.asked.append(asked)

    async def _others(self) -> None:
        """Have an address put into the register by others than us, or one of theirs taken out."""
        gone = [each for each in self._theirs if each not in self.register.has]
        self._theirs = [each for each in self._theirs if each not in gone]
        if self._theirs and self.dice.falls(0.5):
            self.register.drop(self._theirs.pop())
            return
        organisation = self.dice.random.choice(sorted(set(self.users.values())))
        place = Place(channel=Channel.EMAIL, address=self._new_address(Channel.EMAIL))
        entry: Entry = (organisation, place)
        self._theirs.append(self.register.put(entry))

    def _new_address(self, channel: Channel) -> Contact:
        self._made += 1
        if channel is Channel.EMAIL:
            return Contact(f"new{self._made}@example.org")
        return Contact(f"+4742{self._made:06}")

    async def _until_answered(self, doing: str, ask: Callable[[], Awaitable[object]]) -> None:
        for _ in range(_TRIES):
            try:
                await ask()
            except _AWAY:
                await asyncio.sleep(2.0)
                continue
            except _DECIDED:
                return
            self.done[doing] = self.done.get(doing, 0) + 1
            return


def end_user(user: str) -> EndUser:
    """The person whom the login service knows by a user's id."""
    return EndUser(person=Identifier(f"010290{int(user):05}"), user=Identifier(user), level=4)
