"""What persons ask of their profiles: where they want to be told, of what, and in which language."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.phone_number import is_valid, normalise
from application.ports.decision_point import PREFIX, bare
from application.profiles.profile_service import Kept, Wanted
from domain.contact_point import is_email_address
from domain.message import Language
from domain.personal import Contact, Identifier
from domain.profile.events import SPOKEN, Settings
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.wire_struct import (
    EmailAddress,
    MobileNumber,
    Resource,
    WireStruct,
    Word,
)

_PHONE: Final = re.compile(r"[0-9]{5}|[0-9]{8}|(?:00|\+)[0-9]{2}[0-9]+")
_RESOURCE: Final = re.compile(re.escape(PREFIX) + r"[a-z0-9_-]{4,}")
_MOST: Final = 1000
"""Resources in one registration."""
_READ_AT_MOST: Final = {"resourceIncludeList": _MOST}
_Resources: TypeAlias = Annotated[list[Resource], Meta(max_length=_MOST)]


class RegistrationRequest(WireStruct, frozen=True, kw_only=True):
    """Where a person wants to be told what concerns an organisation; no resources means all."""

    email_address: EmailAddress | None = None
    phone_number: MobileNumber | None = None
    resource_include_list: _Resources | None = None


class RegistrationChangeRequest(WireStruct, frozen=True, kw_only=True):
    """What is to be changed of it: what is left out stays, and null takes an address away."""

    email_address: EmailAddress | UnsetType | None = UNSET
    phone_number: MobileNumber | UnsetType | None = UNSET
    resource_include_list: _Resources | UnsetType | None = UNSET


class SettingsRequest(WireStruct, frozen=True, kw_only=True):
    """How a person wants to be spoken to, and what they want to see."""

    language: Word
    do_not_prompt_for_party: bool
    preselected_party_uuid: Word | None = None
    show_client_units: bool
    should_show_sub_entities: bool
    should_show_deleted_entities: bool


class SettingsChangeRequest(WireStruct, frozen=True, kw_only=True):
    """What is to be changed of it: what is left out or null stays, but for a party, which null takes away."""

    language: Word | None = None
    do_not_prompt_for_party: bool | None = None
    preselected_party_uuid: Word | UnsetType | None = UNSET
    show_client_units: bool | None = None
    should_show_sub_entities: bool | None = None
    should_show_deleted_entities: bool | None = None


_registrations = BodyReader(RegistrationRequest, "request")
_registration_changes = BodyReader(RegistrationChangeRequest, "request")
_settings = BodyReader(SettingsRequest, "request")
_settings_changes = BodyReader(SettingsChangeRequest, "request")


def read_registration(body: bytes) -> Wanted:
    """Read where a person wants to be told, and of what.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _registrations.read(body, faults, _READ_AT_MOST)
    email = _email(asked.email_address, faults)
    mobile = _mobile(asked.phone_number, faults, is_strict=False)
    if asked.email_address is None and asked.phone_number is None:
        faults.broken("EmailAddress", "give an e-mail address, a phone number, or both")
    resources = _resources(asked.resource_include_list or (), faults)
    faults.raise_any()
    return Wanted(email=email, mobile=mobile, resources=resources)


def read_registration_change(body: bytes) -> Wanted:
    """Read what is to be changed of where a person wants to be told.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _registration_changes.read(body, faults, _READ_AT_MOST)
    email, phone, resources = asked.email_address, asked.phone_number, asked.resource_include_list
    wanted = Wanted(
        email=Kept.AS_IT_IS if email is UNSET else _email(email, faults),
        mobile=Kept.AS_IT_IS if phone is UNSET else _mobile(phone, faults, is_strict=True),
        resources=Kept.AS_IT_IS if resources is UNSET else _resources(resources or (), faults),
    )
    faults.raise_any()
    return wanted


def read_settings(body: bytes) -> Callable[[Settings], Settings]:
    """Read how a person wants to be spoken to, all of it.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _settings.read(body, faults)
    chosen = Settings(
        language=_language(asked.language, faults),
        do_not_prompt_for_party=asked.do_not_prompt_for_party,
        preselected_party=_party(asked.preselected_party_uuid, faults),
        show_client_units=asked.show_client_units,
        should_show_sub_entities=asked.should_show_sub_entities,
        should_show_deleted_entities=asked.should_show_deleted_entities,
    )
    faults.raise_any()
    return lambda _: chosen


def read_settings_change(body: bytes) -> Callable[[Settings], Settings]:
    """Read what is to be changed of how a person wants to be spoken to.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _settings_changes.read(body, faults)
    changes: dict[str, object] = {
        name: value
        for name in (
            "do_not_prompt_for_party",
            "show_client_units",
            "should_show_sub_entities",
            "should_show_deleted_entities",
        )
        if (value := getattr(asked, name)) is not None
    }
    if asked.language is not None:
        changes["language"] = _language(asked.language, faults)
    if asked.preselected_party_uuid is not UNSET:
        changes["preselected_party"] = _party(asked.preselected_party_uuid, faults)
    faults.raise_any()
    return lambda before: msgspec.structs.replace(before, **changes)


def _email(written: str | None, faults: Faults) -> Contact | None:
    if written is None:
        return None
    if not is_email_address(written):
        faults.broken("EmailAddress", "write an e-mail address")
    return Contact(written.strip())


def _mobile(written: str | None, faults: Faults, *, is_strict: bool) -> Contact | None:
    """A number as it is kept; strictly, one with its country code that is in use."""
    if written is None:
        return None
    is_one = (
        written.startswith("+") and is_valid(written)
        if is_strict
        else _PHONE.fullmatch(written) is not None
    )
    if not is_one:
        faults.broken("PhoneNumber", "write a phone number with its country code, as +47")
    return Contact(normalise(written))


def _resources(written: Sequence[str], faults: Faults) -> tuple[str, ...]:
    if len(written) > _MOST:
        faults.broken("ResourceIncludeList", f"name {_MOST} resources at most")
    if any(_RESOURCE.fullmatch(each) is None for each in written):
        words = f"write each resource as {PREFIX} and four or more of a to z, 0 to 9, _ and -"
        faults.broken("ResourceIncludeList", words)
    if len(set(written)) != len(written):
        faults.broken("ResourceIncludeList", "name each resource once")
    return tuple(map(bare, written))


def _language(written: str, faults: Faults) -> Language:
    for each in SPOKEN:
        if each == written.lower():
            return each
    faults.broken("Language", f"choose one of {', '.join(SPOKEN)}")
    return Language.NB


def _party(written: str | None, faults: Faults) -> Identifier | None:
    if written is None:
        return None
    try:
        return Identifier(str(UUID(written)))
    except ValueError:
        faults.broken("PreselectedPartyUuid", "write a UUID")
        return None
