"""The change feed of the contact and reservation register (KRR), page by page.

A page lists persons as they are now. `status` SLETTET means that the person is no longer there:
the row stays as a tombstone without contact data. Timestamps may give their offset in hours only.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

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
)
from application.mobile_number import is_valid, normalise
from domain.contact_point import is_email_address

_NUMBER: Final = re.compile(r"[0-9]{11}")
_HOUR_ONLY: Final = re.compile(r"[+-][0-9]{2}$")


class _ContactInformation(Struct, frozen=True):
    epostadresse: str | None = None
    epostadresse_oppdatert: str | None = None
    epostadresse_sist_verifisert: str | None = None
    mobiltelefonnummer: str | None = None
    mobiltelefonnummer_oppdatert: str | None = None
    mobiltelefonnummer_sist_verifisert: str | None = None


class _Person(Struct, frozen=True):
    personidentifikator: str
    reservasjon: str | None = None
    status: str = "AKTIV"
    varslingsstatus: str | None = None
    kontaktinformasjon: _ContactInformation | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the local copy keeps them."""

    number: str
    is_deleted: bool
    is_reserved: bool
    can_be_notified: bool
    email: str | None
    email_is_valid: bool
    email_confirmed_at: datetime | None
    mobile: str | None
    mobile_is_valid: bool
    mobile_confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class KrrPage:
    """A page of the change feed."""

    start: int
    end: int
    newest: int
    persons: Read[PersonRow]


def read_page(content: bytes) -> KrrPage:
    """Read a page of the change feed; of several entries for one person the last one counts.

    Raises:
        UnreadablePageError: it is no such page.
    """
    page = decode_page(content)
    persons = read_each(entries_of(page, "list"), _row)
    persons.rows = list({row.number: row for row in persons.rows}.values())
    return KrrPage(
        start=_change(page, "fraEndringsId"),
        end=_change(page, "tilEndringsId"),
        newest=_change(page, "sisteEndringsId"),
        persons=persons,
    )


def _change(page: dict[str, Any], name: str) -> int:
    value = page.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnreadablePageError(f"the page has no change number `{name}`")
    return value


def _row(entry: object) -> PersonRow:
    person = converted(entry, _Person)
    if _NUMBER.fullmatch(person.personidentifikator) is None:
        raise UnreadableEntryError("personidentifikator is not eleven digits")
    is_deleted = person.status == "SLETTET"
    known = _ContactInformation() if is_deleted else person.kontaktinformasjon
    known = known or _ContactInformation()
    email = (known.epostadresse or "").strip() or None
    mobile = normalise(known.mobiltelefonnummer or "") or None
    refuse_odd_characters(email, mobile)
    return PersonRow(
        number=person.personidentifikator,
        is_deleted=is_deleted,
        is_reserved=person.reservasjon == "JA",
        can_be_notified=person.varslingsstatus != "KAN_IKKE_VARSLES",
        email=email,
        email_is_valid=email is not None and is_email_address(email),
        email_confirmed_at=_later(known.epostadresse_oppdatert, known.epostadresse_sist_verifisert),
        mobile=mobile,
        mobile_is_valid=mobile is not None and is_valid(mobile),
        mobile_confirmed_at=_later(
            known.mobiltelefonnummer_oppdatert, known.mobiltelefonnummer_sist_verifisert
        ),
    )


def _later(*moments: str | None) -> datetime | None:
    return max((_moment(each) for each in moments if each), default=None)


def _moment(text: str) -> datetime:
    whole = f"{text}:00" if "T" in text and _HOUR_ONLY.search(text) else text
    try:
        moment = datetime.fromisoformat(whole)
        if moment.tzinfo is None:
            raise UnreadableEntryError("a timestamp has no offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableEntryError("a timestamp cannot be read") from None
