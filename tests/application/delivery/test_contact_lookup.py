import asyncio
from collections.abc import Mapping, Sequence

import pytest
from typing_extensions import override

from adapters.memory.registries import (
    InMemoryBusinessRegistry,
    InMemoryExternalIdentityRegistry,
    InMemoryNameRegistry,
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
)
from application.delivery.contact_lookup import ContactLookup, LookupRequest, Registries
from application.ports.registries import RegistryUnavailableError
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.personal import Contact, Identifier
from domain.recipient import (
    Direct,
    ExternalIdentity,
    Identity,
    Organisation,
    OrganisationNumber,
    Person,
)
from domain.resolution import (
    DirectFinding,
    ExternalFinding,
    OrganisationFinding,
    PersonFinding,
)

KARI, OLA = Person(Identifier("15859010099")), Person(Identifier("06927530250"))
UNIT_NUMBER = OrganisationNumber("314022009")
UNIT, OTHER_UNIT = Organisation(UNIT_NUMBER), Organisation(OrganisationNumber("314023005"))
SIGRID = ExternalIdentity(Identifier("urn:altinn:party:username:sigrid"))
DIRECT = Direct(email=Contact("post@example.org"))
TAX = "urn:altinn:resource:tax-2026"

RECORD = PersonRecord(email=RegisteredAddress(address=Contact("kari@post.example.no")))
BUSINESS = BusinessRecord(origin=UNIT_NUMBER)
EXTERNAL = ExternalRecord(email=RegisteredAddress(address=Contact("sigrid@post.example.org")))
READER = ProfileRecord(user="1", is_authorised=True)
WRITER = ProfileRecord(user="2", is_authorised=True)


class AskedPersons(InMemoryPersonRegistry):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__({KARI.number.text: RECORD})
        self.asked: list[list[str]] = []

    @override
    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        self.asked.append(sorted(numbers))
        return await super().find(numbers)


class Down:
    """Every registry at once, and none of them answers."""

    async def find(self, *_: object) -> Mapping[str, PersonRecord]:
        await asyncio.sleep(0)
        raise RegistryUnavailableError("krr")


def registries(persons: InMemoryPersonRegistry | Down) -> Registries:
    return Registries(
        persons=persons,
        businesses=InMemoryBusinessRegistry({UNIT_NUMBER: BUSINESS}),
        profiles=InMemoryProfileRegistry(
            {(UNIT_NUMBER, TAX, "read"): [READER], (UNIT_NUMBER, TAX, "write"): [WRITER]}
        ),
        externals=InMemoryExternalIdentityRegistry({SIGRID.urn.text: EXTERNAL}),
        names=InMemoryNameRegistry(
            {KARI.number.text: "Kari Nordmann", UNIT_NUMBER: "FJELL OG FJORD AS"}
        ),
    )


@pytest.fixture
def persons() -> AskedPersons:
    return AskedPersons()


@pytest.fixture
def look_up(persons: AskedPersons) -> ContactLookup:
    return ContactLookup(registries(persons))


async def test_everybody_is_found_in_the_order_in_which_they_were_wanted(
    look_up: ContactLookup,
) -> None:
    identities: list[Identity] = [DIRECT, OLA, UNIT, SIGRID, KARI, OTHER_UNIT, KARI]
    found = await look_up.find([LookupRequest(identity=each) for each in identities])
    assert found == [
        DirectFinding(identity=DIRECT),
        PersonFinding(record=None),
        OrganisationFinding(number=UNIT_NUMBER, record=BUSINESS, profiles_consulted=False),
        ExternalFinding(record=EXTERNAL),
        PersonFinding(record=RECORD),
        OrganisationFinding(number=OTHER_UNIT.number, record=None, profiles_consulted=False),
        PersonFinding(record=RECORD),
    ]


async def test_a_registry_is_asked_once_about_each(
    look_up: ContactLookup, persons: AskedPersons
) -> None:
    await look_up.find([LookupRequest(identity=each) for each in (KARI, OLA, KARI, UNIT)])
    assert persons.asked == [[OLA.number.text, KARI.number.text]]


async def test_a_registry_is_not_asked_about_nobody(
    look_up: ContactLookup, persons: AskedPersons
) -> None:
    assert await look_up.find([]) == []
    await look_up.find([LookupRequest(identity=DIRECT), LookupRequest(identity=UNIT)])
    assert not persons.asked


async def test_users_are_asked_about_by_resource_and_action(look_up: ContactLookup) -> None:
    found = await look_up.find(
        [
            LookupRequest(identity=UNIT, resource=TAX),
            LookupRequest(identity=UNIT, resource=TAX, action="write"),
            LookupRequest(identity=OTHER_UNIT, resource=TAX),
            LookupRequest(identity=UNIT, resource=""),
            LookupRequest(identity=UNIT, action="read"),
        ]
    )
    answers = [
        (list(each.profiles), each.profiles_consulted)
        for each in found
        if isinstance(each, OrganisationFinding)
    ]
    assert answers == [([READER], True), ([WRITER], True), ([], True), ([], False), ([], False)]


async def test_a_registry_that_is_down_is_not_one_that_knows_nobody() -> None:
    look_up = ContactLookup(registries(Down()))
    with pytest.raises(RegistryUnavailableError, match="krr"):
        await look_up.find([LookupRequest(identity=KARI), LookupRequest(identity=UNIT)])


async def test_a_registry_that_is_down_matters_only_to_those_who_need_it() -> None:
    look_up = ContactLookup(registries(Down()))
    (found,) = await look_up.find([LookupRequest(identity=UNIT)])
    assert isinstance(found, OrganisationFinding)
    assert found.record == BUSINESS


async def test_names_are_told_by_identity(look_up: ContactLookup) -> None:
    assert await look_up.names([KARI, OLA, UNIT, SIGRID, DIRECT]) == {
        KARI: Identifier("Kari Nordmann"),
        UNIT: Identifier("FJELL OG FJORD AS"),
    }
    assert await look_up.names([SIGRID, DIRECT]) == {}
