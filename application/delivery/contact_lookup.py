"""Ask the registries about recipients, many at once, and the decision point about those who act for them.

Where users registered for a main unit, that holds for the units below it, too: whether they may is
asked of each unit that is to be notified.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from msgspec import Struct

from application.delivery.suppressed_addresses import SuppressedAddresses
from application.delivery.usable_copies import UsableCopies
from application.ports.decision_point import READ, DecisionPoint, Question, bare
from application.ports.registries import (
    BusinessRegistry,
    ExternalIdentityRegistry,
    NameRegistry,
    PersonRegistry,
    ProfileRegistry,
    UnitRegistry,
)
from domain.authority import Decision
from domain.contact_point import BusinessRecord, ExternalRecord, PersonRecord, ProfileRecord
from domain.order.events import Consulted, Source
from domain.personal import Identifier
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """Everybody who can be asked where somebody is reached, what they are called, and for whom they act."""

    persons: PersonRegistry
    businesses: BusinessRegistry
    units: UnitRegistry
    profiles: ProfileRegistry
    decision_point: DecisionPoint
    externals: ExternalIdentityRegistry
    names: NameRegistry


class LookupRequest(Struct, frozen=True, kw_only=True):
    """One recipient to be found, and the resource that the order is about."""

    identity: Identity
    resource: str | None = None
    action: str | None = None

    @property
    def about(self) -> tuple[str, str] | None:
        """The resource and action that users must be authorised for; None where there is none."""
        return None if not self.resource else (bare(self.resource), self.action or READ)


_About: TypeAlias = tuple[str, str]
_Unit: TypeAlias = tuple[OrganisationNumber, _About]
"""A unit that is to be notified, and what of."""


@dataclass(frozen=True, slots=True)
class _Answers:
    persons: Mapping[str, PersonRecord]
    businesses: Mapping[OrganisationNumber, BusinessRecord]
    profiles: Mapping[_Unit, Sequence[ProfileRecord]]
    externals: Mapping[str, ExternalRecord]


def _sources(wanted: LookupRequest) -> Sequence[Source]:
    """Who is asked about a recipient."""
    match wanted.identity:
        case Person():
            return (Source.KRR,)
        case Organisation() if wanted.about is None:
            return (Source.BUSINESS_REGISTER,)
        case Organisation():
            return (Source.BUSINESS_REGISTER, Source.USER_PROFILE)
        case ExternalIdentity():
            return (Source.LOGIN_SERVICE,)
        case Direct():
            return ()
        case _:
            assert_never(wanted.identity)


class ContactLookup:
    """Asks each registry once about everybody who is wanted, and none that cannot be relied on."""

    def __init__(
        self,
        registries: Registries,
        copies: UsableCopies,
        suppressed: SuppressedAddresses | None = None,
    ) -> None:
        """Ask these registries; without somebody who tells what bounced, nothing has."""
        self._registries = registries
        self._copies = copies
        self._suppressed = suppressed

    async def refuse_unready(self, wanted: Sequence[LookupRequest]) -> None:
        """Refuse to look anybody up for whom a registry is needed that cannot be relied on.

        Raises:
            RegistryNotReadyError: the copy of that registry was never loaded, or is too old.
            RegistryUnavailableError: it could not be found out; try again later.
        """
        await self._consulted(wanted)

    async def find(self, wanted: Sequence[LookupRequest]) -> Sequence[Finding]:
        """What is known of each, in the order in which they were asked for.

        Where the decision point is away, who may hear of it stays open; that is no outage.

        Raises:
            RegistryUnavailableError: a registry that was needed gave no answer; try again later.
        """
        return await self.decided(wanted, await self.registered(wanted))

    async def registered(self, wanted: Sequence[LookupRequest]) -> Sequence[Finding]:
        """What the registries know of each; whether users may hear of it has not been asked yet.

        With it comes which of the addresses that they know bounced here.

        Raises:
            RegistryNotReadyError: the copy of a registry that was needed was never loaded, or is too old.
            RegistryUnavailableError: a registry that was needed gave no answer; try again later.
            StoreUnavailableError: nobody can tell what bounced; try again later.
        """
        # Before they are asked: what a copy tells may only be newer than that.
        consulted = await self._consulted(wanted)
        identities = [each.identity for each in wanted]
        persons = {each.number.text for each in identities if isinstance(each, Person)}
        businesses = {each.number for each in identities if isinstance(each, Organisation)}
        externals = {each.urn.text for each in identities if isinstance(each, ExternalIdentity)}
        units: dict[_Unit, None] = {}
        for each in wanted:
            if each.about is not None and isinstance(each.identity, Organisation):
                units[each.identity.number, each.about] = None
        # One after another: nearly every order needs one of them alone.
        answers = _Answers(
            await self._persons(persons),
            await self._businesses(businesses),
            await self._profiles(list(units)),
            await self._externals(externals),
        )
        findings = [
            _finding(each, answers, tuple(consulted[source] for source in _sources(each)))
            for each in wanted
        ]
        return findings if self._suppressed is None else await self._suppressed.told_with(findings)

    async def registered_for(
        self, numbers: Sequence[OrganisationNumber], resource: str
    ) -> Sequence[OrganisationFinding]:
        """What users registered for these units themselves, not for any above; none where nobody did.

        Whether they may hear of it is not asked. With it comes which of the addresses bounced here.

        Raises:
            RegistryUnavailableError: there was no answer; try again later.
            StoreUnavailableError: nobody can tell what bounced; try again later.
        """
        registered = await self._registries.profiles.find(numbers, bare(resource))
        findings = [
            OrganisationFinding(number=number, record=None, profiles=profiles)
            for number, profiles in registered.items()
        ]
        if self._suppressed is None:
            return findings
        told = await self._suppressed.told_with(findings)
        return [each for each in told if isinstance(each, OrganisationFinding)]

    async def decided(
        self, wanted: Sequence[LookupRequest], found: Sequence[Finding]
    ) -> Sequence[Finding]:
        """What was found of each, with whether its users may hear of it; all are asked about at once.

        Nobody is named to the decision point who could not be reached.
        """
        asked = [_questions(each, finding) for each, finding in zip(wanted, found, strict=True)]
        questions = list(dict.fromkeys(question for each in asked for question in each.values()))
        if not questions:
            return found
        decisions = await self._registries.decision_point.decide(questions)
        return [_with(finding, each, decisions) for finding, each in zip(found, asked, strict=True)]

    async def names(self, identities: Sequence[Identity]) -> Mapping[Identity, Identifier]:
        """What people and organisations are called; absent where unknown.

        Raises:
            RegistryUnavailableError: the register of names gave no answer; try again later.
        """
        numbers = {
            identity: identity.number.text if isinstance(identity, Person) else identity.number
            for identity in identities
            if isinstance(identity, Person | Organisation)
        }
        if not numbers:
            return {}
        names = await self._registries.names.find(
            [each.number.text for each in numbers if isinstance(each, Person)],
            [each.number for each in numbers if isinstance(each, Organisation)],
        )
        return {
            identity: Identifier(names[number])
            for identity, number in numbers.items()
            if number in names
        }

    async def _consulted(self, wanted: Sequence[LookupRequest]) -> Mapping[Source, Consulted]:
        return await self._copies.consulted(
            list(dict.fromkeys(source for each in wanted for source in _sources(each)))
        )

    async def _persons(self, numbers: Collection[str]) -> Mapping[str, PersonRecord]:
        return await self._registries.persons.find(list(numbers)) if numbers else {}

    async def _businesses(
        self, numbers: Collection[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        return await self._registries.businesses.find(list(numbers)) if numbers else {}

    async def _externals(self, urns: Collection[str]) -> Mapping[str, ExternalRecord]:
        return await self._registries.externals.find(list(urns)) if urns else {}

    async def _profiles(self, units: Sequence[_Unit]) -> Mapping[_Unit, Sequence[ProfileRecord]]:
        """Who registered for which unit, or for one above it."""
        if not units:
            return {}
        above = await self._registries.units.main_units(list({number for number, _ in units}))
        asked: dict[str, dict[OrganisationNumber, None]] = {}
        for number, (resource, _) in units:
            asked.setdefault(resource, {}).update(dict.fromkeys((number, *above.get(number, ()))))
        found = dict(
            zip(
                asked,
                await asyncio.gather(
                    *(
                        self._registries.profiles.find(list(numbers), resource)
                        for resource, numbers in asked.items()
                    )
                ),
                strict=True,
            )
        )
        return {
            unit: list(_nearest(unit[0], above.get(unit[0], ()), found[unit[1][0]]))
            for unit in units
        }


def _questions(wanted: LookupRequest, finding: Finding) -> Mapping[int, Question]:
    """What is to be asked about users that were found, by their places."""
    if wanted.about is None or not isinstance(finding, OrganisationFinding):
        return {}
    resource, action = wanted.about
    return {
        place: Question(each.user, finding.number, resource, action, each.person)
        for place, each in enumerate(finding.profiles)
        if each.has_address and not each.is_uncertain
    }


def _with(
    finding: Finding, asked: Mapping[int, Question], decisions: Mapping[Question, Decision]
) -> Finding:
    if not asked or not isinstance(finding, OrganisationFinding):
        return finding
    profiles = tuple(
        replace(each, authority=decisions[asked[place]]) if place in asked else each
        for place, each in enumerate(finding.profiles)
    )
    return replace(finding, profiles=profiles)


def _nearest(
    unit: OrganisationNumber,
    above: Sequence[OrganisationNumber],
    found: Mapping[OrganisationNumber, Sequence[ProfileRecord]],
) -> Iterator[ProfileRecord]:
    """Who registered for a unit or one above it; of one user what was registered for the nearest."""
    nearest: dict[str, OrganisationNumber] = {}
    for number in (unit, *above):
        for each in found.get(number, ()):
            if each.is_about_another or nearest.setdefault(each.user, number) == number:
                yield each if number == unit else replace(each, origin=number)


def _finding(wanted: LookupRequest, answers: _Answers, consulted: tuple[Consulted, ...]) -> Finding:
    match wanted.identity:
        case Person(number=number):
            return PersonFinding(record=answers.persons.get(number.text), consulted=consulted)
        case Organisation(number=organisation):
            about = wanted.about
            return OrganisationFinding(
                number=organisation,
                record=answers.businesses.get(organisation),
                profiles=() if about is None else answers.profiles[organisation, about],
                profiles_consulted=about is not None,
                consulted=consulted,
            )
        case ExternalIdentity(urn=urn):
            return ExternalFinding(record=answers.externals.get(urn.text), consulted=consulted)
        case Direct() as direct:
            return DirectFinding(identity=direct)
        case _:
            assert_never(wanted.identity)
