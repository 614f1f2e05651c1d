"""What another service registered for persons, taken over into their profiles."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.profiles import InMemoryProfileRepository
from application.envelope import Actor, Role
from application.operations.recorder import ReasonMissingError
from application.ports.order_repository import ConcurrentUpdateError
from application.profiles.handed_in import HandedIn, HandInService, TakenOver
from application.profiles.profile_ids import ProfileIds
from contracts.order_repository_contract import SetClock
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressesRegistered,
    AddressesWithdrawn,
    ProfileAddress,
    ProfileEvent,
    ProfileOpened,
)
from domain.profile.profile import Profile
from domain.recipient import OrganisationNumber

UNIT, OTHER = OrganisationNumber("314022009"), OrganisationNumber("314022017")
OPERATOR = Actor(role=Role.OPERATOR, name="kari@host-1")
EMAIL = ProfileAddress(address=Contact("kari@fjell.example.no"), is_verified=True)
VAULT = InMemoryKeyVault()
IDS = ProfileIds(VAULT)


class Overtaken(InMemoryProfileRepository):
    """Somebody else is quicker, once."""

    is_quicker = True

    @override
    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        if self.is_quicker:
            self.is_quicker = False
            await super().append(profile, [ProfileOpened(user=Identifier("1"))], by=by)
            raise ConcurrentUpdateError
        return await super().append(profile, events, by=by)


def repository(
    kind: type[InMemoryProfileRepository] = InMemoryProfileRepository,
) -> InMemoryProfileRepository:
    orders = InMemoryOrderRepository(vault=VAULT, clock=SetClock(), next_id=uuid4)
    return kind(orders.log, vault=VAULT, clock=SetClock(), next_id=uuid4)


@pytest.fixture
def profiles() -> InMemoryProfileRepository:
    return repository()


@pytest.fixture
def service(profiles: InMemoryProfileRepository) -> HandInService:
    return HandInService(profiles=profiles, ids=IDS, clock=SetClock())


def entry(
    unit: OrganisationNumber = UNIT,
    user: str = "1",
    *,
    person: str | None = None,
    is_withdrawn: bool = False,
) -> HandedIn:
    return HandedIn(
        person=None if person is None else Identifier(person),
        user=Identifier(user),
        organisation=unit,
        resources=("tax",),
        email=EMAIL,
        is_withdrawn=is_withdrawn,
    )


async def test_each_registration_is_recorded_with_who_said_so_and_why(
    service: HandInService, profiles: InMemoryProfileRepository
) -> None:
    done = await service.take_over([entry(), entry(OTHER)], by=OPERATOR, reason="moved  here\n")

    assert done == TakenOver(registered=2, withdrawn=0)
    opened, *registered = await profiles.history(IDS.of_user("1"))
    assert opened.event == ProfileOpened(user=Identifier("1"))
    for told, unit in zip(registered, (UNIT, OTHER), strict=True):
        assert told.recorded_by == OPERATOR
        assert told.event == AddressesRegistered(
            organisation=unit,
            email=EMAIL,
            resources=("tax",),
            user=Identifier("1"),
            reason="moved here",
        )


async def test_to_hand_in_twice_is_to_hand_in_once(
    service: HandInService, profiles: InMemoryProfileRepository
) -> None:
    for _ in range(2):
        await service.take_over([entry(), entry()], by=OPERATOR, reason="moved here")

    assert len(await profiles.history(IDS.of_user("1"))) == 2


async def test_whose_number_is_told_it_is_the_profile_of_whoever_logs_in_with_it(
    service: HandInService, profiles: InMemoryProfileRepository
) -> None:
    await service.take_over([entry(person="15859010099")], by=OPERATOR, reason="moved here")

    profile = await profiles.load(IDS.of_person("15859010099"))
    assert (profile.person, profile.user) == (Identifier("15859010099"), Identifier("1"))
    assert (await profiles.load(IDS.of_user("1"))).version == 0


async def test_what_is_withdrawn_there_is_withdrawn_here(
    service: HandInService, profiles: InMemoryProfileRepository
) -> None:
    done = await service.take_over(
        [entry(), entry(is_withdrawn=True)], by=OPERATOR, reason="left the firm"
    )

    assert done == TakenOver(registered=1, withdrawn=1)
    *_, last = await profiles.history(IDS.of_user("1"))
    assert last.event == AddressesWithdrawn(organisation=UNIT, reason="left the firm")


async def test_of_whom_nothing_was_known_nothing_is_withdrawn(
    service: HandInService, profiles: InMemoryProfileRepository
) -> None:
    await service.take_over([entry(is_withdrawn=True)], by=OPERATOR, reason="left the firm")
    assert list(await profiles.history(IDS.of_user("1"))) == []


async def test_without_a_reason_nothing_is_taken_over(
    service: HandInService, profiles: InMemoryProfileRepository
) -> None:
    with pytest.raises(ReasonMissingError):
        await service.take_over([entry()], by=OPERATOR, reason=" ")
    assert list(await profiles.history(IDS.of_user("1"))) == []


async def test_who_is_overtaken_decides_anew() -> None:
    profiles = repository(Overtaken)
    service = HandInService(profiles=profiles, ids=IDS, clock=SetClock())

    await service.take_over([entry()], by=OPERATOR, reason="moved here")

    events = [each.event for each in await profiles.history(IDS.of_user("1"))]
    assert [type(each) for each in events] == [ProfileOpened, AddressesRegistered]
