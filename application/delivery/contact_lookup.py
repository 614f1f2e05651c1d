"""Ask the registries about recipients, many at once."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from application.ports.registries import (
    BusinessRegistry,
    ExternalIdentityRegistry,
    NameRegistry,
    PersonRegistry,
    ProfileRegistry,
)
from domain.contact_point import BusinessRecord, ExternalRecord, PersonRecord, ProfileRecord
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

READ: Final = "read"
"""What a user must be authorised to do where the order names no action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """Everybody who can be asked where somebody is reached, or what they are called."""

    persons: PersonRegistry
    businesses: BusinessRegistry
    profiles: ProfileRegistry
    externals: ExternalIdentityRegistry
    names: NameRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRequest:
    """One recipient to be found, and the resource that the order is about."""

    identity: Identity
    resource: str | None = None
    action: str | None = None

    @property
    def about(self) -> tuple[str, str] | None:
        """The resource and action that users must be authorised for; None where there is none."""
        return None if not self.resource else (self.resource, self.action or READ)


@dataclass(frozen=True, slots=True)
class _Answers:
    persons: Mapping[str, PersonRecord]
    businesses: Mapping[OrganisationNumber, BusinessRecord]
    profiles: Mapping[tuple[str, str], Mapping[OrganisationNumber, Sequence[ProfileRecord]]]
    externals: Mapping[str, ExternalRecord]


class ContactLookup:
    """Asks each registry once about everybody who is wanted."""

    def __init__(self, registries: Registries) -> None:
        self._registries = registries

    async def find(self, wanted: Sequence[LookupRequest]) -> Sequence[Finding]:
        """What the registries know of each, in the order in which they were asked for.

        Raises:
            RegistryUnavailableError: a registry that was needed gave no answer; try again later.
        """
        identities = [each.identity for each in wanted]
        persons = {each.number.text for each in identities if isinstance(each, Person)}
        businesses = {each.number for each in identities if isinstance(each, Organisation)}
        externals = {each.urn.text for each in identities if isinstance(each, ExternalIdentity)}
        about: dict[tuple[str, str], set[OrganisationNumber]] = {}
        for each in wanted:
            if each.about is not None and isinstance(each.identity, Organisation):
                about.setdefault(each.about, set()).add(each.identity.number)
        answers = _Answers(
            *await asyncio.gather(
                self._persons(persons),
                self._businesses(businesses),
                self._profiles(about),
                self._externals(externals),
            )
        )
        return [_finding(each, answers) for each in wanted]

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

    async def _persons(self, numbers: Collection[str]) -> Mapping[str, PersonRecord]:
        return await self._registries.persons.find(list(numbers)) if numbers else {}

    async def _businesses(
        self, numbers: Collection[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        return await self._registries.businesses.find(list(numbers)) if numbers else {}

    async def _externals(self, urns: Collection[str]) -> Mapping[str, ExternalRecord]:
        return await self._registries.externals.find(list(urns)) if urns else {}

    async def _profiles(
        self, about: Mapping[tuple[str, str], Collection[OrganisationNumber]]
    ) -> Mapping[tuple[str, str], Mapping[OrganisationNumber, Sequence[ProfileRecord]]]:
        found = await asyncio.gather(
            *(
                self._registries.profiles.find(list(numbers), resource, action)
                for (resource, action), numbers in about.items()
            )
        )
        return dict(zip(about, found, strict=True))


def _finding(wanted: LookupRequest, answers: _Answers) -> Finding:
    match wanted.identity:
        case Person(number=number):
            return PersonFinding(record=answers.persons.get(number.text))
        case Organisation(number=organisation):
            about = wanted.about
            return OrganisationFinding(
                number=organisation,
                record=answers.businesses.get(organisation),
                profiles=() if about is None else answers.profiles[about].get(organisation, ()),
                profiles_consulted=about is not None,
            )
        case ExternalIdentity(urn=urn):
            return ExternalFinding(record=answers.externals.get(urn.text))
        case Direct() as direct:
            return DirectFinding(identity=direct)
        case _:
            assert_never(wanted.identity)
