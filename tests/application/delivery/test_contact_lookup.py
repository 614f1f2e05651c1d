import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.registries import (
    InMemoryBusinessRegistry,
    InMemoryExternalIdentityRegistry,
    InMemoryNameRegistry,
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
    InMemoryUnitRegistry,
)
from adapters.memory.registry_copies import InMemoryRegistryCopies
from application.delivery.contact_lookup import ContactLookup, LookupRequest, Registries
from application.delivery.usable_copies import UsableCopies
from application.ports.decision_point import DecisionPoint, Question
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import KRR, CopyStanding, RegistryNotReadyError
from domain.authority import Decision
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.order.events import Consulted, Source
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
    Finding,
    OrganisationFinding,
    PersonFinding,
)
from tests.samples import NOON

KARI, OLA = Person(Identifier("15859010099")), Person(Identifier("06927530250"))
UNIT_NUMBER = OrganisationNumber("314022009")
UNIT, OTHER_UNIT = Organisation(UNIT_NUMBER), Organisation(OrganisationNumber("314023005"))
SIGRID = ExternalIdentity(Identifier("urn:altinn:party:username:sigrid"))
DIRECT = Direct(email=Contact("post@example.org"))
TAX = "urn:altinn:resource:tax-2026"

RECORD = PersonRecord(email=RegisteredAddress(address=Contact("kari@post.example.no")))
BUSINESS = BusinessRecord(origin=UNIT_NUMBER)
EXTERNAL = ExternalRecord(email=RegisteredAddress(address=Contact("sigrid@post.example.org")))
EMAIL = RegisteredAddress(address=Contact("one@fjell.example.no"))
ONE, TWO = (ProfileRecord(user=each, email=EMAIL) for each in ("1", "2"))
NOWHERE = ProfileRecord(user="3")
UNSURE = ProfileRecord(user="4", email=EMAIL, is_uncertain=True)
MOBILE = RegisteredAddress(address=Contact("+4740000001"))
SUB_UNIT, OFFICE = (OrganisationNumber(each) for each in ("314022017", "314023145"))


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


def registries(
    persons: InMemoryPersonRegistry | Down, decision_point: DecisionPoint | None = None
) -> Registries:
    main_units = {SUB_UNIT: UNIT_NUMBER, OFFICE: SUB_UNIT}
    return Registries(
        persons=persons,
        businesses=InMemoryBusinessRegistry({UNIT_NUMBER: BUSINESS}),
        units=InMemoryUnitRegistry(main_units),
        profiles=InMemoryProfileRegistry(
            {
                (UNIT_NUMBER, "tax-2026"): [ONE, TWO, NOWHERE, UNSURE],
                (SUB_UNIT, "tax-2026"): [replace(TWO, email=None, mobile=MOBILE)],
            }
        ),
        decision_point=decision_point or InMemoryDecisionPoint(),
        externals=InMemoryExternalIdentityRegistry({SIGRID.urn.text: EXTERNAL}),
        names=InMemoryNameRegistry(
            {KARI.number.text: "Kari Nordmann", UNIT_NUMBER: "FJELL OG FJORD AS"}
        ),
    )


def asking(them: Registries, *standings: CopyStanding) -> ContactLookup:
    """Look up in registries, of which those are copies that are said to stand somehow."""
    copies = InMemoryRegistryCopies(standings)
    return ContactLookup(them, UsableCopies(copies, clock=lambda: NOON))


def as_of_now(*sources: Source) -> tuple[Consulted, ...]:
    return tuple(Consulted(source=each, as_of=NOON) for each in sources)


@pytest.fixture
def persons() -> AskedPersons:
    return AskedPersons()


@pytest.fixture
def look_up(persons: AskedPersons) -> ContactLookup:
    return asking(registries(persons))


