"""The feed of businesses' notification addresses, and the units with their main units and names.

The address feed is an Atom feed written as JSON, whose `content` is a text that holds JSON again.
Units come in the form in which the Central Coordinating Register publishes them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from adapters.registries.pages import (
    ANY_NAME,
    Quarantined,
    Read,
    Subject,
    UnreadableEntryError,
    UnreadablePageError,
    converted,
    decode_page,
    decoded,
    entries_of,
    moment,
    read_each,
    read_numbered,
    refuse_odd_characters,
    refuse_odd_key,
    text_of,
    typed,
)
from application.phone_number import normalise
from domain.channel import Channel

_NUMBER: Final = re.compile(r"[0-9]{9}")
_ORGANISATION: Final = "ORGANISASJONSNUMMER"


class _Email(Struct, frozen=True):
    domenenavn: str
    brukernavn: str


class _Mobile(Struct, frozen=True):
    nasjonaltNummer: str  # noqa: N815  # the feed's own spelling
    internasjonaltPrefiks: str | None = None  # noqa: N815  # the same


class _Alert(Struct, frozen=True):
    epostadresse: _Email | None = None
    mobiltelefon: _Mobile | None = None


class _Identifier(Struct, frozen=True):
    verdi: str
    type: str


class _Unit(Struct, frozen=True):
    enhetsidentifikator: _Identifier


class _Contact(
    Struct,
    frozen=True,
    rename={"alert": "digitalVarslingsinformasjon", "unit": "kontaktinformasjonForEnhet"},
):
    unit: _Unit
    alert: Raw = Raw(b"{}")
    """Read as what it is where the address is an organisation's."""


class _Content(Struct, frozen=True, rename={"contact": "Kontaktinformasjon"}):
    contact: _Contact


class _Entry(Struct, frozen=True):
    id: str
    updated: str
    isdeleted: bool = False
    content: Any = None


class _RegisteredUnit(
    Struct,
    frozen=True,
    rename={"number": "organisasjonsnummer", "name": "navn", "main_unit": "overordnetEnhet"},
):
    number: str
    name: Any = None
    main_unit: str | None = None


class KeptAddress(Struct, frozen=True, array_like=True):
    """Where an address leads; the order of its box, which grows at its end alone."""

    channel: Channel
    address: str


class AddressRow(NamedTuple):
    """An address as the feed tells of it; without an organisation it is removed."""

    registry_id: str
    updated_at: datetime
    organisation: str | None = None
    leads: KeptAddress | None = None

    @property
    def subject(self) -> Subject:
        """The address, and whose it is."""
        return Subject(self.organisation, self.registry_id, changed_at=self.updated_at)


class UnitRow(NamedTuple):
    """A unit, its main unit and its name; no name where that could not be read."""

    number: str
    main_unit: str | None
    name: str | None

    @property
    def subject(self) -> Subject:
        """The unit."""
        return Subject(self.number)


@dataclass(frozen=True, slots=True)
class BusinessPage:
    """A page of either feed."""

    addresses: Read[AddressRow]
    units: Read[UnitRow]
    updated: str | None
    """The time of the last entry of an address page: where the next run goes on."""
    next_page: str | None
    is_of_units: bool = False


_by_registry_id = attrgetter("registry_id")
_by_number = attrgetter("number")
_read_content = typed(_Content, root="content")
_read_alert = typed(_Alert, root="content.Kontaktinformasjon.digitalVarslingsinformasjon")
_WHOSE: Final = re.compile(r'"verdi"\s*:\s*"?\s*([0-9]{9})(?![0-9])')


def read_page(content: bytes) -> BusinessPage:
    """Read a page of addresses or of units, told apart by what they hold.

    Raises:
        UnreadablePageError: it is neither.
    """
    page = decode_page(content)
    embedded = page.get("_embedded")
    if isinstance(embedded, dict):
        lists = [embedded[name] for name in ("enheter", "underenheter") if name in embedded]
        if not lists or not all(isinstance(each, list) for each in lists):
            raise UnreadablePageError("the page has no list `enheter` or `underenheter`")
        units = read_each("units", [unit for each in lists for unit in each], _unit, _whose_unit)
        units.keep_last(_by_number)
        return BusinessPage(Read("addresses"), units, None, None, is_of_units=True)
    entries = entries_of(page, "entries")
    updated = _last_updated(entries)
    addresses = read_each("addresses", entries, _address, _whose_address)
    addresses.keep_last(_by_registry_id)
    addresses.quarantined = [_dated(each, updated) for each in addresses.quarantined]
    return BusinessPage(addresses, Read("units"), updated, _next_page(page.get("nextPage")))


