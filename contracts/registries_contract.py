"""What every registry promises, each kind for itself; whichever stand, it knows the same people and firms."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from application.ports.registries import (
    LEVELS,
    BusinessRegistry,
    ExternalIdentityRegistry,
    NameRegistry,
    PersonRegistry,
    ProfileRegistry,
    UnitRegistry,
)
from domain.authority import Decision
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.personal import Contact
from domain.recipient import OrganisationNumber

KARI, RESERVED, DELETED, NOBODY = "15859010099", "06927530250", "06927530331", "01818010083"
UNIT, SUB_UNIT = OrganisationNumber("314022009"), OrganisationNumber("314022017")
OWN_SUB_UNIT, ODD_SUB_UNIT = OrganisationNumber("314023064"), OrganisationNumber("314023056")
UNKNOWN_UNIT = OrganisationNumber("314023048")
UNSURE, UNSURE_USER = "19819710182", "urn:altinn:party:username:unsure"
UNSURE_UNIT, UNSURE_SUB_UNIT = OrganisationNumber("314023110"), OrganisationNumber("314023129")
MOVED_SUB_UNIT = OrganisationNumber("314023137")
CONFIRMED = datetime(2026, 11, 1, 8, tzinfo=UTC)
EMAIL_URN = "urn:altinn:person:idporten-email:"


def at(
    text: str, confirmed_at: datetime | None = None, *, is_valid: bool = True
) -> RegisteredAddress:
    return RegisteredAddress(address=Contact(text), is_valid=is_valid, confirmed_at=confirmed_at)


PERSONS = {
    KARI: PersonRecord(
        email=at("kari@post.example.no", CONFIRMED), mobile=at("+4740000001", CONFIRMED)
    ),
    RESERVED: PersonRecord(
        is_reserved=True, can_be_notified=False, mobile=at("123", CONFIRMED, is_valid=False)
    ),
    DELETED: PersonRecord(is_deleted=True, can_be_notified=False),
    UNSURE: PersonRecord(is_uncertain=True, can_be_notified=False),
}
CHANGED = datetime(2026, 11, 1, 6, 1, 0, 123456, tzinfo=UTC)
"""When the register of businesses was last told of an address."""
BUSINESSES = {
    UNIT: BusinessRecord(
        origin=UNIT,
        emails=[at("post@fjell.example.no", CHANGED)],
        mobiles=[at("+4740000010", CHANGED)],
    ),
    OWN_SUB_UNIT: BusinessRecord(
        origin=OWN_SUB_UNIT, emails=[at("own@fjell.example.no", CHANGED)], mobiles=[]
    ),
    ODD_SUB_UNIT: BusinessRecord(
        origin=ODD_SUB_UNIT, emails=[], mobiles=[at("+47123", CHANGED, is_valid=False)]
    ),
    UNSURE_UNIT: BusinessRecord(
        origin=UNSURE_UNIT,
        emails=[at("sure@unsure.example.no", CHANGED)],
        mobiles=[],
        is_uncertain=True,
    ),
    UNSURE_SUB_UNIT: BusinessRecord(
        origin=UNSURE_SUB_UNIT, emails=[], mobiles=[], is_uncertain=True
    ),
    MOVED_SUB_UNIT: BusinessRecord(origin=MOVED_SUB_UNIT, emails=[], mobiles=[], is_uncertain=True),
}
LOW_SUB_UNIT, BELOW_UNSURE, BELOW_MOVED = (
    OrganisationNumber(each) for each in ("314023161", "314023188", "314023196")
)
MAIN_UNITS = {
    SUB_UNIT: UNIT,
    OWN_SUB_UNIT: UNIT,
    ODD_SUB_UNIT: UNIT,
    UNSURE_SUB_UNIT: UNIT,
    LOW_SUB_UNIT: SUB_UNIT,
    BELOW_UNSURE: UNSURE_SUB_UNIT,
    BELOW_MOVED: MOVED_SUB_UNIT,
}
OFFICE, DEPARTMENT = OrganisationNumber("314023145"), OrganisationNumber("314023153")
TOWER = [OrganisationNumber(f"3150000{n:02}") for n in range(LEVELS + 3)]
CIRCLE = [OrganisationNumber(f"3160000{n:02}") for n in range(3)]
ITSELF = OrganisationNumber("317000008")
CHAIN = {
    OFFICE: DEPARTMENT,
    DEPARTMENT: UNIT,
    **dict(pairwise(TOWER)),
    **dict(pairwise([*CIRCLE, CIRCLE[0]])),
    ITSELF: ITSELF,
}
UNVERIFIED = RegisteredAddress(address=Contact("+4740000021"), is_verified=False)
FIRST = ProfileRecord(user="1", email=at("one@fjell.example.no"), mobile=UNVERIFIED)
SECOND = ProfileRecord(user="2", email=at("two@fjell.example.no"), mobile=at("+4740000022"))
ABOUT_ANOTHER = ProfileRecord(user="2", is_about_another=True)
PROFILES = {
    (UNIT, "tax-2026"): [FIRST, SECOND],
    (UNIT, "other"): [FIRST, ABOUT_ANOTHER],
    (UNSURE_UNIT, "tax-2026"): [ProfileRecord(user="3", is_uncertain=True)],
}
EXTERNALS = {
    "urn:altinn:party:username:sigrid": ExternalRecord(
        email=at("sigrid@post.example.org"), mobile=at("+4740000031")
    ),
    f"{EMAIL_URN}user@post.example.org": ExternalRecord(mobile=at("+4740000032")),
    UNSURE_USER: ExternalRecord(is_uncertain=True),
    f"{EMAIL_URN}unsure@post.example.org": ExternalRecord(is_uncertain=True),
}
NAMES = {KARI: "Kari Nordmann", UNIT: "FJELL OG FJORD AS"}


class PersonRegistryContract:
    """Whoever knows people is asked about many at once, and answers by number."""

    @pytest.fixture
    def persons(self) -> PersonRegistry:
        """A registry that knows `PERSONS`."""
        raise NotImplementedError

    async def test_persons_are_told_by_their_number_whatever_the_order(
        self, persons: PersonRegistry
    ) -> None:
        found = await persons.find([DELETED, KARI, UNSURE, NOBODY, RESERVED])
        assert found == PERSONS

    async def test_a_person_who_is_asked_about_twice_is_told_once(
        self, persons: PersonRegistry
    ) -> None:
        assert await persons.find([KARI, KARI]) == {KARI: PERSONS[KARI]}

    async def test_to_ask_about_nobody_is_to_learn_nothing(self, persons: PersonRegistry) -> None:
        assert not await persons.find([])


class BusinessRegistryContract:
    """Whoever knows firms is asked about many at once, and answers by number."""

    @pytest.fixture
    def businesses(self) -> BusinessRegistry:
        """A registry that knows `BUSINESSES`, and whose main units `MAIN_UNITS` are."""
        raise NotImplementedError

    async def test_a_unit_without_addresses_is_not_told(self, businesses: BusinessRegistry) -> None:
        assert not await businesses.find([UNKNOWN_UNIT])

    async def test_a_unit_has_addresses_of_its_own(self, businesses: BusinessRegistry) -> None:
        found = await businesses.find([OWN_SUB_UNIT, UNIT])
        assert found == {each: BUSINESSES[each] for each in (OWN_SUB_UNIT, UNIT)}

    @pytest.mark.parametrize("number", [SUB_UNIT, ODD_SUB_UNIT, LOW_SUB_UNIT])
    async def test_a_sub_unit_without_a_usable_address_gets_those_of_the_nearest_above_it(
        self, businesses: BusinessRegistry, number: OrganisationNumber
    ) -> None:
        assert await businesses.find([number]) == {number: BUSINESSES[UNIT]}

    async def test_a_unit_is_told_with_what_holds_though_more_changed_than_could_be_read(
        self, businesses: BusinessRegistry
    ) -> None:
        found = await businesses.find([UNSURE_UNIT])
        assert found == {UNSURE_UNIT: BUSINESSES[UNSURE_UNIT]}

    @pytest.mark.parametrize("number", [UNSURE_SUB_UNIT, MOVED_SUB_UNIT])
    async def test_a_sub_unit_that_is_uncertain_gets_nobody_elses_addresses(
        self, businesses: BusinessRegistry, number: OrganisationNumber
    ) -> None:
        assert await businesses.find([number]) == {number: BUSINESSES[number]}

    @pytest.mark.parametrize(
        "number, above", [(BELOW_UNSURE, UNSURE_SUB_UNIT), (BELOW_MOVED, MOVED_SUB_UNIT)]
    )
    async def test_a_sub_unit_below_one_that_is_uncertain_is_uncertain_as_well(
        self, businesses: BusinessRegistry, number: OrganisationNumber, above: OrganisationNumber
    ) -> None:
        assert await businesses.find([number]) == {number: BUSINESSES[above]}

    async def test_to_ask_about_nobody_is_to_learn_nothing(
        self, businesses: BusinessRegistry
    ) -> None:
        assert not await businesses.find([])


class UnitRegistryContract:
    """Whoever knows which units stand above others tells the whole way up, to a limit."""

    @pytest.fixture
    def units(self) -> UnitRegistry:
        """A registry whose main units `CHAIN` are."""
        raise NotImplementedError

    async def test_the_main_unit_of_a_main_unit_stands_above_as_well(
        self, units: UnitRegistry
    ) -> None:
        found = await units.main_units([DEPARTMENT, OFFICE, UNIT, MOVED_SUB_UNIT, UNKNOWN_UNIT])
        assert {number: list(above) for number, above in found.items()} == {
            OFFICE: [DEPARTMENT, UNIT],
            DEPARTMENT: [UNIT],
        }

    async def test_no_more_are_told_than_the_limit_however_long_the_way(
        self, units: UnitRegistry
    ) -> None:
        found = await units.main_units([TOWER[0]])
        assert list(found[TOWER[0]]) == TOWER[1 : LEVELS + 1]

    async def test_units_that_stand_above_each_other_are_told_once(
        self, units: UnitRegistry
    ) -> None:
        found = await units.main_units([CIRCLE[0], ITSELF])
        assert {number: list(above) for number, above in found.items()} == {CIRCLE[0]: CIRCLE[1:]}

    async def test_to_ask_about_nobody_is_to_learn_nothing(self, units: UnitRegistry) -> None:
        assert not await units.main_units([])


class ProfileRegistryContract:
    """Whoever knows the users of firms answers by firm, and does not say whether they may."""

    @pytest.fixture
    def profiles(self) -> ProfileRegistry:
        """A registry that knows `PROFILES`."""
        raise NotImplementedError

    async def test_a_user_of_whom_a_change_could_not_be_read_is_told_as_uncertain(
        self, profiles: ProfileRegistry
    ) -> None:
        found = await profiles.find([UNSURE_UNIT], "tax-2026")
        assert list(found[UNSURE_UNIT]) == PROFILES[UNSURE_UNIT, "tax-2026"]

    async def test_users_are_told_by_the_unit_they_registered_for_and_nobody_says_they_may(
        self, profiles: ProfileRegistry
    ) -> None:
        found = await profiles.find([UNIT, SUB_UNIT], "tax-2026")
        assert {number: list(users) for number, users in found.items()} == {UNIT: [FIRST, SECOND]}
        assert {each.authority for each in found[UNIT]} == {Decision.NOT_ASKED}

    async def test_a_resource_is_the_same_with_and_without_its_prefix(
        self, profiles: ProfileRegistry
    ) -> None:
        urn = await profiles.find([UNIT], "urn:altinn:resource:other")
        assert list(urn[UNIT]) == [FIRST, ABOUT_ANOTHER]

    async def test_a_registration_for_another_resource_is_told_as_one(
        self, profiles: ProfileRegistry
    ) -> None:
        found = await profiles.find([UNIT], "other")
        assert list(found[UNIT]) == [FIRST, ABOUT_ANOTHER]

    async def test_to_ask_about_nobody_is_to_learn_nothing(self, profiles: ProfileRegistry) -> None:
        assert not await profiles.find([], "tax-2026")


class ExternalIdentityRegistryContract:
    """Whoever knows people without a number answers by URN."""

    @pytest.fixture
    def externals(self) -> ExternalIdentityRegistry:
        """A registry that knows `EXTERNALS`."""
        raise NotImplementedError

    async def test_an_external_identity_may_be_uncertain_and_an_email_address_holds_all_the_same(
        self, externals: ExternalIdentityRegistry
    ) -> None:
        by_email = f"{EMAIL_URN}unsure@post.example.org"
        assert await externals.find([UNSURE_USER, by_email]) == {
            UNSURE_USER: EXTERNALS[UNSURE_USER],
            by_email: ExternalRecord(email=at("unsure@post.example.org"), is_uncertain=True),
        }

    async def test_an_external_identity_is_told_whatever_the_case_of_its_letters(
        self, externals: ExternalIdentityRegistry
    ) -> None:
        (known, record), *_ = EXTERNALS.items()
        shouted = known.replace("sigrid", "SIGRID")
        assert await externals.find([known, shouted]) == {known: record, shouted: record}

    async def test_an_external_identity_that_is_an_email_address_is_always_known(
        self, externals: ExternalIdentityRegistry
    ) -> None:
        known, unknown = (f"{EMAIL_URN}{each}%2B1@post.example.org" for each in ("a", "b"))
        with_mobile = f"{EMAIL_URN}user@post.example.org"
        assert await externals.find([known, unknown, with_mobile]) == {
            known: ExternalRecord(email=at("a+1@post.example.org")),
            unknown: ExternalRecord(email=at("b+1@post.example.org")),
            with_mobile: ExternalRecord(
                email=at("user@post.example.org"), mobile=at("+4740000032")
            ),
        }

    async def test_an_external_identity_that_nobody_has_is_not_told(
        self, externals: ExternalIdentityRegistry
    ) -> None:
        assert not await externals.find(["urn:altinn:username:nobody"])

    async def test_to_ask_about_nobody_is_to_learn_nothing(
        self, externals: ExternalIdentityRegistry
    ) -> None:
        assert not await externals.find([])


class NameRegistryContract:
    """Whoever knows names is asked about people and firms at once, and answers by number."""

    @pytest.fixture
    def names(self) -> NameRegistry:
        """A registry that knows `NAMES`."""
        raise NotImplementedError

    async def test_names_are_told_by_number(self, names: NameRegistry) -> None:
        assert await names.find([KARI, NOBODY], [UNIT, UNKNOWN_UNIT]) == NAMES
        assert await names.find([KARI], []) == {KARI: "Kari Nordmann"}

    async def test_to_ask_about_nobody_is_to_learn_nothing(self, names: NameRegistry) -> None:
        assert not await names.find([], [])