async def test_everybody_is_found_in_the_order_in_which_they_were_wanted(
    look_up: ContactLookup,
) -> None:
    identities: list[Identity] = [DIRECT, OLA, UNIT, SIGRID, KARI, OTHER_UNIT, KARI]
    found = await look_up.find([LookupRequest(identity=each) for each in identities])
    krr, firms = as_of_now(Source.KRR), as_of_now(Source.BUSINESS_REGISTER)
    assert found == [
        DirectFinding(identity=DIRECT),
        PersonFinding(record=None, consulted=krr),
        OrganisationFinding(
            number=UNIT_NUMBER, record=BUSINESS, profiles_consulted=False, consulted=firms
        ),
        ExternalFinding(record=EXTERNAL, consulted=as_of_now(Source.LOGIN_SERVICE)),
        PersonFinding(record=RECORD, consulted=krr),
        OrganisationFinding(
            number=OTHER_UNIT.number, record=None, profiles_consulted=False, consulted=firms
        ),
        PersonFinding(record=RECORD, consulted=krr),
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


def of(found: Sequence[Finding]) -> list[list[tuple[str, Decision, OrganisationNumber | None]]]:
    """The users of each unit that was found, what is decided of them, and for whom they registered."""
    return [
        [(profile.user, profile.authority, profile.origin) for profile in each.profiles]
        for each in found
        if isinstance(each, OrganisationFinding)
    ]


async def test_who_may_is_asked_once_about_all_who_can_be_reached_by_resource_and_action() -> None:
    decision_point = InMemoryDecisionPoint(
        [
            Question("1", UNIT_NUMBER, "tax-2026", "read"),
            Question("2", UNIT_NUMBER, "tax-2026", "write"),
        ]
    )
    look_up = asking(registries(InMemoryPersonRegistry(), decision_point))
    found = await look_up.find(
        [
            LookupRequest(identity=UNIT, resource=TAX),
            LookupRequest(identity=UNIT, resource="tax-2026", action="write"),
            LookupRequest(identity=OTHER_UNIT, resource=TAX),
            LookupRequest(identity=UNIT, resource=""),
            LookupRequest(identity=UNIT, action="read"),
        ]
    )
    rest = [("3", Decision.NOT_ASKED, None), ("4", Decision.NOT_ASKED, None)]
    assert of(found) == [
        [("1", Decision.PERMITTED, None), ("2", Decision.REFUSED, None), *rest],
        [("1", Decision.REFUSED, None), ("2", Decision.PERMITTED, None), *rest],
        *([], [], []),
    ]
    consulted = [each.profiles_consulted for each in found if isinstance(each, OrganisationFinding)]
    assert consulted == [True, True, True, False, False]
    # Nobody is named who could not be reached, or of whom a change could not be read.
    assert decision_point.asked == [
        [
            Question(user, UNIT_NUMBER, "tax-2026", action)
            for action in ("read", "write")
            for user in "12"
        ]
    ]


async def test_a_registration_for_a_main_unit_holds_below_it_where_the_decision_point_permits_it_there() -> (
    None
):
    decision_point = InMemoryDecisionPoint(
        [Question("1", OFFICE, "tax-2026", "read"), Question("2", UNIT_NUMBER, "tax-2026", "read")]
    )
    look_up = asking(registries(InMemoryPersonRegistry(), decision_point))

    (found,) = await look_up.find([LookupRequest(identity=Organisation(OFFICE), resource=TAX)])

    assert isinstance(found, OrganisationFinding)
    assert of([found])[0][:2] == [
        ("2", Decision.REFUSED, SUB_UNIT),
        ("1", Decision.PERMITTED, UNIT_NUMBER),
    ]
    # What somebody registered for a nearer unit is what they want.
    assert [each.mobile for each in found.profiles if each.user == "2"] == [MOBILE]
    assert {each.organisation for each in decision_point.asked[0]} == {OFFICE}


async def test_a_user_of_whom_only_the_number_is_known_is_asked_about_by_it() -> None:
    number = Identifier("15859010099")
    user = ProfileRecord(
        user="6f1f5f0e-0000-8000-8000-000000000001",
        person=number,
        email=RegisteredAddress(address=Contact("kari@fjell.example.no")),
    )
    decision_point = InMemoryDecisionPoint()
    known = replace(
        registries(InMemoryPersonRegistry(), decision_point),
        profiles=InMemoryProfileRegistry({(UNIT_NUMBER, "tax-2026"): [user]}),
    )
    await asking(known).find([LookupRequest(identity=UNIT, resource="tax-2026")])
    assert decision_point.asked == [[Question(user.user, UNIT_NUMBER, "tax-2026", "read", number)]]


async def test_who_may_is_not_asked_where_nobody_registered() -> None:
    decision_point = InMemoryDecisionPoint()
    look_up = asking(registries(InMemoryPersonRegistry(), decision_point))
    await look_up.find([LookupRequest(identity=OTHER_UNIT, resource=TAX)])
    assert not decision_point.asked


async def test_a_decision_point_that_is_away_leaves_open_who_may() -> None:
    decision_point = InMemoryDecisionPoint([Question("1", UNIT_NUMBER, "tax-2026", "read")])
    decision_point.is_away = True
    look_up = asking(registries(InMemoryPersonRegistry(), decision_point))
    found = await look_up.find([LookupRequest(identity=UNIT, resource=TAX)])
    assert {decision for _, decision, _ in of(found)[0]} == {Decision.NOT_ASKED}


async def test_a_registry_that_is_down_is_not_one_that_knows_nobody() -> None:
    look_up = asking(registries(Down()))
    with pytest.raises(RegistryUnavailableError, match="krr"):
        await look_up.find([LookupRequest(identity=KARI), LookupRequest(identity=UNIT)])


async def test_a_registry_that_is_down_matters_only_to_those_who_need_it() -> None:
    look_up = asking(registries(Down()))
    (found,) = await look_up.find([LookupRequest(identity=UNIT)])
    assert isinstance(found, OrganisationFinding)
    assert found.record == BUSINESS


async def test_a_finding_tells_which_copies_were_asked_and_as_of_when(
    persons: AskedPersons,
) -> None:
    then = NOON - timedelta(hours=1)
    standing = CopyStanding(registry=KRR, position="10", newest="12", confirmed_at=then)
    look_up = asking(registries(persons), standing)

    kari, unit = await look_up.find(
        [LookupRequest(identity=KARI), LookupRequest(identity=UNIT, resource=TAX)]
    )

    assert kari.consulted == (Consulted(source=Source.KRR, position="10", as_of=then),)
    assert unit.consulted == as_of_now(Source.BUSINESS_REGISTER, Source.USER_PROFILE)


async def test_nobody_is_looked_up_in_a_copy_that_cannot_be_relied_on(
    persons: AskedPersons,
) -> None:
    look_up = asking(registries(persons), CopyStanding(registry=KRR))

    for wanted in (
        [LookupRequest(identity=KARI)],
        [LookupRequest(identity=each) for each in (UNIT, OLA)],
    ):
        with pytest.raises(RegistryNotReadyError, match="krr"):
            await look_up.find(wanted)
        with pytest.raises(RegistryNotReadyError, match="krr"):
            await look_up.refuse_unready(wanted)

    assert not persons.asked
    (found, _) = await look_up.find([LookupRequest(identity=UNIT), LookupRequest(identity=DIRECT)])
    assert isinstance(found, OrganisationFinding)
    assert found.record == BUSINESS


async def test_names_are_told_by_identity(look_up: ContactLookup) -> None:
    assert await look_up.names([KARI, OLA, UNIT, SIGRID, DIRECT]) == {
        KARI: Identifier("Kari Nordmann"),
        UNIT: Identifier("FJELL OG FJORD AS"),
    }
    assert await look_up.names([SIGRID, DIRECT]) == {}
