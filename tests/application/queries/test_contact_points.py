"""Other services are told where somebody is reached by the rules of this one, all of it or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from msgspec import structs
from typing_extensions import override

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.installation import InMemoryInstallation
from adapters.memory.party_ids import InMemoryPartyIds
from adapters.memory.registries import (
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
    registries,
)
from application.assembly import Policy, assemble
from application.envelope import Actor, Role
from application.lookup_subjects import subjects
from application.ports.act_log import ActLog, RecordedAct
from application.ports.order_repository import StoreUnavailableError
from application.ports.party_ids import PartyIds
from application.ports.registries import RegistryUnavailableError
from application.queries.contact_points import (
    MOST,
    ContactPointQueries,
    ExternalContact,
    OrganisationContact,
    OrganisationUsers,
    PersonContact,
    UserContact,
)
from contracts.order_repository_contract import SetClock
from contracts.suppressions_contract import came_back
from domain.channel import Channel
from domain.contact_point import BusinessRecord, PersonRecord, ProfileRecord, RegisteredAddress
from domain.operations.acts import ContactPointsLookedUp, LookedUp
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from tests.pace import longest_hold
from tests.samples import BAKERY, KARI, NOON, OLA

NOTIFICATIONS = Actor(role=Role.OWNER, name="digdir", client="altinn-notifications")
MILL = OrganisationNumber("314022017")
YESTERDAY, LONG_AGO = NOON - timedelta(days=1), NOON - timedelta(days=600)
TAX = "tax-2026"
EMAIL, MOBILE = Contact("kari@example.org"), Contact("+4740000001")


def at(
    address: str, confirmed_at: datetime | None = YESTERDAY, *, is_valid: bool = True
) -> RegisteredAddress:
    return RegisteredAddress(address=Contact(address), confirmed_at=confirmed_at, is_valid=is_valid)


def user(name: str, email: str | None = None, mobile: str | None = None) -> ProfileRecord:
    return ProfileRecord(
        user=name,
        email=None if email is None else at(email, None),
        mobile=None if mobile is None else at(mobile, None),
    )


class House:
    """What the registers know, and who is told of it."""

    def __init__(self) -> None:
        self.memory = InMemoryInstallation(clock=SetClock())
        self.persons: dict[str, PersonRecord] = {}
        self.businesses: dict[OrganisationNumber, BusinessRecord] = {}
        self.users: dict[tuple[OrganisationNumber, str], Sequence[ProfileRecord]] = {}
        self.parties: PartyIds | None = None
        self.acts: ActLog = self.memory.acts

    @property
    def contact_points(self) -> ContactPointQueries:
        """Those questions, of what the registers know by now."""
        ports = replace(
            self.memory.ports,
            registries=registries(
                persons=InMemoryPersonRegistry(self.persons),
                businesses=self.businesses,
                profiles=InMemoryProfileRegistry(self.users),
            ),
            parties=self.parties,
            acts=self.acts,
        )
        return assemble(ports, Policy()).contact_points

    async def karis(self, *, use_stale: bool = False) -> PersonContact | None:
        """Where Kari is reached."""
        found = await self.contact_points.persons(
            [KARI.number.text], use_stale=use_stale, by=NOTIFICATIONS
        )
        return next(iter(found), None)

    async def recorded(self) -> Sequence[RecordedAct]:
        """What is on record, the newest first."""
        return await self.memory.acts.latest(roles=set(Role), since=LONG_AGO, most=10)


@pytest.fixture
def house() -> House:
    return House()


async def test_a_person_is_told_with_what_is_confirmed_and_what_is_outdated(house: House) -> None:
    house.persons[KARI.number.text] = PersonRecord(
        email=at(EMAIL.text), mobile=at(MOBILE.text, LONG_AGO)
    )

    lately = await house.karis()
    however_old = await house.karis(use_stale=True)

    outdated = frozenset({Channel.SMS})
    kari = PersonContact(number=KARI.number.text, is_reserved=False, email=EMAIL, outdated=outdated)
    assert lately == kari
    assert however_old == replace(kari, mobile=MOBILE)


async def test_whose_addresses_are_all_outdated_is_absent_and_available_all_the_same(
    house: House,
) -> None:
    house.persons[KARI.number.text] = PersonRecord(
        email=at(EMAIL.text, LONG_AGO), can_be_notified=False
    )

    available = await house.contact_points.availability([KARI.number.text], by=NOTIFICATIONS)

    assert await house.karis() is None
    assert [(each.email, each.mobile) for each in available] == [(EMAIL, None)]


async def test_who_has_declined_is_said_to_have_and_told_where_they_are(house: House) -> None:
    house.persons[KARI.number.text] = PersonRecord(
        email=at(EMAIL.text), is_reserved=True, can_be_notified=False
    )

    assert await house.karis() == PersonContact(
        number=KARI.number.text, is_reserved=True, email=EMAIL
    )


@pytest.mark.parametrize(
    "record", [None, PersonRecord(is_deleted=True), PersonRecord(is_uncertain=True)]
)
async def test_who_is_unknown_gone_or_uncertain_is_absent(
    house: House, record: PersonRecord | None
) -> None:
    if record is not None:
        house.persons[KARI.number.text] = structs.replace(record, email=at(EMAIL.text))

    assert await house.karis() is None
    assert await house.karis(use_stale=True) is None


async def test_who_must_not_be_notified_is_told_without_any_address(house: House) -> None:
    house.persons[KARI.number.text] = PersonRecord(email=at(EMAIL.text), can_be_notified=False)

    assert await house.karis() == PersonContact(number=KARI.number.text, is_reserved=False)


async def test_an_address_that_nobody_could_send_to_is_none(house: House) -> None:
    house.persons[KARI.number.text] = PersonRecord(
        email=at("kari@", is_valid=False), mobile=at(MOBILE.text)
    )

    assert await house.karis() == PersonContact(
        number=KARI.number.text, is_reserved=False, mobile=MOBILE
    )


async def test_people_come_in_the_order_in_which_they_were_asked_for_and_once_each(
    house: House,
) -> None:
    house.persons |= {each.number.text: PersonRecord() for each in (KARI, OLA)}
    asked = [OLA.number.text, "00000000000", KARI.number.text, OLA.number.text]

    found = await house.contact_points.persons(asked, by=NOTIFICATIONS)

    assert [each.number for each in found] == [OLA.number.text, KARI.number.text]


async def test_an_address_for_logging_in_is_itself_an_answer_and_a_name_alone_is_none(
    house: House,
) -> None:
    known = "urn:altinn:person:idporten-email:user@example.org"

    found = await house.contact_points.externals(
        [known, "urn:altinn:party:username:nobody"], by=NOTIFICATIONS
    )

    assert found == [ExternalContact(urn=known, email=Contact("user@example.org"))]


async def test_a_unit_is_told_with_its_main_units_addresses_and_whose_they_are(
    house: House,
) -> None:
    post = at("post@bakery.example")
    house.businesses[MILL] = BusinessRecord(
        origin=BAKERY.number, emails=[post, post], mobiles=[at("1", is_valid=False)]
    )

    found = await house.contact_points.organisations(
        [MILL, OrganisationNumber("910000000")], by=NOTIFICATIONS
    )

    assert found == [OrganisationContact(number=MILL, origin=BAKERY.number, emails=[post.address])]


async def test_a_unit_that_is_uncertain_is_told_with_what_holds_all_the_same_or_not_at_all(
    house: House,
) -> None:
    certain = at("post@bakery.example")
    house.businesses |= {
        MILL: BusinessRecord(origin=MILL, is_uncertain=True),
        BAKERY.number: BusinessRecord(origin=BAKERY.number, emails=[certain], is_uncertain=True),
    }

    found = await house.contact_points.organisations([MILL, BAKERY.number], by=NOTIFICATIONS)

    assert [each.number for each in found] == [BAKERY.number]


async def test_every_user_who_wants_to_hear_is_told_whoever_else_has_their_address(
    house: House,
) -> None:
    house.users[BAKERY.number, TAX] = [
        user("20001111", "both@bakery.example"),
        user("20002222", "both@bakery.example", "+4740000005"),
    ]

    found = await house.contact_points.users(
        [MILL, BAKERY.number], f"urn:altinn:resource:{TAX}", by=NOTIFICATIONS
    )

    both = Contact("both@bakery.example")
    assert found == [
        OrganisationUsers(
            number=BAKERY.number,
            party=None,
            users=[
                UserContact(user=20001111, email=both),
                UserContact(user=20002222, email=both, mobile=Contact("+4740000005")),
            ],
        )
    ]


async def test_an_address_that_bounced_here_is_told_of_nobody(house: House) -> None:
    await came_back(house.memory.orders)
    house.persons[KARI.number.text] = PersonRecord(
        email=at(EMAIL.text, LONG_AGO), mobile=at(MOBILE.text, LONG_AGO)
    )
    house.users[BAKERY.number, TAX] = [
        user("20001111", EMAIL.text, MOBILE.text),
        user("20002222", EMAIL.text),
    ]

    kari = await house.karis(use_stale=True)
    (users,) = await house.contact_points.users([BAKERY.number], TAX, by=NOTIFICATIONS)

    assert kari is not None
    assert (kari.email, kari.mobile) == (None, MOBILE)
    assert users.users == [UserContact(user=20001111, mobile=MOBILE)]


async def test_a_user_of_whom_only_the_national_number_is_known_is_told_to_nobody(
    house: House,
) -> None:
    house.users[BAKERY.number, TAX] = [
        user(KARI.number.text, "kari@bakery.example"),
        user("an-id-of-another-kind", "ola@bakery.example"),
        user("20001111"),
    ]

    assert await house.contact_points.users([BAKERY.number], TAX, by=NOTIFICATIONS) == []


async def test_an_organisation_is_told_by_the_id_that_its_decision_point_knows_it_by(
    house: House,
) -> None:
    house.users |= {
        (number, TAX): [user("20001111", "ola@bakery.example")] for number in (BAKERY.number, MILL)
    }
    house.parties = InMemoryPartyIds({BAKERY.number: 50001234})

    found = await house.contact_points.users([MILL, BAKERY.number], TAX, by=NOTIFICATIONS)

    assert [(each.number, each.party) for each in found] == [(BAKERY.number, 50001234)]


class Unreachable:
    """A party register that is away."""

    async def find(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, int]:
        del organisations
        raise RegistryUnavailableError("party_register")


async def test_what_could_not_be_asked_about_makes_no_answer_of_the_rest(house: House) -> None:
    house.users[BAKERY.number, TAX] = [user("20001111", "ola@bakery.example")]
    house.parties = Unreachable()

    with pytest.raises(RegistryUnavailableError):
        await house.contact_points.users([BAKERY.number], TAX, by=NOTIFICATIONS)


async def test_who_asked_what_about_whom_is_on_record_by_hashes_of_the_numbers(
    house: House,
) -> None:
    index = house.memory.ports.recipients

    await house.contact_points.persons([KARI.number.text, OLA.number.text], by=NOTIFICATIONS)
    await house.contact_points.users([BAKERY.number], TAX, by=NOTIFICATIONS)

    second, first = await house.recorded()
    assert first.recorded_by == second.recorded_by == NOTIFICATIONS
    assert first.act == ContactPointsLookedUp(
        wanted=LookedUp.PERSONS, about=subjects([KARI, OLA], index)
    )
    assert second.act == ContactPointsLookedUp(
        wanted=LookedUp.USERS, about=subjects([BAKERY], index), resource=TAX
    )


class Full(InMemoryActLog):
    """A record that takes nothing more."""

    @override
    async def record(self, act: RecordedAct) -> None:
        raise StoreUnavailableError


async def test_what_is_not_on_record_is_not_answered(house: House) -> None:
    house.persons[KARI.number.text] = PersonRecord(email=at(EMAIL.text))
    house.acts = Full()

    with pytest.raises(StoreUnavailableError):
        await house.karis()


async def test_to_ask_about_as_many_as_may_be_keeps_nobody_else_waiting(house: House) -> None:
    everybody = [f"{each:011}" for each in range(MOST)]
    house.persons |= dict.fromkeys(
        everybody, PersonRecord(email=at("kari@example.org"), mobile=at("+4740000001"))
    )
    asking = house.contact_points.persons(everybody, use_stale=True, by=NOTIFICATIONS)

    assert await longest_hold(asking) < 0.035


async def test_to_ask_about_nobody_is_no_look_up(house: House) -> None:
    told = [
        await house.contact_points.persons([], by=NOTIFICATIONS),
        await house.contact_points.externals([], by=NOTIFICATIONS),
        await house.contact_points.organisations([], by=NOTIFICATIONS),
        await house.contact_points.users([], TAX, by=NOTIFICATIONS),
    ]

    assert told == [[]] * 4
    assert await house.recorded() == []
