"""What may happen to a person's profile; the tags and fields in here are a storage format.

Whose profile it is tells the history's own id, which is made of the person's number by a keyed hash;
the number itself, and every address, is a personal word, which lies sealed beside the event.
When they are erased, it still stands here that somebody registered something for an organisation, that
it was verified, confirmed and withdrawn, when, and by whom that was recorded: but nobody's name, number
or address.
An organisation's number and the names of resources are nobody's words, and stand here as they are.
Events change by addition only: a new field has a default, a changed meaning is a new event with a new tag.
"""

from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.channel import Channel
from domain.message import Language
from domain.personal import Contact, Identifier
from domain.recipient import OrganisationNumber

SPOKEN: Final = (Language.NB, Language.NN, Language.EN)
"""The languages in which people can choose to be spoken to."""


class ProfileAddress(Struct, frozen=True, kw_only=True):
    """An address that somebody registered, and whether they have shown that it is theirs."""

    address: Contact
    is_verified: bool


class Settings(Struct, frozen=True, kw_only=True):
    """How a person wants to be spoken to, and what they want to see where they choose whom to act for."""

    language: Language = Language.NB
    do_not_prompt_for_party: bool = False
    preselected_party: Identifier | None = None
    show_client_units: bool = False
    should_show_sub_entities: bool = True
    should_show_deleted_entities: bool = False


class ProfileOpened(Struct, frozen=True, kw_only=True, tag="profile.opened"):
    """A person keeps something here for the first time."""

    person: Identifier | None = None
    """The national identity number; None for somebody of whom only a user's id is known."""
    user: Identifier | None = None
    """The user's id at the login service, if it was told."""


class UserTold(Struct, frozen=True, kw_only=True, tag="profile.user_told"):
    """By which id the login service knows the person, was told, or is another than before."""

    user: Identifier


class AddressesRegistered(Struct, frozen=True, kw_only=True, tag="profile.addresses_registered"):
    """A person wants to be told at these addresses what concerns an organisation.

    All of it holds from now on, and nothing of what was registered for the organisation before.
    """

    organisation: OrganisationNumber
    email: ProfileAddress | None = None
    mobile: ProfileAddress | None = None
    resources: tuple[str, ...] = ()
    """What they want to be told about; none named means everything."""
    user: Identifier
    """The user's id at the login service, or else the profile's; never a number.

    It stands in each of these events, so that one of them alone tells who is told where.
    """
    person: Identifier | None = None
    """The national identity number, by which is asked whether the person may where no user's id is known."""
    reason: str | None = None
    """Why, where somebody else registered it for the person; None where they did it themselves."""


class AddressesConfirmed(Struct, frozen=True, kw_only=True, tag="profile.addresses_confirmed"):
    """A person said that what they registered for an organisation still holds.

    The addresses stand here again, sealed anew, so that those of before can be erased in their time.
    """

    organisation: OrganisationNumber
    email: ProfileAddress | None = None
    mobile: ProfileAddress | None = None
    user: Identifier
    person: Identifier | None = None
    """As where it was registered."""


class AddressesWithdrawn(Struct, frozen=True, kw_only=True, tag="profile.addresses_withdrawn"):
    """A person is told nothing on behalf of an organisation any more."""

    organisation: OrganisationNumber
    reason: str | None = None
    """Why, where somebody else withdrew it for the person."""


class ConfirmationIgnored(Struct, frozen=True, kw_only=True, tag="profile.confirmation_ignored"):
    """A person does not want to be asked for a year whether what they registered still holds."""


class CodeIssued(Struct, frozen=True, kw_only=True, tag="profile.code_issued"):
    """A code was made by which a person can show that an address is theirs; codes of before are void."""

    code_no: int
    channel: Channel
    address: Contact
    code_hash: str
    """A keyed hash, in hexadecimal; without the key, which is in no database, it tells nothing of the code."""
    valid_until: datetime


class CodeSent(Struct, frozen=True, kw_only=True, tag="profile.code_sent"):
    """The order that carries a code was accepted."""

    code_no: int
    order_id: UUID
    """By its history it can be told whether the code arrived."""


class CodeNotSent(Struct, frozen=True, kw_only=True, tag="profile.code_not_sent"):
    """The order that was to carry a code was not accepted; the code is void, and nobody waits for it."""

    code_no: int


class CodeRefused(Struct, frozen=True, kw_only=True, tag="profile.code_refused"):
    """Somebody gave a wrong code."""

    code_no: int


class AddressVerified(Struct, frozen=True, kw_only=True, tag="profile.address_verified"):
    """A person gave the code that had been sent to an address: it is theirs."""

    code_no: int
    channel: Channel
    address: Contact
    organisations: tuple[OrganisationNumber, ...] = ()
    """For which it was registered already, and is used from now on."""


class SettingsChosen(Struct, frozen=True, kw_only=True, tag="profile.settings_chosen"):
    """A person chose how they want to be spoken to; nothing of what was chosen before holds."""

    settings: Settings


ProfileEvent: TypeAlias = (
    ProfileOpened
    | UserTold
    | AddressesRegistered
    | AddressesConfirmed
    | AddressesWithdrawn
    | ConfirmationIgnored
    | CodeIssued
    | CodeSent
    | CodeNotSent
    | CodeRefused
    | AddressVerified
    | SettingsChosen
)
