"""Where other services look up how people and organisations are reached, as they would at Altinn's Profile.

National numbers stand in bodies, so that they are in no address and in nobody's log.
"""

from typing import Final

from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
from application.queries.contact_points import MOST
from entrypoints.http.contact_points import responses as told
from entrypoints.http.contact_points.requests import (
    ExternalIdentitiesRequest,
    OrganisationsRequest,
    OrganisationUsersRequest,
    PersonsRequest,
    read_externals,
    read_organisations,
    read_persons,
    read_users,
)
from entrypoints.http.contact_points.responses import (
    AvailabilitiesAnswer,
    ExternalContactsAnswer,
    OrganisationContactsAnswer,
    OrganisationsUsersAnswer,
    PersonContactsAnswer,
)
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import Access, Body, Reply, operation
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem

PROFILE: Final = "/profile/api/v1"
PERSONS: Final = f"{PROFILE}/users/contactpoint/lookup"
AVAILABILITY: Final = f"{PROFILE}/users/contactpoint/availability"
EXTERNALS: Final = f"{PROFILE}/users/contactpoint/lookupsi"
ORGANISATIONS: Final = f"{PROFILE}/organizations/notificationaddresses/lookup"
USERS: Final = f"{PROFILE}/units/contactpoint/lookup"

_LARGEST: Final = 512 * 1024
"""Bytes of a request: a thousand of the longest names, and more."""
_TAG: Final = "Contact points"
_TOO_MUCH: Final = Reply(
    words=f"The body cannot be read, or asks about nobody or about more than {MOST}.",
    kind=ValidationProblem,
)

_HELD: Final = {
    423: Reply(words="The owner whose service asks is stopped.", kind=PlainProblem),
    429: Reply(
        words=(
            "It is more than the owner's services may look up today (`over_daily_lookups`); nobody was "
            "looked up."
        ),
        kind=PlainProblem,
        headers={
            "Retry-After": "Seconds until a new day begins.",
            "RateLimit-Policy": "The ceiling: recipients in a day.",
            "RateLimit": "What is left of it today.",
        },
    ),
}


def _body(kind: type, example: object) -> Body:
    return Body(media_types=["application/json"], most_bytes=_LARGEST, kind=kind, example=example)


