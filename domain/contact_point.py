"""Where somebody can be reached, and what the registries know about it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from domain.authority import Decision
from domain.channel import Channel
from domain.personal import Contact, Identifier
from domain.recipient import OrganisationNumber

_ATOM: Final = r"[A-Za-z0-9æøåÆØÅ!#$%&'*+\-=?^_`{|}~;]+"
_LABEL: Final = r"[A-Za-z0-9æøåÆØÅ](?:[A-Za-z0-9æøåÆØÅ-]{0,61}[A-Za-z0-9æøåÆØÅ])?"
_EMAIL: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@"
    rf"(?:(?:{_LABEL}\.){{1,9}}[A-Za-z]{{2,14}}|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})"
)


def is_email_address(text: str) -> bool:
    """Whether the text, but for space around it, is an e-mail address as Altinn Notifications takes it.

    Narrower than RFC 5321 (no quoted local part, no `/`, no top-level domain in punycode) and wider
    (`æøå`, four numbers without brackets as a host).
    """
    return _EMAIL.fullmatch(text.strip()) is not None


def comparison_key(address: Contact, channel: Channel) -> str:
    """By what two addresses on a channel are told to lead to the same place.

    In e-mail addresses the case of letters, the way in which they are composed and space around
    them do not matter; in numbers, which are kept in E.164, all but the digits.
    """
    if channel is Channel.EMAIL:
        # Not `casefold`, by which `straße.example` would be `strasse.example`, another's domain.
        return unicodedata.normalize("NFC", address.text.strip()).lower()
    return "".join(filter(str.isdecimal, address.text)).removeprefix("00")


AddressKey: TypeAlias = tuple[Channel, str]
"""A channel, and by what addresses on it are compared."""


def address_key(address: Contact, channel: Channel) -> AddressKey:
    """By what an address is told from all others on whatever channel."""
    return channel, comparison_key(address, channel)


# Structs, these two, since thousands are made at a time, in a fifth of the time that dataclasses take.
class RegisteredAddress(Struct, frozen=True, kw_only=True):
    """An address in a registry: where it leads, whether it can be used, and when it was last confirmed."""

    address: Contact
    is_valid: bool = True
    confirmed_at: datetime | None = None
    """When its holder last changed or confirmed it; of a person's one without it is outdated."""
    is_verified: bool = True
    """Whether its holder has shown that it is theirs, where the registry asks them to."""


class PersonRecord(Struct, frozen=True, kw_only=True):
    """What the contact and reservation register (KRR) knows of a person."""

    is_reserved: bool = False
    is_deleted: bool = False
    can_be_notified: bool = True
    """`varslingsstatus`: the register's own word on whether the person may be notified."""
    is_uncertain: bool = False
    """Whether a change of the record could not be read; then nothing else in it counts."""
    email: RegisteredAddress | None = None
    mobile: RegisteredAddress | None = None
    language: str | None = None
    """The language that the person has chosen to be written to in, as ISO 639-1 writes it."""

    @property
    def has_declined(self) -> bool:
        """Whether the person is known to have declined digital communication."""
        return self.is_reserved and not self.is_deleted and not self.is_uncertain

    def address_on(self, channel: Channel) -> RegisteredAddress | None:
        """The person's address on a channel."""
        return self.email if channel is Channel.EMAIL else self.mobile


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRecord:
    """The official notification addresses of a unit, its own or those of its main unit."""

    origin: OrganisationNumber
    """The unit whose addresses these are."""
    emails: Sequence[RegisteredAddress] = ()
    mobiles: Sequence[RegisteredAddress] = ()
    is_uncertain: bool = False
    """Whether more changed than could be read; the addresses here are those that hold all the same."""

    def addresses_on(self, channel: Channel) -> Sequence[RegisteredAddress]:
        """The unit's addresses on a channel."""
        return self.emails if channel is Channel.EMAIL else self.mobiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord:
    """What one end user registered for notifications on behalf of an organisation."""

    user: str
    """The user's opaque id, the same for all that one person registered."""
    person: Identifier | None = None
    """The national identity number, by which is asked whether the user may where no other name is known."""
    authority: Decision = Decision.NOT_ASKED
    """Whether the user may do with the order's resource what the order is about; a registry does not know."""
    origin: OrganisationNumber | None = None
    """The unit for which it was registered, where that is not the one that is notified."""
    is_uncertain: bool = False
    """Whether a change of it could not be read; then nothing else counts."""
    is_about_another: bool = False
    """Whether the user wants to be told about other resources, and not about the order's."""
    email: RegisteredAddress | None = None
    mobile: RegisteredAddress | None = None
    language: str | None = None
    """The language that the user has chosen to be spoken to in, as ISO 639-1 writes it."""

    @property
    def has_address(self) -> bool:
        """Whether the user could be reached at all."""
        known = (self.email, self.mobile)
        return any(each is not None and each.is_verified for each in known)

    def address_on(self, channel: Channel) -> RegisteredAddress | None:
        """The user's address on a channel."""
        return self.email if channel is Channel.EMAIL else self.mobile


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRecord:
    """What the login service knows of somebody without a national number."""

    email: RegisteredAddress | None = None
    mobile: RegisteredAddress | None = None
    is_uncertain: bool = False
    """Whether more changed than could be read; the addresses here are those that hold all the same."""

    def address_on(self, channel: Channel) -> RegisteredAddress | None:
        """Their address on a channel."""
        return self.email if channel is Channel.EMAIL else self.mobile
