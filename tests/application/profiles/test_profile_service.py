"""What a person asks of their profile, and what is recorded of it."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.profiles import InMemoryProfileRepository
from application.caller import Assurance, EndUser
from application.envelope import Actor, Role
from application.ports.decision_point import Question
from application.ports.order_repository import ConcurrentUpdateError
from application.profiles.authority import MayNotActError, PersonsAuthority
from application.profiles.profile_ids import ProfileIds
from application.profiles.profile_service import (
    Kept,
    ProfileService,
    Wanted,
)
from contracts.order_repository_contract import SetClock
from domain.channel import Channel
from domain.message import Language
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressesConfirmed,
    AddressesRegistered,
    AddressVerified,
    ProfileEvent,
    ProfileOpened,
    Settings,
    SettingsChosen,
    UserTold,
)
from domain.profile.profile import NothingRegisteredError, Profile
from domain.recipient import OrganisationNumber

UNIT = OrganisationNumber("314022009")
VAULT = InMemoryKeyVault()
IDS = ProfileIds(VAULT)
KARI = EndUser(
    person=Identifier("15859010099"),
    user=Identifier("20001111"),
    level=Assurance.SUBSTANTIAL,
    client_id="client-2",
    token_id="token-2",
)
PROFILE_ID = IDS.of_person("15859010099")
HERSELF = Actor(role=Role.PERSON, name=str(PROFILE_ID), client="client-2", token="token-2")
EMAIL = Contact("kari@fjell.example.no")
MINE = AddressVerified(code_no=1, channel=Channel.EMAIL, address=EMAIL)
WANTED = Wanted(email=EMAIL, mobile=None, resources=("tax",))


class Overtaken(InMemoryProfileRepository):
    """Somebody else is quicker, once."""

    is_quicker = False

    @override
    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        if events and self.is_quicker:
            self.is_quicker = False
            english = SettingsChosen(settings=Settings(language=Language.EN))
            await super().append(profile, [english], by=by)
            raise ConcurrentUpdateError
        return await super().append(profile, events, by=by)


@pytest.fixture
def profiles() -> Overtaken:
    orders = InMemoryOrderRepository(vault=VAULT, clock=SetClock(), next_id=uuid4)
    return Overtaken(orders.log, vault=VAULT, clock=SetClock(), next_id=uuid4)


@pytest.fixture
def decision_point() -> InMemoryDecisionPoint:
    return InMemoryDecisionPoint()


@pytest.fixture
async def service(profiles: Overtaken, decision_point: InMemoryDecisionPoint) -> ProfileService:
    opened = ProfileOpened(person=KARI.person, user=KARI.user)
    await profiles.append(await profiles.load(PROFILE_ID), [opened, MINE], by=HERSELF)
    return ProfileService(
        profiles=profiles,
        ids=IDS,
        authority=PersonsAuthority(profiles=profiles, ids=IDS, decision_point=decision_point),
        resource="varsel-profile",
        clock=SetClock(),
    )


async def events(profiles: Overtaken) -> Sequence[ProfileEvent]:
    _, _, *since = await profiles.history(PROFILE_ID)
    assert {each.recorded_by for each in since} <= {HERSELF}
    return [each.event for each in since]


async def test_a_person_registers_under_the_id_of_their_profile(
    service: ProfileService, profiles: Overtaken
) -> None:
    assert await service.register(KARI, UNIT, WANTED)

    (told,) = await events(profiles)
    assert isinstance(told, AddressesRegistered)
    assert (told.email and told.email.address, told.resources) == (EMAIL, ("tax",))
    assert "15859010099" not in repr(await profiles.history(PROFILE_ID))


async def test_what_is_registered_a_second_time_is_confirmed(
    service: ProfileService, profiles: Overtaken
) -> None:
    await service.register(KARI, UNIT, WANTED)
    same = Wanted(email=Kept.AS_IT_IS, mobile=Kept.AS_IT_IS, resources=Kept.AS_IT_IS)

    assert not await service.register(KARI, UNIT, same)

    assert isinstance((await events(profiles))[-1], AddressesConfirmed)


async def test_who_is_overtaken_decides_anew(service: ProfileService, profiles: Overtaken) -> None:
    profiles.is_quicker = True

    assert await service.register(KARI, UNIT, WANTED)

    assert [type(each) for each in await events(profiles)] == [SettingsChosen, AddressesRegistered]


async def test_whose_id_at_the_login_service_has_changed_is_known_by_the_new_one(
    service: ProfileService, profiles: Overtaken
) -> None:
    moved = EndUser(
        person=KARI.person,
        user=Identifier("20002222"),
        level=KARI.level,
        client_id="client-2",
        token_id="token-2",
    )
    await service.register(moved, UNIT, WANTED)

    first, _ = await events(profiles)
    assert first == UserTold(user=Identifier("20002222"))


async def test_what_is_not_registered_cannot_be_withdrawn(service: ProfileService) -> None:
    with pytest.raises(NothingRegisteredError):
        await service.withdraw(KARI, UNIT)


async def test_settings_are_told_as_a_change_leaves_them(service: ProfileService) -> None:
    english = Settings(language=Language.EN)
    assert await service.choose(KARI, lambda _: english) == english
    assert (await service.profile(KARI)).settings == english


async def test_to_register_is_a_thing_that_the_decision_point_is_asked_about(
    service: ProfileService, decision_point: InMemoryDecisionPoint
) -> None:
    with pytest.raises(MayNotActError):
        await service.may_act_for(KARI, UNIT)

    assert decision_point.asked == [[Question("20001111", UNIT, "varsel-profile", "access")]]
