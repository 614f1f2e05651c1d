"""The registries as dictionaries."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote_plus

from adapters.memory.decision_point import InMemoryDecisionPoint
from application.delivery.contact_lookup import Registries
from application.mail_address import is_mailbox
from application.phone_number import is_valid
from application.ports.decision_point import DecisionPoint, bare
from application.ports.profiles import ProfileIndex, Registered
from application.ports.registries import LEVELS, PersonRegistry, ProfileRegistry
from domain.channel import Channel
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.personal import Contact
from domain.profile.events import ProfileAddress
from domain.recipient import OrganisationNumber

_EMAIL_URN: Final = "urn:altinn:person:idporten-email:"


class InMemoryPersonRegistry:
    """Knows the persons it was given."""

    def __init__(self, persons: Mapping[str, PersonRecord] | None = None) -> None:
        self._persons = dict(persons or {})

    def know(self, number: str, record: PersonRecord) -> None:
        """Know from now on this of a person."""
        self._persons[number] = record

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        return {each: self._persons[each] for each in numbers if each in self._persons}


class InMemoryBusinessRegistry:
    """Knows the units it was given, and which main unit each sub-unit has."""

    def __init__(
        self,
        businesses: Mapping[OrganisationNumber, BusinessRecord] | None = None,
        main_units: Mapping[OrganisationNumber, OrganisationNumber] | None = None,
    ) -> None:
        self._businesses = dict(businesses or {})
        self._main_units = dict(main_units or {})

    async def find(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        found = {each: self._usable(each) for each in numbers}
        return {number: record for number, record in found.items() if record is not None}

    def _usable(self, number: OrganisationNumber) -> BusinessRecord | None:
        units = [number, *_above(number, self._main_units)]
        known = [self._businesses[unit] for unit in units if unit in self._businesses]
        for each in known:
            if each.is_uncertain or any(one.is_valid for one in (*each.emails, *each.mobiles)):
                return each
        inherited = [each for each in known if each.origin != number]
        return next(iter([*inherited, *known]), None)


class InMemoryUnitRegistry:
    """Knows the main units that it was given."""

    def __init__(
        self, main_units: Mapping[OrganisationNumber, OrganisationNumber] | None = None
    ) -> None:
        self._main_units = dict(main_units or {})

    async def main_units(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, Sequence[OrganisationNumber]]:
        found = {number: _above(number, self._main_units) for number in numbers}
        return {number: above for number, above in found.items() if above}


def _above(
    number: OrganisationNumber, main_units: Mapping[OrganisationNumber, OrganisationNumber]
) -> Sequence[OrganisationNumber]:
    above: list[OrganisationNumber] = []
    unit = number
    while len(above) < LEVELS and (main_unit := main_units.get(unit)) is not None:
        if main_unit in (number, *above):
            break
        above.append(main_unit)
        unit = main_unit
    return above


class InMemoryProfileRegistry:
    """Knows who registered what for which organisation."""

    def __init__(
        self,
        profiles: Mapping[tuple[OrganisationNumber, str], Sequence[ProfileRecord]] | None = None,
    ) -> None:
        """Take the users of each organisation and resource."""
        self._profiles = dict(profiles or {})

    async def find(
        self, numbers: Sequence[OrganisationNumber], resource: str
    ) -> Mapping[OrganisationNumber, Sequence[ProfileRecord]]:
        return {
            number: self._profiles[number, bare(resource)]
            for number in numbers
            if (number, bare(resource)) in self._profiles
        }


class RegisteredInProfiles:
    """Knows what persons registered in their profiles, as soon as they did."""

    def __init__(self, registered: ProfileIndex) -> None:
        self._registered = registered

    async def find(
        self, numbers: Sequence[OrganisationNumber], resource: str
    ) -> Mapping[OrganisationNumber, Sequence[ProfileRecord]]:
        found: dict[OrganisationNumber, list[ProfileRecord]] = {}
        for each in await self._registered.registered_for(numbers):
            found.setdefault(each.organisation, []).append(_record(each, resource))
        return found


def _record(told: Registered, resource: str) -> ProfileRecord:
    if not told.is_about(resource):
        return ProfileRecord(user=told.user, is_about_another=True)
    return ProfileRecord(
        user=told.user,
        person=told.person,
        email=None if told.email is None else _address(told.email, Channel.EMAIL),
        mobile=None if told.mobile is None else _address(told.mobile, Channel.SMS),
        language=told.language,
    )


def _address(told: ProfileAddress, channel: Channel) -> RegisteredAddress:
    text = told.address.text
    return RegisteredAddress(
        address=told.address,
        is_valid=is_mailbox(text) if channel is Channel.EMAIL else is_valid(text),
        is_verified=told.is_verified,
    )


class InMemoryExternalIdentityRegistry:
    """Knows the identities it was given, whatever the case of their letters, and every e-mail address."""

    def __init__(self, identities: Mapping[str, ExternalRecord] | None = None) -> None:
        self._identities = {urn.casefold(): each for urn, each in (identities or {}).items()}

    async def find(self, urns: Sequence[str]) -> Mapping[str, ExternalRecord]:
        found = {urn: self._record(urn) for urn in urns}
        return {urn: record for urn, record in found.items() if record is not None}

    def _record(self, urn: str) -> ExternalRecord | None:
        known = self._identities.get(urn.casefold())
        if not urn.casefold().startswith(_EMAIL_URN):
            return known
        address = unquote_plus(urn[len(_EMAIL_URN) :])
        return ExternalRecord(
            email=RegisteredAddress(address=Contact(address), is_valid=is_mailbox(address)),
            mobile=None if known is None else known.mobile,
            is_uncertain=known is not None and known.is_uncertain,
        )


class InMemoryNameRegistry:
    """Knows the names it was given, by number."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})

    async def find(
        self, persons: Sequence[str], organisations: Sequence[OrganisationNumber]
    ) -> Mapping[str, str]:
        return {
            number: self._names[number]
            for number in (*persons, *organisations)
            if number in self._names
        }


def registries(
    *,
    persons: PersonRegistry | None = None,
    businesses: Mapping[OrganisationNumber, BusinessRecord] | None = None,
    main_units: Mapping[OrganisationNumber, OrganisationNumber] | None = None,
    profiles: ProfileRegistry | None = None,
    decision_point: DecisionPoint | None = None,
    names: Mapping[str, str] | None = None,
) -> Registries:
    """All registries at once, which know what they are given and nothing else."""
    return Registries(
        persons=persons or InMemoryPersonRegistry(),
        businesses=InMemoryBusinessRegistry(businesses, main_units),
        units=InMemoryUnitRegistry(main_units),
        profiles=profiles or InMemoryProfileRegistry(),
        decision_point=decision_point or InMemoryDecisionPoint(),
        externals=InMemoryExternalIdentityRegistry(),
        names=InMemoryNameRegistry(names),
    )