def read_units(entries: Iterable[Mapping[str, str]], *, first: int) -> Read[UnitRow]:
    """Read units that come as cells, numbered from `first`; a cell that is empty says nothing."""
    filled = ({name: cell for name, cell in each.items() if cell.strip()} for each in entries)
    return read_each("units", filled, _unit, _whose_unit, first=first)


def read_addresses_again(entries: Iterable[tuple[int, bytes]]) -> Read[AddressRow]:
    """Read entries of addresses as they came, each with the place where it stood."""
    addresses = read_numbered("addresses", decoded(entries), _address, _whose_address)
    addresses.keep_last(_by_registry_id)
    return addresses


def read_units_again(entries: Iterable[tuple[int, bytes]]) -> Read[UnitRow]:
    """Read entries of units as they came, each with the place where it stood."""
    units = read_numbered("units", decoded(entries), _unit, _whose_unit)
    units.keep_last(_by_number)
    return units


def _last_updated(entries: Any) -> str | None:  # noqa: ANN401  # raw JSON
    times = [each.get("updated") for each in entries if isinstance(each, dict)]
    return next((each for each in reversed(times) if _is_time(each)), None)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and moment(value) is not None
    except UnreadableEntryError:
        return False


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _next_page(given: object) -> str | None:
    """Where the next page lies; what is no text is no address, and not the feed's end."""
    return given if given is None or isinstance(given, str) else ""


def _unit(entry: object) -> UnitRow:
    unit = converted(entry, _RegisteredUnit)
    for number in (unit.number, unit.main_unit):
        if number is not None and _NUMBER.fullmatch(number) is None:
            raise UnreadableEntryError("an organisation number is not nine digits")
    # What a unit is called tells nothing of where it is reached.
    name = text_of(_text(unit.name), ANY_NAME)
    return UnitRow(unit.number, unit.main_unit, name)


def _whose_unit(entry: object) -> Subject:
    number = entry.get("organisasjonsnummer") if isinstance(entry, dict) else None
    return Subject(text_of(number, _NUMBER))


def _address(entry: object) -> AddressRow:
    outer = converted(entry, _Entry)
    refuse_odd_key(outer.id)
    if outer.isdeleted:
        return AddressRow(outer.id, moment(outer.updated))
    if not isinstance(outer.content, str):
        raise UnreadableEntryError("no content")
    contact = _read_content(outer.content).contact
    identifier = contact.unit.enhetsidentifikator
    if identifier.type != _ORGANISATION:
        # The address of somebody whom no order can name; it may have been an organisation's before.
        return AddressRow(outer.id, moment(outer.updated))
    if _NUMBER.fullmatch(identifier.verdi) is None:
        raise UnreadableEntryError("no organisation number")
    channel, address = _reached_at(_read_alert(contact.alert))
    refuse_odd_characters(address)
    leads = KeptAddress(channel, address)
    return AddressRow(outer.id, moment(outer.updated), identifier.verdi, leads)


def _whose_address(entry: object) -> Subject:
    if not isinstance(entry, dict):
        return Subject()
    content, updated = entry.get("content"), _text(entry.get("updated"))
    text = content if isinstance(content, str) else msgspec.json.encode(content).decode()
    whose = _WHOSE.search(text)
    return Subject(
        None if whose is None else whose.group(1),
        text_of(entry.get("id"), ANY_NAME),
        changed_at=moment(updated) if updated is not None and _is_time(updated) else None,
    )


def _dated(each: Quarantined, updated: str | None) -> Quarantined:
    """The entry with the time of its page's last one, where it says none of its own."""
    if each.subject.changed_at is not None or updated is None:
        return each
    return replace(each, subject=each.subject._replace(changed_at=moment(updated)))


def _reached_at(alert: _Alert) -> tuple[Channel, str]:
    email, mobile = alert.epostadresse, alert.mobiltelefon
    if email is not None:
        return Channel.EMAIL, f"{email.brukernavn}@{email.domenenavn}".strip()
    if mobile is not None:
        return Channel.SMS, normalise(
            _prefix(mobile.internasjonaltPrefiks) + mobile.nasjonaltNummer
        )
    raise UnreadableEntryError("neither e-mail nor mobile")


def _prefix(prefix: str | None) -> str:
    """The country code with its plus: `47`, `0047` and `+47` are the same."""
    digits = (prefix or "").strip()
    if not digits or digits.startswith("+"):
        return digits
    return f"+{digits.removeprefix('00')}"
