"""User profiles with their grants, and names, in files.

Profiles are in a form of their own:
`{"profiles": [{"user", "organisation", "resources", "email", "emailVerified", "mobile",
"mobileVerified"}], "grants": [{"user", "organisation", "resource", "action"}],
"selfIdentified": [{"username", "email", "mobile"}]}`.
A user has one registration for an organisation; no resources means all of them. An address that is
not verified is kept and never used. A profile or a grant with `"withdrawn": true` is removed.

Names are in the form in which the party register answers,
`{"partyNames": [{"orgNo" or "ssn", "name"}]}`; a name that is null is forgotten.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from msgspec import Struct

from adapters.registries.pages import (
    Read,
    UnreadableEntryError,
    UnreadablePageError,
    converted,
    decode_page,
    entries_of,
    read_each,
    refuse_odd_characters,
    refuse_odd_key,
)
from application.mobile_number import normalise

PREFIX: Final = "urn:altinn:resource:"


class ProfileRow(Struct, frozen=True, rename="camel"):
    """What one user wants to hear about on behalf of one organisation."""

    user: str
    organisation: str
    resources: tuple[str, ...] = ()
    email: str | None = None
    email_verified: bool = False
    mobile: str | None = None
    mobile_verified: bool = False
    withdrawn: bool = False


class GrantRow(Struct, frozen=True):
    """What one user may do with one resource of one organisation."""

    user: str
    organisation: str
    resource: str
    action: str = "read"
    withdrawn: bool = False


class SelfIdentifiedRow(Struct, frozen=True):
    """A user without a national number."""

    username: str
    email: str | None = None
    mobile: str | None = None


class _PartyName(Struct, frozen=True, rename={"org_no": "orgNo"}):
    name: str | None = None
    org_no: str | None = None
    ssn: str | None = None


class NameRow(NamedTuple):
    """What somebody is called; no name where the register knows none."""

    number: str
    name: str | None


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """A page of profiles, grants and self-identified users."""

    profiles: Read[ProfileRow]
    grants: Read[GrantRow]
    users: Read[SelfIdentifiedRow]


def read_profiles(content: bytes) -> ProfilePage:
    """Read a page of profiles.

    Raises:
        UnreadablePageError: it is none.
    """
    page = decode_page(content)
    if not page.keys() & {"profiles", "grants", "selfIdentified"}:
        raise UnreadablePageError("the page has no list `profiles`, `grants` or `selfIdentified`")
    page = {"profiles": [], "grants": [], "selfIdentified": []} | page
    profiles, grants = entries_of(page, "profiles"), entries_of(page, "grants")
    # Numbered through, so that the quarantine keeps an entry of each list under a place of its own.
    return ProfilePage(
        read_each(profiles, _profile),
        read_each(grants, _grant, first=len(profiles)),
        read_each(entries_of(page, "selfIdentified"), _user, first=len(profiles) + len(grants)),
    )


def read_names(content: bytes) -> Read[NameRow]:
    """Read a page of names.

    Raises:
        UnreadablePageError: it is none.
    """
    return read_each(entries_of(decode_page(content), "partyNames"), _name)


def bare(resource: str) -> str:
    """A resource without the prefix of its URN; it is written with and without."""
    return resource.removeprefix(PREFIX)


def _profile(entry: object) -> ProfileRow:
    row = converted(entry, ProfileRow)
    refuse_odd_key(row.user, row.organisation)
    refuse_odd_characters(row.email, row.mobile, *row.resources)
    return row


def _grant(entry: object) -> GrantRow:
    row = converted(entry, GrantRow)
    refuse_odd_key(row.user, row.organisation, row.resource, row.action)
    return row


def _user(entry: object) -> SelfIdentifiedRow:
    row = converted(entry, SelfIdentifiedRow)
    refuse_odd_key(row.username.casefold())
    refuse_odd_characters(row.email, row.mobile)
    mobile = None if row.mobile is None else normalise(row.mobile)
    return SelfIdentifiedRow(row.username.casefold(), row.email, mobile)


def _name(entry: object) -> NameRow:
    party = converted(entry, _PartyName)
    number = party.org_no or party.ssn
    if number is None:
        raise UnreadableEntryError("no number")
    refuse_odd_key(number)
    refuse_odd_characters(party.name)
    return NameRow(number, party.name)
