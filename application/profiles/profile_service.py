"""What a person does with their own profile: registers, changes, confirms and withdraws, and chooses a language."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from application.caller import EndUser
from application.envelope import Actor, Role
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.profiles import ProfileRepository
from application.profiles.authority import PersonsAuthority
from application.profiles.profile_ids import ProfileIds
from domain.personal import Contact
from domain.profile.events import ProfileEvent, Settings
from domain.profile.profile import Profile, ProfileId, evolve_all
from domain.recipient import OrganisationNumber

PROFILE_RESOURCE: Final = "varsel-profile"
"""To what a person must have access for an organisation, to register there where they are told."""
ACCESS: Final = "access"
"""What a person must be allowed to do to register for an organisation."""
_MOVED: Final = "its holder logged in"


class Kept(Enum):
    """Stands for what a change leaves as it is."""

    AS_IT_IS = "as_it_is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where a person wants to be told what concerns an organisation, and about what of it."""

    email: Contact | Kept | None
    mobile: Contact | Kept | None
    resources: Sequence[str] | Kept


T = TypeVar("T")
Decide: TypeAlias = Callable[[Profile, datetime], Sequence[ProfileEvent]]


class ProfileService:
    """Carries out what persons ask of their profiles; what two ask at once is done one after the other."""

    def __init__(
        self,
        *,
        profiles: ProfileRepository,
        ids: ProfileIds,
        authority: PersonsAuthority,
        resource: str,
        clock: Callable[[], datetime],
    ) -> None:
        """Take where profiles are kept; `resource` is what persons must have access to for an organisation."""
        self._profiles = profiles
        self._ids = ids
        self._authority = authority
        self._resource = resource
        self._clock = clock

    async def profile(self, person: EndUser) -> Profile:
        """A person's profile, with what was handed in for them under their user's id.

        Raises:
            SpoiltHistoryError: it cannot be read.
            StoreUnavailableError: try again later.
        """
        profile = await self._load(person)
        await self._profiles.append(
            profile, (), by=actor(profile.profile_id, person)
        )  # it is as lasting as an append
        return profile

    async def may_act_for(self, person: EndUser, organisation: OrganisationNumber) -> None:
        """See that a person may register for an organisation.

        Raises:
            MayNotActError: they may not.
            AuthorityUndecidedError: nobody can tell now.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        await self._authority.refuse_unpermitted(
            person, organisation, resource=self._resource, action=ACCESS
        )

    async def register(
        self, person: EndUser, organisation: OrganisationNumber, wanted: Wanted
    ) -> bool:
        """Tell a person at these addresses what concerns an organisation; whether nothing was registered before.

        What is registered already is confirmed.

        Raises:
            ProfileError: it is refused; nothing was recorded.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """

        def decide(profile: Profile, _: datetime) -> Sequence[ProfileEvent]:
            before = profile.registrations.get(organisation)
            email = None if before is None or before.email is None else before.email.address
            mobile = None if before is None or before.mobile is None else before.mobile.address
            return profile.register(
                organisation,
                email=_changed(email, wanted.email),
                mobile=_changed(mobile, wanted.mobile),
                resources=_changed(() if before is None else before.resources, wanted.resources),
            )

        before = await self._decide(person, _within_bounds(decide))
        return organisation not in before.registrations

    async def withdraw(self, person: EndUser, organisation: OrganisationNumber) -> None:
        """Tell a person nothing on behalf of an organisation any more.

        Raises:
            NothingRegisteredError: nothing was registered.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        before = await self._decide(person, lambda profile, _: profile.withdraw(organisation))
        before.registration(organisation)

    async def ignore_confirmation(self, person: EndUser) -> None:
        """Ask a person for a year no more whether what they registered still holds.

        Raises:
            TooManyChangesError: as much as may be in a day was changed; nothing was recorded.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        await self._decide(person, _within_bounds(lambda profile, _: profile.ignore_confirmation()))

    async def choose(self, person: EndUser, change: Callable[[Settings], Settings]) -> Settings:
        """Speak to a person as they choose; their settings as the change leaves them.

        Raises:
            TooManyChangesError: as much as may be in a day was changed; nothing was recorded.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        before = await self._decide(
            person, _within_bounds(lambda profile, _: profile.choose(change(profile.settings)))
        )
        return change(before.settings)

    async def _load(self, person: EndUser) -> Profile:
        """A person's profile; what stands under their user's id alone is theirs, too, and moved to it."""
        profile = await self._profiles.load(self._ids.of_person(person.person.text))
        user = person.user or profile.user
        if user is None:
            return profile
        handed_in = await self._profiles.load(self._ids.of_user(user.text))
        if not handed_in.registrations:
            return profile
        return await self._moved(person, handed_in)

    async def _moved(self, person: EndUser, handed_in: Profile) -> Profile:
        """Move registrations to the profile of whoever logged in; those of their own stand."""

        def decide(profile: Profile, now: datetime) -> Sequence[ProfileEvent]:
            events: list[ProfileEvent] = []
            for organisation, each in handed_in.registrations.items():
                if organisation not in profile.registrations:
                    decided = profile.take_over(
                        organisation,
                        email=each.email,
                        mobile=each.mobile,
                        resources=each.resources,
                        reason=_MOVED,
                    )
                    profile = evolve_all(profile, [(event, now) for event in decided])
                    events += decided
            return events

        before = await self._profiles.load(self._ids.of_person(person.person.text))
        await self._record(person, before, decide)
        withdrawn = [
            event
            for organisation in handed_in.registrations
            for event in handed_in.withdraw(organisation, reason=_MOVED)
        ]
        # Whoever moves it, too, or hands in more: the next look moves that.
        with suppress(ConcurrentUpdateError):
            await self._profiles.append(handed_in, withdrawn, by=actor(before.profile_id, person))
        return await self._profiles.load(before.profile_id)

    async def _decide(self, person: EndUser, decide: Decide) -> Profile:
        """Record what is decided on a profile as it is now; the profile as it was before."""
        while True:
            before = await self._load(person)
            try:
                await self._record(person, before, decide)
            except ConcurrentUpdateError:
                continue
            return before

    async def _record(self, person: EndUser, before: Profile, decide: Decide) -> None:
        now = self._clock()
        opened = before.open(person.person, person.user)
        then = evolve_all(before, [(each, now) for each in opened])
        if decided := decide(then, now):
            by = actor(before.profile_id, person)
            await self._profiles.append(before, [*opened, *decided], by=by)
        else:
            await self._profiles.append(before, (), by=actor(before.profile_id, person))


def _within_bounds(decide: Decide) -> Decide:
    """Decide so, unless the person has changed as much as may be in a day."""

    def decided(profile: Profile, now: datetime) -> Sequence[ProfileEvent]:
        if events := decide(profile, now):
            profile.refuse_change(now)
        return events

    return decided


def actor(profile_id: ProfileId, person: EndUser) -> Actor:
    """The person as histories name them: by the id of their profile, which tells nothing of them."""
    return Actor(
        role=Role.PERSON,
        name=str(profile_id),
        client=person.client_id,
        token=person.token_id,
    )


def _changed(before: T, wanted: T | Kept) -> T:
    return before if isinstance(wanted, Kept) else wanted
