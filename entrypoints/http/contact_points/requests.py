"""Whom another service asks about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta

from application.queries.contact_points import MOST
from domain.national_number import stands_in
from domain.recipient import OrganisationNumber as Unit
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.wire_struct import (
    ExternalUrn,
    NationalNumber,
    OrganisationNumber,
    Resource,
    WireStruct,
)

_SO_MANY: Final = Meta(extra_json_schema={"maxItems": MOST})


class PersonsRequest(WireStruct, frozen=True, kw_only=True):
    """People, by their national numbers."""

    national_identity_numbers: Annotated[list[NationalNumber], _SO_MANY] | None = None
    use_stale_contact_info: bool = False
    """Whether addresses that have not been confirmed for too long are wanted, too."""


class ExternalIdentitiesRequest(WireStruct, frozen=True, kw_only=True):
    """People without a national number, by the URNs of the login service."""

    external_identities: Annotated[list[ExternalUrn], _SO_MANY]


class OrganisationsRequest(WireStruct, frozen=True, kw_only=True):
    """Organisations, by their numbers."""

    organization_numbers: Annotated[list[OrganisationNumber], _SO_MANY]


class OrganisationUsersRequest(WireStruct, frozen=True, kw_only=True):
    """Organisations, and what their users want to hear about."""

    organization_numbers: Annotated[list[OrganisationNumber], _SO_MANY]
    resource_id: Resource


@dataclass(frozen=True, slots=True)
class PersonsAsked:
    """People who are asked about."""

    numbers: Sequence[str]
    use_stale: bool


_persons = BodyReader(PersonsRequest, "request")
_externals = BodyReader(ExternalIdentitiesRequest, "request")
_organisations = BodyReader(OrganisationsRequest, "request")
_users = BodyReader(OrganisationUsersRequest, "request")

_MOST: Final[Mapping[str, int]] = {
    "nationalIdentityNumbers": MOST,
    "externalIdentities": MOST,
    "organizationNumbers": MOST,
}


def read_persons(body: bytes) -> PersonsAsked:
    """Read which people are asked about; none is no fault.

    Raises:
        InvalidRequestError: it cannot be read, or they are too many.
    """
    faults = Faults()
    asked = _persons.read(body, faults, _MOST)
    numbers = asked.national_identity_numbers or []
    _judge_length(numbers, "NationalIdentityNumbers", faults)
    faults.raise_any()
    return PersonsAsked(numbers, asked.use_stale_contact_info)


def read_externals(body: bytes) -> Sequence[str]:
    """Read which external identities are asked about; those that are none are left out.

    Raises:
        InvalidRequestError: it cannot be read, or they are too many.
    """
    faults = Faults()
    urns = _externals.read(body, faults, _MOST).external_identities
    _judge_length(urns, "ExternalIdentities", faults)
    faults.raise_any()
    return [each for each in urns if _is_external_identity(each)]


def read_organisations(body: bytes) -> Sequence[Unit]:
    """Read which organisations are asked about.

    Raises:
        InvalidRequestError: it cannot be read, or they are none, too many, or one of them is blank.
    """
    faults = Faults()
    numbers = _organisations.read(body, faults, _MOST).organization_numbers
    _judge_organisations(numbers, faults)
    if any(check.is_blank(each) for each in numbers):
        faults.broken("OrganizationNumbers", "none of the numbers may be blank")
    faults.raise_any()
    return [Unit(each) for each in numbers]


def read_users(body: bytes) -> tuple[Sequence[Unit], str]:
    """Read which organisations' users are asked about, and the resource that they want to hear about.

    Raises:
        InvalidRequestError: it cannot be read, there is no organisation or no resource, or there are too
            many.
    """
    faults = Faults()
    asked = _users.read(body, faults, _MOST)
    _judge_organisations(asked.organization_numbers, faults)
    if check.is_blank(asked.resource_id):
        faults.broken("ResourceId", "The ResourceId field is required.")
    elif stands_in(asked.resource_id):
        faults.broken("ResourceId", "leave the national identity number out; it goes on record")
    faults.raise_any()
    return [Unit(each) for each in asked.organization_numbers], asked.resource_id


def _judge_organisations(numbers: Sequence[str], faults: Faults) -> None:
    if not numbers:
        faults.broken("OrganizationNumbers", "ask about one organisation at least")
    _judge_length(numbers, "OrganizationNumbers", faults)


def _judge_length(asked: Sequence[str], property_path: str, faults: Faults) -> None:
    if len(asked) > MOST:
        faults.broken(property_path, f"ask about {MOST} at most at once")


def _is_external_identity(urn: str) -> bool:
    faults = Faults()
    check.external_identity(urn, faults, "ExternalIdentities")
    return not faults.has_any