@operation(
    "POST",
    PERSONS,
    name="lookUpPersons",
    access=Access.CONTACT_POINTS,
    tag=_TAG,
    takes=_body(
        PersonsRequest,
        {"nationalIdentityNumbers": ["15859010099"], "useStaleContactInfo": False},
    ),
    replies={
        200: Reply(
            words="Those who are known; none is no error.",
            example={
                "contactPointsList": [
                    {
                        "userId": 0,
                        "nationalIdentityNumber": "15859010099",
                        "isReserved": False,
                        "mobileNumber": "+4740000001",
                        "mobileNumberIsOutdated": False,
                        "email": "kari@example.org",
                        "emailIsOutdated": False,
                    }
                ]
            },
        ),
        400: _TOO_MUCH,
        **_HELD,
    },
)
async def look_up_persons(
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> PersonContactsAnswer:
    """Where people are reached.

    An address that has not been confirmed for 18 months is null and said to be outdated, and whoever has
    no other is left out; with `useStaleContactInfo` it is told all the same. Who is asked about stands
    on record, by a keyed hash of the number.
    """
    asked = read_persons(content)
    found = await application.contact_points.persons(
        asked.numbers, use_stale=asked.use_stale, by=actor(caller)
    )
    return told.persons(found)


@operation(
    "POST",
    AVAILABILITY,
    name="lookUpAvailability",
    access=Access.CONTACT_POINTS,
    tag=_TAG,
    takes=_body(PersonsRequest, {"nationalIdentityNumbers": ["15859010099"]}),
    replies={
        200: Reply(
            words="Those who are known; none is no error.",
            example={
                "availabilityList": [
                    {
                        "userId": 0,
                        "nationalIdentityNumber": "15859010099",
                        "isReserved": False,
                        "mobileNumberRegistered": True,
                        "emailRegistered": True,
                    }
                ]
            },
        ),
        400: _TOO_MUCH,
        **_HELD,
    },
)
async def look_up_availability(
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> AvailabilitiesAnswer:
    """Whether people have addresses, however old. Who is asked about stands on record."""
    asked = read_persons(content)
    found = await application.contact_points.availability(asked.numbers, by=actor(caller))
    return told.availabilities(found)


@operation(
    "POST",
    EXTERNALS,
    name="lookUpExternalIdentities",
    access=Access.CONTACT_POINTS,
    tag=_TAG,
    takes=_body(
        ExternalIdentitiesRequest,
        {"externalIdentities": ["urn:altinn:person:idporten-email:user@example.org"]},
    ),
    replies={
        200: Reply(
            words="Those who can be reached; none is no error.",
            example={
                "contactPointsList": [
                    {
                        "mobileNumber": None,
                        "email": "user@example.org",
                        "externalIdentity": "urn:altinn:person:idporten-email:user@example.org",
                    }
                ]
            },
        ),
        400: _TOO_MUCH,
        **_HELD,
    },
)
async def look_up_external_identities(
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> ExternalContactsAnswer:
    """Where people without a national number are reached. Who is asked about stands on record."""
    asked = read_externals(content)
    return told.externals(await application.contact_points.externals(asked, by=actor(caller)))


@operation(
    "POST",
    ORGANISATIONS,
    name="lookUpOrganisations",
    access=Access.CONTACT_POINTS,
    tag=_TAG,
    takes=_body(OrganisationsRequest, {"organizationNumbers": ["314022009"]}),
    replies={
        200: Reply(
            words="Those that have addresses; none is no error.",
            example={
                "contactPointsList": [
                    {
                        "organizationNumber": "314022009",
                        "addressOrigin": "314022009",
                        "partyId": 0,
                        "mobileNumberList": [],
                        "emailList": ["post@fjell.example.no"],
                    }
                ]
            },
        ),
        400: _TOO_MUCH,
        **_HELD,
    },
)
async def look_up_organisations(
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> OrganisationContactsAnswer:
    """The official addresses of organisations, their own or their main units'.

    Whose they are is told as `addressOrigin`.
    """
    asked = read_organisations(content)
    found = await application.contact_points.organisations(asked, by=actor(caller))
    return told.organisations(found)


@operation(
    "POST",
    USERS,
    name="lookUpOrganisationsUsers",
    access=Access.CONTACT_POINTS,
    tag=_TAG,
    takes=_body(
        OrganisationUsersRequest,
        {"organizationNumbers": ["314022009"], "resourceId": "tax-2026"},
    ),
    replies={
        200: Reply(
            words="Those organisations that have such users; none is no error.",
            example={
                "contactPointsList": [
                    {
                        "organizationNumber": "314022009",
                        "partyId": 50001234,
                        "userContactPoints": [
                            {
                                "userId": 20001111,
                                "email": "ola@fjell.example.no",
                                "mobileNumber": "+4740000005",
                            }
                        ],
                    }
                ]
            },
        ),
        400: _TOO_MUCH,
        **_HELD,
    },
)
async def look_up_organisations_users(
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> OrganisationsUsersAnswer:
    """Who wants to hear about a resource on behalf of organisations.

    Whether they may is not asked here: whoever asks decides that. A user without an id at the login
    service is left out, since nobody could ask about them. `partyId` is 0 where the installation asks
    no party register.
    """
    numbers, resource = read_users(content)
    found = await application.contact_points.users(numbers, resource, by=actor(caller))
    return told.users(found)


ROUTES: Final = (
    look_up_persons,
    look_up_availability,
    look_up_external_identities,
    look_up_organisations,
    look_up_organisations_users,
)
