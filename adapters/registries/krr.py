"""The change feed of the contact and reservation register (KRR), page by page.

A page lists persons as they are now. `status` SLETTET means that the person is no longer there:
the record stays as a tombstone without contact data. Timestamps may give their offset in hours only.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Raw, Struct

from adapters.registries.pages import (
    Read,
    Subject,
    UnreadableEntryError,
    UnreadablePageError,
    converted,
    moment,
    read_each,
    read_numbered,
    refuse_odd_characters,
    text_of,
    typed,
)
from application.phone_number import normalise

_NUMBER: Final = re.compile(r"[0-9]{11}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_GONE: Final = ("SLETTET", "IKKE_REGISTRERT")
_DATES: Final = {
    address: (f"{address}_oppdatert", f"{address}_sist_verifisert")
    for address in ("epostadresse", "mobiltelefonnummer")
}


class _ContactInformation(Struct, frozen=True):
    epostadresse: str | None = None
    epostadresse_oppdatert: str | None = None
    epostadresse_sist_verifisert: str | None = None
    mobiltelefonnummer: str | None = None
    mobiltelefonnummer_oppdatert: str | None = None
    mobiltelefonnummer_sist_verifisert: str | None = None


class _Person(Struct, frozen=True):
    personidentifikator: str
    # A word that is neither yes nor no must not be taken for no; so with the others.
    reservasjon: Literal["JA", "NEI"] | None = None
    status: Literal["AKTIV", "SLETTET", "IKKE_REGISTRERT"] = "AKTIV"
    varslingsstatus: Literal["KAN_VARSLES", "KAN_IKKE_VARSLES"] | None = None
    kontaktinformasjon: _ContactInformation | None = None
    spraak: str | None = None


class _Page(
    Struct,
    frozen=True,
    rename={
        "persons": "list",
        "start": "fraEndringsId",
        "end": "tilEndringsId",
        "newest": "sisteEndringsId",
    },
):
    persons: list[Raw]
    start: int
    end: int
    newest: int


class KeptPerson(Struct, frozen=True, array_like=True):
    """What the local copy keeps of a person; the order of its box, which grows at its end alone."""

    is_deleted: bool
    is_reserved: bool
    can_be_notified: bool
    email: str | None
    email_confirmed_at: datetime | None
    mobile: str | None
    mobile_confirmed_at: datetime | None
    language: str | None


class PersonRow(NamedTuple):
    """A person as the feed tells of them."""

    number: str
    known: KeptPerson

    @property
    def subject(self) -> Subject:
        """The person."""
        return Subject(self.number)


class _Named(Struct, frozen=True):
    personidentifikator: str | int


class KrrPage(NamedTuple):
    """A page of the change feed."""

    start: int
    end: int
    newest: int
    persons: Read[PersonRow]


_NOTHING: Final = _ContactInformation()
_read_page = msgspec.json.Decoder(_Page).decode
_read_person = typed(_Person)
_read_anything = typed(dict[str, Any])
_read_named = typed(_Named)
_by_number = attrgetter("number")


def read_page(content: bytes) -> KrrPage:
    """Read a page of the change feed.

    The feed is in the order of the changes, so that of several entries for one person the last one
    counts.

    Raises:
        UnreadablePageError: it is no such page.
    """
    try:
        page = _read_page(content)
    except msgspec.ValidationError as problem:
        what = "list `list`" if "list" in str(problem) else "change numbers"
        raise UnreadablePageError(f"the page has no {what}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise UnreadablePageError(f"the page is no JSON ({problem})") from None
    persons = read_each("persons", page.persons, _row, _subject)
    persons.keep_last(_by_number)
    return KrrPage(page.start, page.end, page.newest, persons)


def read_again(entries: Iterable[tuple[int, bytes]]) -> Read[PersonRow]:
    """Read entries of one page as they came, each with the place where it stood, in their order."""
    as_they_came = ((place, Raw(content)) for place, content in entries)
    persons = read_numbered("persons", as_they_came, _row, _subject)
    persons.keep_last(_by_number)
    return persons


def _subject(entry: Raw) -> Subject:
    try:
        number = _read_named(entry).personidentifikator
    except UnreadableEntryError:
        return Subject()
    return Subject(text_of(number, _NUMBER, digits=11))


def _row(entry: Raw) -> PersonRow:
    try:
        return _person_row(_read_person(entry))
    except UnreadableEntryError:
        # Few enough that it may take longer.
        return _person_row(converted(_what_matters(_read_anything(entry)), _Person))


def _what_matters(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry without what does not matter: all else of somebody gone, dates of no address."""
    if entry.get("status") in _GONE:
        return {name: entry[name] for name in ("personidentifikator", "status") if name in entry}
    if not isinstance(entry.get("spraak", ""), str):
        entry = {name: value for name, value in entry.items() if name != "spraak"}
    known = entry.get("kontaktinformasjon")
    if not isinstance(known, dict):
        return entry
    without = {
        date
        for address, dates in _DATES.items()
        if not str(known.get(address) or "").strip()
        for date in dates
    }
    kept = {name: value for name, value in known.items() if name not in without}
    return {**entry, "kontaktinformasjon": kept}


def _person_row(person: _Person) -> PersonRow:
    if _NUMBER.fullmatch(person.personidentifikator) is None:
        raise UnreadableEntryError("personidentifikator is not eleven digits")
    is_deleted = person.status in _GONE
    known = _NOTHING if is_deleted else person.kontaktinformasjon or _NOTHING
    email = (known.epostadresse or "").strip() or None
    mobile = normalise(known.mobiltelefonnummer or "") or None
    refuse_odd_characters(email, mobile)
    return PersonRow(
        person.personidentifikator,
        KeptPerson(
            is_deleted,
            person.reservasjon == "JA",
            person.varslingsstatus != "KAN_IKKE_VARSLES",
            email,
            _later(known.epostadresse_oppdatert, known.epostadresse_sist_verifisert),
            mobile,
            _later(known.mobiltelefonnummer_oppdatert, known.mobiltelefonnummer_sist_verifisert),
            None if is_deleted else _language(person.spraak),
        ),
    )


def _language(written: str | None) -> str | None:
    """The language that a person has chosen, as ISO 639-1 writes it; None for what is none of its codes."""
    code = (written or "").strip().lower()
    return code if _LANGUAGE.fullmatch(code) is not None else None


def _later(updated: str | None, verified: str | None) -> datetime | None:
    if not updated:
        return moment(verified) if verified else None
    if not verified:
        return moment(updated)
    return max(moment(updated), moment(verified))
