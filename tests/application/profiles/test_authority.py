"""Whether a person may act for an organisation, as the decision point says it of whom the token names."""

from dataclasses import replace
from uuid import uuid4

import pytest

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.profiles import InMemoryProfileRepository
from application.caller import Assurance, EndUser
from application.envelope import Actor, Role
from application.ports.decision_point import AuthorityUndecidedError, Question
from application.profiles.authority import MayNotActError, PersonsAuthority
from application.profiles.profile_ids import ProfileIds
from contracts.order_repository_contract import SetClock
from domain.personal import Identifier
from domain.profile.events import ProfileOpened
from domain.recipient import OrganisationNumber

UNIT = OrganisationNumber("314022009")
KARI = EndUser(
    person=Identifier("15859010099"), user=Identifier("20001111"), level=Assurance.SUBSTANTIAL
)
NUMBER_ALONE = replace(KARI, user=None)
ASKED = Question("20001111", UNIT, "taxes", "sign")


class House:
    """A decision point, profiles, and whoever asks by them."""

    def __init__(self) -> None:
        vault, clock = InMemoryKeyVault(), SetClock()
        orders = InMemoryOrderRepository(vault=vault, clock=clock, next_id=uuid4)
        self.profiles = InMemoryProfileRepository(
            orders.log, vault=vault, clock=clock, next_id=uuid4
        )
        self.profile_id = ProfileIds(vault).of_person(KARI.person.text)
        self.decision_point = InMemoryDecisionPoint([ASKED])
        self.authority = PersonsAuthority(
            profiles=self.profiles, ids=ProfileIds(vault), decision_point=self.decision_point
        )

    async def opened(self) -> None:
        """Let the person have logged in before, by a token that told the user's id."""
        told = ProfileOpened(person=KARI.person, user=KARI.user)
        herself = Actor(role=Role.PERSON, name=str(self.profile_id))
        await self.profiles.append(await self.profiles.load(self.profile_id), [told], by=herself)

    async def asked_about(self, person: EndUser) -> Question:
        """What is asked when somebody wants to sign for the unit."""
        await self.authority.refuse_unpermitted(person, UNIT, resource="taxes", action="sign")
        return self.decision_point.asked[-1][0]


@pytest.fixture
def house() -> House:
    return House()


async def test_a_person_is_asked_about_by_their_users_id(house: House) -> None:
    assert await house.asked_about(KARI) == ASKED


async def test_a_users_id_that_an_earlier_token_told_is_asked_by(house: House) -> None:
    await house.opened()
    assert await house.asked_about(NUMBER_ALONE) == ASKED


async def test_who_has_no_users_id_is_asked_about_by_number_which_shows_itself_nowhere(
    house: House,
) -> None:
    by_number = Question(str(house.profile_id), UNIT, "taxes", "sign", KARI.person)
    house.decision_point.permitted = {by_number}

    assert await house.asked_about(NUMBER_ALONE) == by_number
    assert "15859010099" not in repr(house.decision_point.asked)


async def test_whose_users_id_is_known_is_never_asked_about_by_number(house: House) -> None:
    await house.opened()
    for person in (KARI, NUMBER_ALONE):
        assert (await house.asked_about(person)).person is None


async def test_who_is_refused_may_not(house: House) -> None:
    house.decision_point.permitted.clear()
    with pytest.raises(MayNotActError):
        await house.asked_about(KARI)


@pytest.mark.parametrize("trouble", ["is_away", "uncertain"])
async def test_where_nobody_can_tell_nobody_is_told_that_they_may_not(
    house: House, trouble: str
) -> None:
    house.decision_point.is_away = trouble == "is_away"
    house.decision_point.uncertain = {ASKED} if trouble == "uncertain" else set()
    with pytest.raises(AuthorityUndecidedError):
        await house.asked_about(KARI)
