"""User profiles with their grants, and names, in files.

Profiles are in a form of their own:
`{"profiles": [{"user", "organisation", "person", "resources", "email", "emailVerified", "mobile",
"mobileVerified"}], "grants": [{"user", "organisation", "resource", "action"}],
"selfIdentified": [{"username", "email", "mobile"}]}`.
A user has one registration for an organisation; no resources means all of them. `person` is the user's
national identity number, by which it is the profile of whoever logs in with it. An address that is not
verified is kept and never used. A profile or a grant with `"withdrawn": true` is removed.

Names are in the form in which the party register answers,
`{"partyNames": [{"orgNo" or "ssn", "name"}]}`; a name that is null is forgotten.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

from adapters.registries.pages import (
    ANY_NAME,
    Read,
    Subject,
    UnreadableEntryError,
    UnreadablePageError,
    converted,
    decode_page,
    decoded,
    entries_of,
    read_each,
    read_numbered,
    refuse_odd_characters,
    refuse_odd_key,
    text_of,
)
from application.phone_number import normalise
from application.ports.decision_point import READ, bare
from application.profiles.handed_in import HandedIn
from domain.national_number import parse
from domain.personal import Contact, Identifier
from domain.profile.events import ProfileAddress
from domain.recipient import OrganisationNumber


class ProfileRow(Struct, frozen=True, rename="camel"):
    """What one user wants to hear about on behalf of one organisation."""

    user: str
    organisation: str
    person: str | None = None
    resources: tuple[str, ...] = ()
    email: str | None = None
    email_verified: bool = False
    mobile: str | None = None
    mobile_verified: bool = False
    withdrawn: bool = False

    @property
    def subject(self) -> Subject:
        """The organisation, and the user."""
        return Subject(self.organisation, self.user)

    @property
    def handed_in(self) -> HandedIn:
        """What is taken over into the user's profile."""
        return HandedIn(
            person=None if self.person is None else Identifier(self.person),
            user=Identifier(self.user),
            organisation=OrganisationNumber(self.organisation),
            resources=tuple(sorted({bare(each) for each in self.resources})),
            email=_address(self.email, is_verified=self.email_verified),
            mobile=_address(normalise(self.mobile or "") or None, is_verified=self.mobile_verified),
            is_withdrawn=self.withdrawn,
        )


class GrantRow(Struct, frozen=True):
    """What one user may do with one resource of one organisation."""

    user: str
    organisation: str
    resource: str
    action: str = READ
    withdrawn: bool = False

    @property
    def subject(self) -> Subject:
        """The organisation, the user, and what for."""
        return Subject(self.organisation, self.user, granted(self.resource, self.action))


class SelfIdentifiedRow(Struct, frozen=True):
    """A user without a national number."""

    username: str
    email: str | None = None
    mobile: str | None = None

    @property
    def subject(self) -> Subject:
        """The user, by name."""
        return Subject(self.username)


class KeptUser(Struct, frozen=True, array_like=True):
    """Where a user without a national number is reached; the order of its box, which grows at its end."""

    email: str | None
    mobile: str | None


class _PartyName(Struct, frozen=True, rename={"org_no": "orgNo"}):
    name: str | None = None
    org_no: str | None = None
    ssn: str | None = None


class NameRow(NamedTuple):
    """What somebody is called; no name where the register knows none."""

    number: str
    name: str | None

    @property
    def subject(self) -> Subject:
        """Whose name it is."""
        return Subject(self.number)


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
        read_each("profiles", profiles, _profile, _whose_profile),
        read_each("grants", grants, _grant, _whose_grant, first=len(profiles)),
        read_each(
            "users",
            entries_of(page, "selfIdentified"),
            _user,
            _whose_user,
            first=len(profiles) + len(grants),
        ),
    )


def read_names(content: bytes) -> Read[NameRow]:
    """Read a page of names.

    Raises:
        UnreadablePageError: it is none.
    """
    return read_each("names", entries_of(decode_page(content), "partyNames"), _name, _whose_name)


def _address(written: str | None, *, is_verified: bool) -> ProfileAddress | None:
    if not written:
        return None
    return ProfileAddress(address=Contact(written), is_verified=is_verified)


def read_profiles_again(entries: Iterable[tuple[int, bytes]]) -> Read[ProfileRow]:
    """Read profiles as they came, each with the place where it stood."""
    return read_numbered("profiles", decoded(entries), _profile, _whose_profile)


def read_grants_again(entries: Iterable[tuple[int, bytes]]) -> Read[GrantRow]:
    """Read grants as they came, each with the place where it stood."""
    return read_numbered("grants", decoded(entries), _grant, _whose_grant)


def read_users_again(entries: Iterable[tuple[int, bytes]]) -> Read[SelfIdentifiedRow]:
    """Read users without a national number as they came, each with the place where it stood."""
    return read_numbered("users", decoded(entries), _user, _whose_user)


def read_names_again(entries: Iterable[tuple[int, bytes]]) -> Read[NameRow]:
    """Read names as they came, each with the place where it stood."""
    return read_numbered("names", decoded(entries), _name, _whose_name)


def granted(resource: str, action: str) -> str:
    """What a grant is for, in one text."""
    return f"{action} {bare(resource)}"


def _profile(entry: object) -> ProfileRow:
    try:
        row = converted(entry, ProfileRow)
    except UnreadableEntryError:
        row = converted(_what_matters(entry), ProfileRow)
    refuse_odd_key(row.user, row.organisation)
    refuse_odd_characters(row.email, row.mobile, row.person, *row.resources)
    if row.person is not None and parse(row.person) is None:
        raise UnreadableEntryError("no national identity number")
    return row


def _what_matters(entry: object) -> object:
    """The entry without what does not matter: all else of what is withdrawn, addresses never used."""
    if not isinstance(entry, dict):
        return entry
    if entry.get("withdrawn") is True:
        without = entry.keys() - {"user", "organisation", "withdrawn"}
    else:
        without = {
            address
            for address in ("email", "mobile")
            if entry.get(f"{address}Verified", False) is False
        }
    return {name: value for name, value in entry.items() if name not in without}


def _whose_profile(entry: object) -> Subject:
    return Subject(_named(entry, "organisation"), _user_named(entry))


def _whose_grant(entry: object) -> Subject:
    whose, item = _named(entry, "organisation"), _user_named(entry)
    match entry:
        case {"resource": str(resource), "action": str(action)}:
            return Subject(whose, item, text_of(granted(resource, action), ANY_NAME))
        case {"resource": str(resource), **rest} if "action" not in rest:
            return Subject(whose, item, text_of(granted(resource, READ), ANY_NAME))
        case _:
            return Subject(whose, item)


def _whose_user(entry: object) -> Subject:
    name = _named(entry, "username")
    return Subject(None if name is None else name.casefold())


def _whose_name(entry: object) -> Subject:
    return Subject(_named(entry, "orgNo") or _named(entry, "ssn"))


def _user_named(entry: object) -> str | None:
    """By which id; by a national number, which must stand nowhere in clear, nobody is named."""
    user = _named(entry, "user")
    return None if user is None or parse(user) is not None else user


def _named(entry: object, member: str) -> str | None:
    return text_of(entry.get(member), ANY_NAME) if isinstance(entry, dict) else None


def _grant(entry: object) -> GrantRow:
    row = converted(entry, GrantRow)
    refuse_odd_key(row.user, row.organisation, row.resource, row.action)
    if parse(row.user) is not None:
        raise UnreadableEntryError("a user is named by a national number, and not by an id")
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
