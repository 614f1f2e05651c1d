"""Where a person is told what concerns organisations, and how they are spoken to."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.assembly import Application
from application.caller import EndUser
from application.profiles.authority import MayNotActError
from application.profiles.profile_service import Wanted
from domain import limits
from domain.profile.profile import (
    MOST_CHANGES,
    NoAddressError,
    NothingRegisteredError,
    UnverifiedAddressError,
)
from domain.recipient import OrganisationNumber
from entrypoints.http.profile.parties import (
    UnknownPartyError,
    party_uuid,
    read_organisation_number,
    read_party,
)
from entrypoints.http.profile.requests import (
    RegistrationChangeRequest,
    RegistrationRequest,
    SettingsChangeRequest,
    SettingsRequest,
    read_registration,
    read_registration_change,
    read_settings,
    read_settings_change,
)
from entrypoints.http.profile.responses import (
    RegistrationAnswer,
    SettingsAnswer,
    registration,
    registrations,
    saying,
    settings,
    unverified,
)
from entrypoints.http.transport.contract import (
    IN_JSON,
    Access,
    Body,
    Parameter,
    Refusals,
    Reply,
    operation,
)
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem
from entrypoints.http.transport.problems import REFUSALS, refusing
from entrypoints.http.transport.responses import Answer
from entrypoints.http.validation.errors import InvalidRequestError

Clock: TypeAlias = Callable[[], datetime]

BASE: Final = "/profile/api/v1/users/current"
PARTIES: Final = f"{BASE}/notificationsettings/parties"
SETTINGS: Final = f"{BASE}/profilesettings"

_TAG: Final = "Profile"
_LARGEST: Final = 512 * 1024
_FJELL: Final = OrganisationNumber("314022009")
_PARTY: Final = Parameter(
    name="partyUuid",
    words="The organisation's id; its last nine digits are the organisation number.",
    format="uuid",
    most=limits.WORD,
    example=str(party_uuid(_FJELL)),
)
_NUMBER: Final = Parameter(
    name="orgnr",
    words="The organisation number.",
    most=limits.ORGANISATION_NUMBER,
    example=_FJELL,
)
_EXAMPLE: Final = {
    "userId": 20001111,
    "partyUuid": str(party_uuid(_FJELL)),
    "needsConfirmation": False,
    "emailVerificationStatus": "Verified",
    "smsVerificationStatus": None,
    "emailAddress": "kari@fjell.example.no",
    "phoneNumber": None,
    "resourceIncludeList": ["urn:altinn:resource:demo-tjeneste"],
}
_WANTED: Final = {
    "emailAddress": "kari@fjell.example.no",
    "phoneNumber": None,
    "resourceIncludeList": ["urn:altinn:resource:demo-tjeneste"],
}
_CHOSEN: Final = {
    "language": "nn",
    "doNotPromptForParty": False,
    "preselectedPartyUuid": None,
    "showClientUnits": False,
    "shouldShowSubEntities": True,
    "shouldShowDeletedEntities": False,
}
_NOBODYS: Final = Reply(words="The id is that of nobody, or no UUID.", kind=ValidationProblem)
_NOT_ALLOWED: Final = Reply(
    words=(
        "As for every door of persons; and `not_permitted` if the person may not act for the "
        "organisation, or there is none of that id."
    ),
    kind=PlainProblem,
)
_NOBODY_DECIDES: Final = Reply(
    words="Nobody can tell now whether the person may act for it (`authority_undecided`).",
    kind=PlainProblem,
)
_NOTHING: Final = Reply(
    words="Nothing is registered for it; a sentence in JSON.", kind=str, media_type=IN_JSON
)
_REFUSED: Final[Refusals] = {
    UnknownPartyError: refusing(REFUSALS[MayNotActError]),
    NothingRegisteredError: saying(
        404, NothingRegisteredError.code, "Notification addresses not found for the party."
    ),
    UnverifiedAddressError: unverified,
}
_TOO_OFTEN: Final = Reply(
    words=(
        f"The person has changed {MOST_CHANGES} things within a day (`profile_changed_too_often`); what is "
        "withdrawn is not counted."
    ),
    kind=PlainProblem,
    headers={"Retry-After": "Seconds after which it may be asked again."},
)
_CHANGED: Final = {
    201: Reply(
        words="Nothing was registered for it before.",
        headers={"Location": "Where it is read."},
    ),
    204: Reply(words="What was registered for it is changed, or confirmed."),
    400: Reply(words="It cannot be taken as it is.", kind=ValidationProblem),
    403: _NOT_ALLOWED,
    422: Reply(
        words=(
            "An address is not verified: a sentence in JSON, that names the e-mail address or the "
            "phone number."
        ),
        kind=str,
        media_type=IN_JSON,
    ),
    429: _TOO_OFTEN,
    503: _NOBODY_DECIDES,
}


@operation(
    "GET",
    PARTIES,
    name="listRegistrations",
    tag=_TAG,
    access=Access.END_USER,
    replies={200: Reply(words="What is registered; none is no error.", example=[_EXAMPLE])},
)
async def list_registrations(
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
    clock: NamedDependency[Clock],
) -> list[RegistrationAnswer]:
    """Where a person is told what concerns organisations."""
    profile = await application.profiles.profile(person)
    return list(registrations(profile, person, clock()))


@operation(
    "GET",
    f"{PARTIES}/byorgnumber/{{orgnr}}",
    name="readRegistrationByNumber",
    tag=_TAG,
    access=Access.END_USER,
    parameters=[_NUMBER],
    replies={
        200: Reply(words="What is registered.", example=_EXAMPLE),
        403: _NOT_ALLOWED,
        404: _NOTHING,
        503: _NOBODY_DECIDES,
    },
    refusals=_REFUSED,
)
async def read_registration_by_number(
    orgnr: FromPath[str],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
    clock: NamedDependency[Clock],
) -> RegistrationAnswer:
    """Where a person is told what concerns an organisation, by its number."""
    return await _registration(read_organisation_number(orgnr), person, application, clock())


@operation(
    "GET",
    f"{PARTIES}/{{partyUuid}}",
    name="readRegistration",
    tag=_TAG,
    access=Access.END_USER,
    parameters=[_PARTY],
    replies={
        200: Reply(words="What is registered.", example=_EXAMPLE),
        400: _NOBODYS,
        403: _NOT_ALLOWED,
        404: _NOTHING,
        503: _NOBODY_DECIDES,
    },
    refusals=_REFUSED,
)
async def read_one_registration(
    request: Request[EndUser, Any, Any],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
    clock: NamedDependency[Clock],
) -> RegistrationAnswer:
    """Where a person is told what concerns an organisation."""
    return await _registration(_party(request), person, application, clock())


@operation(
    "PUT",
    f"{PARTIES}/{{partyUuid}}",
    name="putRegistration",
    tag=_TAG,
    access=Access.END_USER,
    parameters=[_PARTY],
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=RegistrationRequest,
        example=_WANTED,
    ),
    replies=_CHANGED,
    refusals=_REFUSED,
)
async def put_registration(
    request: Request[EndUser, Any, Any],
    content: NamedDependency[bytes],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> Answer:
    """Tell a person at these addresses what concerns an organisation, and nowhere else.

    Each address must have been verified by a code. No resources means all of them. What is registered
    already is confirmed: it is asked for again after ninety days.
    """
    organisation = _party(request)
    return await _registered(organisation, read_registration(content), person, application)


@operation(
    "PATCH",
    f"{PARTIES}/{{partyUuid}}",
    name="changeRegistration",
    tag=_TAG,
    access=Access.END_USER,
    parameters=[_PARTY],
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=RegistrationChangeRequest,
        example={"emailAddress": "kari@fjell.example.no"},
    ),
    replies=_CHANGED,
    refusals=_REFUSED,
)
async def change_registration(
    request: Request[EndUser, Any, Any],
    content: NamedDependency[bytes],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> Answer:
    """Change where a person is told what concerns an organisation.

    What is left out stays as it is, and null takes an address away; the last address cannot be taken
    away.
    """
    organisation = _party(request)
    return await _registered(organisation, read_registration_change(content), person, application)


@operation(
    "DELETE",
    f"{PARTIES}/{{partyUuid}}",
    name="withdrawRegistration",
    tag=_TAG,
    access=Access.END_USER,
    parameters=[_PARTY],
    replies={
        200: Reply(words="The person is told nothing more on behalf of the organisation."),
        400: _NOBODYS,
        404: _NOTHING,
    },
    refusals={
        **_REFUSED,
        UnknownPartyError: saying(
            404, NothingRegisteredError.code, "Notification addresses not found for the party."
        ),
    },
)
async def withdraw_registration(
    request: Request[EndUser, Any, Any],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> None:
    """Tell a person nothing on behalf of an organisation any more.

    Also whoever may not act for it any more may withdraw what they registered.
    """
    await application.profiles.withdraw(person, _party(request))


@operation(
    "POST",
    f"{BASE}/notificationsettings/ignore-confirmation",
    name="ignoreConfirmation",
    tag=_TAG,
    access=Access.END_USER,
    replies={204: Reply(words="For a year nothing needs confirmation."), 429: _TOO_OFTEN},
)
async def ignore_confirmation(
    person: NamedDependency[EndUser], application: NamedDependency[Application]
) -> None:
    """Ask a person for a year no more whether what they registered still holds."""
    await application.profiles.ignore_confirmation(person)


@operation(
    "PUT",
    SETTINGS,
    name="putProfileSettings",
    tag=_TAG,
    access=Access.END_USER,
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=SettingsRequest,
        example=_CHOSEN,
    ),
    replies={
        200: Reply(words="The settings.", example={**_CHOSEN, "preSelectedPartyId": 0}),
        400: Reply(words="It cannot be taken as it is.", kind=ValidationProblem),
        429: _TOO_OFTEN,
    },
)
async def put_settings(
    content: NamedDependency[bytes],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> SettingsAnswer:
    """Choose how one is spoken to: the language `nb`, `nn` or `en`, and what is shown."""
    return settings(await application.profiles.choose(person, read_settings(content)))


@operation(
    "PATCH",
    SETTINGS,
    name="changeProfileSettings",
    tag=_TAG,
    access=Access.END_USER,
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=SettingsChangeRequest,
        example={"language": "en"},
    ),
    replies={
        200: Reply(words="The settings.", example={**_CHOSEN, "preSelectedPartyId": 0}),
        400: Reply(words="It cannot be taken as it is.", kind=ValidationProblem),
        429: _TOO_OFTEN,
    },
)
async def change_settings(
    content: NamedDependency[bytes],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> SettingsAnswer:
    """Change how one is spoken to; what is left out or null stays, but for a party, which null takes away."""
    return settings(await application.profiles.choose(person, read_settings_change(content)))


ROUTES: Final = (
    list_registrations,
    read_registration_by_number,
    read_one_registration,
    put_registration,
    change_registration,
    withdraw_registration,
    ignore_confirmation,
    put_settings,
    change_settings,
)
"""In the order of the document."""


def _party(request: Request[EndUser, Any, Any]) -> OrganisationNumber:
    return read_party(request.path_params["partyUuid"])


async def _registration(
    organisation: OrganisationNumber, person: EndUser, application: Application, now: datetime
) -> RegistrationAnswer:
    await application.profiles.may_act_for(person, organisation)
    return registration(await application.profiles.profile(person), person, organisation, now)


async def _registered(
    organisation: OrganisationNumber, wanted: Wanted, person: EndUser, application: Application
) -> Answer:
    await application.profiles.may_act_for(person, organisation)
    try:
        is_new = await application.profiles.register(person, organisation, wanted)
    except NoAddressError:
        words = "give an e-mail address, a phone number, or both"
        raise InvalidRequestError({"EmailAddress": [words]}) from None
    if not is_new:
        return Answer(204)
    where = f"{PARTIES}/{party_uuid(organisation)}"
    return Answer(201, headers=((b"location", where.encode()),))
