"""A person's profile, as clients of Altinn's Profile know it; what there is none of is told as null."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from litestar import Request, Response
from msgspec import Struct

from application.caller import EndUser
from application.ports.decision_point import PREFIX
from domain.channel import Channel
from domain.profile.events import SPOKEN, Settings
from domain.profile.profile import Profile, UnverifiedAddressError
from domain.recipient import OrganisationNumber
from entrypoints.http.profile.parties import party_uuid
from entrypoints.http.transport.problems import as_response
from entrypoints.http.transport.responses import Answer, in_json
from entrypoints.http.transport.tracing import trail
from entrypoints.http.validation.wire_struct import one_of

VERIFIED: Final = "Verified"
UNVERIFIED: Final = "Unverified"
LEGACY: Final = "Legacy"
"""Registered elsewhere, and never verified."""
StatusWord: TypeAlias = Annotated[str, one_of([VERIFIED, UNVERIFIED, LEGACY])]
LanguageWord: TypeAlias = Annotated[str, one_of(SPOKEN)]


class RegistrationAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a person is told what concerns an organisation."""

    user_id: int
    """The user's id at Altinn; 0 where the token does not tell it."""
    party_uuid: UUID
    needs_confirmation: bool
    email_verification_status: StatusWord | None
    sms_verification_status: StatusWord | None
    email_address: str | None
    phone_number: str | None
    resource_include_list: list[str]


class SettingsAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a person wants to be spoken to, and what they want to see."""

    language: LanguageWord
    pre_selected_party_id: int
    do_not_prompt_for_party: bool
    preselected_party_uuid: UUID | None
    show_client_units: bool
    should_show_sub_entities: bool
    should_show_deleted_entities: bool


def registration(
    profile: Profile, person: EndUser, organisation: OrganisationNumber, now: datetime
) -> RegistrationAnswer:
    """What is registered for an organisation.

    Raises:
        NothingRegisteredError: nothing is.
    """
    told = profile.registration(organisation)
    user = person.user or profile.user
    return RegistrationAnswer(
        user_id=int(user.text) if user is not None and user.text.isdecimal() else 0,
        party_uuid=party_uuid(organisation),
        needs_confirmation=profile.needs_confirmation(organisation, now),
        email_verification_status=_status(profile, organisation, Channel.EMAIL),
        sms_verification_status=_status(profile, organisation, Channel.SMS),
        email_address=_address(profile, organisation, Channel.EMAIL),
        phone_number=_address(profile, organisation, Channel.SMS),
        resource_include_list=[f"{PREFIX}{each}" for each in told.resources],
    )


def registrations(profile: Profile, person: EndUser, now: datetime) -> Sequence[RegistrationAnswer]:
    """Everything that is registered, by organisation number."""
    return [registration(profile, person, each, now) for each in sorted(profile.registrations)]


def settings(chosen: Settings) -> SettingsAnswer:
    """What a person chose."""
    party = chosen.preselected_party
    return SettingsAnswer(
        language=chosen.language,
        pre_selected_party_id=0,
        do_not_prompt_for_party=chosen.do_not_prompt_for_party,
        preselected_party_uuid=None if party is None or party.is_erased else UUID(party.text),
        show_client_units=chosen.show_client_units,
        should_show_sub_entities=chosen.should_show_sub_entities,
        should_show_deleted_entities=chosen.should_show_deleted_entities,
    )


def saying(
    status: int, code: str, words: str
) -> Callable[[Request[Any, Any, Any], Any], Response[bytes]]:
    """A refusal that is a sentence in JSON and nothing else, as clients know it; its code is in a header."""

    def refuse(request: Request[Any, Any, Any], error: object) -> Response[bytes]:
        del error
        return _sentence(request, status, code, words)

    return refuse


def unverified(request: Request[Any, Any, Any], error: UnverifiedAddressError) -> Response[bytes]:
    """Say which address is not verified."""
    what = "email address" if error.channel is Channel.EMAIL else "phone number"
    return _sentence(request, 422, error.code, f"Provided {what} is not verified.")


def _sentence(
    request: Request[Any, Any, Any], status: int, code: str, words: str
) -> Response[bytes]:
    trail(request.scope).code = code
    headers = ((b"varsel-code", code.encode()),)
    return as_response(Answer(status, in_json(words), headers=headers))


def _address(profile: Profile, organisation: OrganisationNumber, channel: Channel) -> str | None:
    told = profile.registration(organisation).address_on(channel)
    return None if told is None or told.address.is_erased else told.address.text


def _status(
    profile: Profile, organisation: OrganisationNumber, channel: Channel
) -> StatusWord | None:
    told = profile.registration(organisation).address_on(channel)
    if told is None or told.address.is_erased:
        return None
    if told.is_verified:
        return VERIFIED
    return UNVERIFIED if profile.has_code(channel, told.address) else LEGACY
