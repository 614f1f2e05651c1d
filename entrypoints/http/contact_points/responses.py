"""Where people and organisations are reached, as other services are told; what is not there is null."""

from collections.abc import Sequence

from msgspec import Struct

from application.queries.contact_points import (
    ExternalContact,
    OrganisationContact,
    OrganisationUsers,
    PersonContact,
)
from domain.channel import Channel
from entrypoints.http.orders.notifications import text_of

NO_ID = 0
"""Stands where an id would, and none is known here."""


class PersonContactAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a person is reached."""

    user_id: int
    national_identity_number: str
    is_reserved: bool
    mobile_number: str | None
    mobile_number_is_outdated: bool
    email: str | None
    email_is_outdated: bool


class PersonContactsAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where people are reached, of those who were asked about and are known."""

    contact_points_list: Sequence[PersonContactAnswer]


class AvailabilityAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a person can be reached."""

    user_id: int
    national_identity_number: str
    is_reserved: bool
    mobile_number_registered: bool
    email_registered: bool


class AvailabilitiesAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether people can be reached, of those who were asked about and are known."""

    availability_list: Sequence[AvailabilityAnswer]


class ExternalContactAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where somebody without a national number is reached."""

    mobile_number: str | None
    email: str | None
    external_identity: str


class ExternalContactsAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where those without a national number are reached, of those who were asked about."""

    contact_points_list: Sequence[ExternalContactAnswer]


class OrganisationContactAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The official addresses of an organisation, its own or its main unit's."""

    organization_number: str
    address_origin: str
    party_id: int
    mobile_number_list: Sequence[str]
    email_list: Sequence[str]


class OrganisationContactsAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The official addresses of those organisations that have any."""

    contact_points_list: Sequence[OrganisationContactAnswer]


class UserContactAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a user wants to hear what concerns an organisation."""

    user_id: int
    email: str | None
    mobile_number: str | None


class OrganisationUsersAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The users of an organisation who want to hear about the resource."""

    organization_number: str
    party_id: int
    user_contact_points: Sequence[UserContactAnswer]


class OrganisationsUsersAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The users of those organisations that have any who want to hear about the resource."""

    contact_points_list: Sequence[OrganisationUsersAnswer]


def persons(found: Sequence[PersonContact]) -> PersonContactsAnswer:
    """Where people are reached."""
    return PersonContactsAnswer(
        contact_points_list=[
            PersonContactAnswer(
                user_id=NO_ID,
                national_identity_number=each.number,
                is_reserved=each.is_reserved,
                mobile_number=text_of(each.mobile),
                mobile_number_is_outdated=Channel.SMS in each.outdated,
                email=text_of(each.email),
                email_is_outdated=Channel.EMAIL in each.outdated,
            )
            for each in found
        ]
    )


def availabilities(found: Sequence[PersonContact]) -> AvailabilitiesAnswer:
    """Whether people can be reached."""
    return AvailabilitiesAnswer(
        availability_list=[
            AvailabilityAnswer(
                user_id=NO_ID,
                national_identity_number=each.number,
                is_reserved=each.is_reserved,
                mobile_number_registered=each.mobile is not None,
                email_registered=each.email is not None,
            )
            for each in found
        ]
    )


def externals(found: Sequence[ExternalContact]) -> ExternalContactsAnswer:
    """Where those without a national number are reached."""
    return ExternalContactsAnswer(
        contact_points_list=[
            ExternalContactAnswer(
                mobile_number=text_of(each.mobile),
                email=text_of(each.email),
                external_identity=each.urn,
            )
            for each in found
        ]
    )


def organisations(found: Sequence[OrganisationContact]) -> OrganisationContactsAnswer:
    """The official addresses of organisations."""
    return OrganisationContactsAnswer(
        contact_points_list=[
            OrganisationContactAnswer(
                organization_number=each.number,
                address_origin=each.origin,
                party_id=NO_ID,
                mobile_number_list=[one.text for one in each.mobiles],
                email_list=[one.text for one in each.emails],
            )
            for each in found
        ]
    )


def users(found: Sequence[OrganisationUsers]) -> OrganisationsUsersAnswer:
    """The users who want to hear about a resource."""
    return OrganisationsUsersAnswer(
        contact_points_list=[
            OrganisationUsersAnswer(
                organization_number=each.number,
                party_id=each.party or NO_ID,
                user_contact_points=[
                    UserContactAnswer(
                        user_id=one.user,
                        email=text_of(one.email),
                        mobile_number=text_of(one.mobile),
                    )
                    for one in each.users
                ],
            )
            for each in found
        ]
    )
