"""The feed of businesses' notification addresses, and the units with their main units and names.

The address feed is an Atom feed written as JSON, whose `content` is a text that holds JSON again.
Units come in the form in which the Central Coordinating Register publishes them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from msgspec import Struct

from adapters.registries.pages import (
    Read,
    UnreadableEntryError,
    UnreadablePageError,
    converted,
    decode_page,
    entries_of,
    moment,
    read_each,
    refuse_odd_characters,
    refuse_odd_key,
    typed,
)
from application.mail_address import is_mailbox
from application.mobile_number import is_valid, normalise
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
    alert: _Alert = _Alert()


class _Content(Struct, frozen=True, rename={"contact": "Kontaktinformasjon"}):
    contact: _Contact


class _Entry(Struct, frozen=True):
    id: str
    updated: str
    isdeleted: bool = False
    content: str | None = None


class _RegisteredUnit(
    Struct,
    frozen=True,
    rename={"number": "organisasjonsnummer", "name": "navn", "main_unit": "overordnetEnhet"},
):
    number: str
    name: str
    main_unit: str | None = None


class AddressRow(NamedTuple):
    """An address as the local copy keeps it; without an organisation it is removed."""

    registry_id: str
    updated_at: datetime
    organisation: str | None = None
    channel: Channel | None = None
    address: str | None = None
    is_valid: bool = False


class UnitRow(NamedTuple):
    """A unit, its main unit and its name."""

    number: str
    main_unit: str | None
    name: str


@dataclass(frozen=True, slots=True)
class BusinessPage:
    """A page of either feed."""

    addresses: Read[AddressRow]
    units: Read[UnitRow]
    updated: str | None
    """The time of the last entry of an address page: where the next run goes on."""
    next_page: str | None


_read_content = typed(_Content, root="content")


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
        units = read_each([unit for each in lists for unit in each], _unit)
        return BusinessPage(Read(), units, None, None)
    entries = entries_of(page, "entries")
    addresses = read_each(entries, _address)
    addresses.rows = list({row.registry_id: row for row in addresses.rows}.values())
    return BusinessPage(addresses, Read(), _last_updated(entries), _text(page.get("nextPage")))


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


def _unit(entry: object) -> UnitRow:
    unit = converted(entry, _RegisteredUnit)
    for number in (unit.number, unit.main_unit):
        if number is not None and _NUMBER.fullmatch(number) is None:
            raise UnreadableEntryError("an organisation number is not nine digits")
    refuse_odd_characters(unit.name)
    return UnitRow(unit.number, unit.main_unit, unit.name)


def _address(entry: object) -> AddressRow:
    outer = converted(entry, _Entry)
    refuse_odd_key(outer.id)
    if outer.isdeleted:
        return AddressRow(outer.id, moment(outer.updated))
    if outer.content is None:
        raise UnreadableEntryError("no content")
    contact = _read_content(outer.content).contact
    identifier = contact.unit.enhetsidentifikator
    if identifier.type != _ORGANISATION:
        # The address of somebody whom no order can name; it may have been an organisation's before.
        return AddressRow(outer.id, moment(outer.updated))
    if _NUMBER.fullmatch(identifier.verdi) is None:
        raise UnreadableEntryError("no organisation number")
    channel, address = _reached_at(contact.alert)
    refuse_odd_characters(address)
    usable = is_mailbox(address) if channel is Channel.EMAIL else is_valid(address)
    return AddressRow(outer.id, moment(outer.updated), identifier.verdi, channel, address, usable)


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
