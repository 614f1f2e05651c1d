"""What whoever keeps persons' profiles promises, and whoever finds by organisation what they registered."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from application.envelope import Actor, Role
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.profiles import ProfileIndex, ProfileRepository, Registered
from contracts.order_repository_contract import SetClock
from contracts.samples import NOON
from domain.channel import Channel
from domain.message import Language
from domain.personal import Contact, Identifier, PersonalClass
from domain.profile.events import (
    AddressesConfirmed,
    AddressesRegistered,
    AddressesWithdrawn,
    AddressVerified,
    ProfileAddress,
    ProfileEvent,
    ProfileOpened,
    Settings,
    SettingsChosen,
)
from domain.profile.profile import Profile, ProfileId
from domain.recipient import OrganisationNumber

KARI = ProfileId(UUID("6f1f5f0e-0000-8000-8000-000000000001"))
OLA = ProfileId(UUID("6f1f5f0e-0000-8000-8000-000000000002"))
UNIT, OTHER = OrganisationNumber("314022009"), OrganisationNumber("314022017")
HERSELF = Actor(role=Role.PERSON, name=str(KARI))
OPENED = ProfileOpened(person=Identifier("15859010099"), user=Identifier("20001111"))
EMAIL, MOBILE = Contact("kari@fjell.example.no"), Contact("+4740000001")
MINE = ProfileAddress(address=EMAIL, is_verified=True)
PERHAPS = ProfileAddress(address=MOBILE, is_verified=False)

Erase = Callable[[ProfileId, PersonalClass], Awaitable[None]]


def registered(
    unit: OrganisationNumber = UNIT, user: str = "20001111", *resources: str
) -> AddressesRegistered:
    return AddressesRegistered(
        organisation=unit, email=MINE, mobile=PERHAPS, resources=resources, user=Identifier(user)
    )


async def record(
    profiles: ProfileRepository, profile_id: ProfileId, *events: ProfileEvent
) -> Profile:
    return await profiles.append(await profiles.load(profile_id), events, by=HERSELF)


class ProfileRepositoryContract:
    """A profile is read back as it was left, and only what is decided on its latest state is recorded."""

    @pytest.fixture
    def clock(self) -> SetClock:
        """The clock by which events are recorded."""
        raise NotImplementedError

    @pytest.fixture
    def profiles(self) -> ProfileRepository:
        """One that keeps nothing yet."""
        raise NotImplementedError

    @pytest.fixture
    def erase(self) -> Erase:
        """Erases the words of a class from a profile."""
        raise NotImplementedError

    async def test_of_whom_nothing_is_recorded_nothing_is_known(
        self, profiles: ProfileRepository
    ) -> None:
        assert await profiles.load(KARI) == Profile(profile_id=KARI)
        assert list(await profiles.history(KARI)) == []

    async def test_a_profile_is_read_back_as_it_was_left(
        self, profiles: ProfileRepository, clock: SetClock
    ) -> None:
        left = await record(profiles, KARI, OPENED)
        clock.now += timedelta(minutes=1)
        left = await profiles.append(left, [registered()], by=HERSELF)

        assert await profiles.load(KARI) == left
        assert left.registration(UNIT).changed_at == NOON + timedelta(minutes=1)
        assert left.registration(UNIT).email == MINE

    async def test_many_profiles_are_read_at_once_as_each_is_read_alone(
        self, profiles: ProfileRepository
    ) -> None:
        karis = await record(profiles, KARI, OPENED, registered())
        strangers = ProfileId(uuid4())
        olas = await record(profiles, OLA, OPENED, registered(UNIT, "20002222"))
        karis = await record(profiles, KARI, registered())

        found = await profiles.load_all([OLA, strangers, KARI])

        assert found == {KARI: karis, OLA: olas, strangers: Profile(profile_id=strangers)}
        assert await profiles.load_all([]) == {}

    async def test_a_history_tells_what_was_done_when_and_by_whom(
        self, profiles: ProfileRepository, clock: SetClock
    ) -> None:
        await record(profiles, KARI, OPENED)
        clock.now += timedelta(minutes=1)
        await record(profiles, KARI, registered())

        first, second = await profiles.history(KARI)

        assert [first.event, second.event] == [OPENED, registered()]
        assert [first.version, second.version] == [1, 2]
        assert [first.recorded_at, second.recorded_at] == [NOON, NOON + timedelta(minutes=1)]
        assert first.recorded_by == HERSELF
        assert first.stream_id == first.profile_id == KARI

    async def test_of_two_decisions_on_the_same_profile_one_is_recorded(
        self, profiles: ProfileRepository
    ) -> None:
        before = await profiles.load(KARI)
        await profiles.append(before, [OPENED], by=HERSELF)

        with pytest.raises(ConcurrentUpdateError):
            await profiles.append(before, [OPENED, registered()], by=HERSELF)

        assert (await profiles.load(KARI)).version == 1

    async def test_a_decision_for_nothing_records_nothing(
        self, profiles: ProfileRepository
    ) -> None:
        before = await profiles.load(KARI)

        assert await profiles.append(before, [], by=HERSELF) == before
        assert list(await profiles.history(KARI)) == []

    async def test_what_was_recorded_stands_when_the_words_in_it_are_erased(
        self, profiles: ProfileRepository, erase: Erase
    ) -> None:
        await record(profiles, KARI, OPENED, registered(UNIT, "20001111", "tax"))

        await erase(KARI, "contact")
        await erase(KARI, "identity")

        opened, told = [each.event for each in await profiles.history(KARI)]
        assert opened == ProfileOpened(person=Identifier(None), user=Identifier(None))
        assert told == AddressesRegistered(
            organisation=UNIT,
            email=ProfileAddress(address=Contact(None), is_verified=True),
            mobile=ProfileAddress(address=Contact(None), is_verified=False),
            resources=("tax",),
            user=Identifier(None),
        )


class ProfileIndexContract:
    """Whoever finds by organisation what persons registered knows what was recorded a moment ago."""

    @pytest.fixture
    def profiles(self) -> ProfileRepository:
        """Where it is recorded."""
        raise NotImplementedError

    @pytest.fixture
    def index(self) -> ProfileIndex:
        """One over the same log."""
        raise NotImplementedError

    @pytest.fixture
    def erase(self) -> Erase:
        """Erases the words of a class from a profile."""
        raise NotImplementedError

    async def test_what_is_registered_is_found_by_its_organisation(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        await record(profiles, KARI, OPENED, registered(UNIT, "20001111", "tax"))
        await record(profiles, OLA, OPENED, registered(OTHER, "20002222"))

        (found,) = await index.registered_for([UNIT])

        assert found == Registered(
            organisation=UNIT, user="20001111", resources=("tax",), email=MINE, mobile=PERHAPS
        )
        both = await index.registered_for([OTHER, UNIT])
        assert [each.organisation for each in both] == [UNIT, OTHER]
        assert list(await index.registered_for([])) == []

    async def test_of_whom_no_users_id_is_known_the_number_is_found(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        theirs = msgspec.structs.replace(registered(), person=Identifier("15859010099"))
        await record(profiles, KARI, OPENED, theirs)

        (found,) = await index.registered_for([UNIT])
        assert found.person == Identifier("15859010099")
        assert "15859010099" not in repr(found)

        again = AddressesConfirmed(
            organisation=UNIT, email=MINE, user=theirs.user, person=theirs.person
        )
        await record(profiles, KARI, again)
        (found,) = await index.registered_for([UNIT])
        assert found.person == Identifier("15859010099")

    async def test_what_is_registered_anew_takes_the_place_of_what_was_before(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        await record(profiles, KARI, OPENED, registered())
        await index.registered_for([UNIT])
        elsewhere = ProfileAddress(address=Contact("kari@dal.example.no"), is_verified=True)
        anew = AddressesRegistered(
            organisation=UNIT, email=elsewhere, resources=("tax",), user=Identifier("20001111")
        )
        await record(profiles, KARI, anew)

        (found,) = await index.registered_for([UNIT])

        assert (found.email, found.mobile, found.resources) == (elsewhere, None, ("tax",))

    async def test_it_comes_with_the_language_that_was_chosen_last_if_any_was(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        await record(profiles, KARI, OPENED, registered(user="20001111"))
        await record(profiles, OLA, OPENED, registered(user="20002222"))
        for language in (Language.NN, Language.EN):
            chosen = SettingsChosen(settings=Settings(language=language))
            await record(profiles, KARI, chosen)

        found = await index.registered_for([UNIT])

        assert {each.user: each.language for each in found} == {"20001111": "en", "20002222": None}

    async def test_what_is_confirmed_holds_as_it_was(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        confirmed = AddressesConfirmed(
            organisation=UNIT, email=MINE, mobile=PERHAPS, user=Identifier("20001111")
        )
        await record(profiles, KARI, OPENED, registered(UNIT, "20001111", "tax"))
        before = list(await index.registered_for([UNIT]))
        await record(profiles, KARI, confirmed)

        assert list(await index.registered_for([UNIT])) == before

    async def test_an_address_is_verified_from_then_on_wherever_it_is_registered(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        await record(profiles, KARI, OPENED, registered(), registered(OTHER))
        await index.registered_for([UNIT])
        await record(
            profiles,
            KARI,
            AddressVerified(
                code_no=1, channel=Channel.SMS, address=MOBILE, organisations=(UNIT, OTHER)
            ),
        )

        found = await index.registered_for([UNIT, OTHER])

        assert [each.mobile and each.mobile.is_verified for each in found] == [True, True]

    async def test_what_is_withdrawn_is_found_no_more(
        self, profiles: ProfileRepository, index: ProfileIndex
    ) -> None:
        await record(profiles, KARI, OPENED, registered(), registered(OTHER))
        await index.registered_for([UNIT])
        await record(profiles, KARI, AddressesWithdrawn(organisation=UNIT))

        assert list(await index.registered_for([UNIT])) == []
        assert len(await index.registered_for([UNIT, OTHER])) == 1

    async def test_nobody_is_found_at_an_address_that_was_erased(
        self, profiles: ProfileRepository, index: ProfileIndex, erase: Erase
    ) -> None:
        await record(profiles, KARI, OPENED, registered())

        await erase(KARI, "contact")

        (found,) = await index.registered_for([UNIT])
        assert (found.user, found.email, found.mobile) == ("20001111", None, None)
        await erase(KARI, "identity")
        assert list(await index.registered_for([UNIT])) == []
