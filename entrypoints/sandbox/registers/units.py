"""The open register of organisations: its files of units and sub-units, and who belongs to whom.

The files are those of Enhetsregisteret's open data: gzip, commas, every cell in quotes, a header, and
line breaks within cells. Where the register has nothing to say a cell is empty.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from entrypoints.sandbox.registers.numbers import organisation_number, organisation_place

File: TypeAlias = Literal["enheter", "underenheter"]

_PLACES: Final = (
    "adresse",
    "poststed",
    "postnummer",
    "kommune",
    "kommunenummer",
    "land",
    "landkode",
)
_COLUMNS: Final[Mapping[File, Sequence[str]]] = {
    "enheter": (
        "organisasjonsnummer",
        "navn",
        "organisasjonsform.kode",
        "organisasjonsform.beskrivelse",
        "epostadresse",
        "telefon",
        "mobil",
        *(f"postadresse.{each}" for each in _PLACES),
        *(f"forretningsadresse.{each}" for each in _PLACES),
        "registreringsdatoenhetsregisteret",
        "konkurs",
        "konkursdato",
        "underAvvikling",
        "underAvviklingDato",
        "underTvangsavviklingEllerTvangsopplosning",
        "overordnetEnhet",
    ),
    "underenheter": (
        "organisasjonsnummer",
        "navn",
        "overordnetEnhet",
        "organisasjonsform.kode",
        "organisasjonsform.beskrivelse",
        *(f"postadresse.{each}" for each in _PLACES),
        *(f"beliggenhetsadresse.{each}" for each in _PLACES),
        "registreringsdatoIenhetsregisteret",
        "oppstartsdato",
        "datoEierskifte",
        "nedleggelsesdato",
    ),
}
_SUB_UNIT_EVERY: Final = 3
"""Of so many generated organisations the last is a sub-unit of the one before."""
_ROWS_AT_ONCE: Final = 1000
_GZIP: Final = 16 + zlib.MAX_WBITS
_FAST: Final = 1


class Unit(NamedTuple):
    """A unit, its name, and the unit that it belongs to."""

    number: str
    name: str | None
    main_unit: str | None = None


class UnitRegister:
    """Knows the units of the samples, and generated ones."""

    def __init__(self, samples: bytes) -> None:
        """Take the samples: a document as the open register answers."""
        embedded: Mapping[str, Any] = msgspec.json.decode(samples)["_embedded"]
        self._samples: Mapping[File, Mapping[str, Unit]] = {
            "enheter": _read(embedded.get("enheter", ())),
            "underenheter": _read(embedded.get("underenheter", ())),
        }
        self.generated = 0
        """How many organisations are generated."""

    def find(self, number: str) -> Unit | None:
        """The unit with a number."""
        for units in self._samples.values():
            if number in units:
                return units[number]
        place = organisation_place(number)
        return None if place is None or place >= self.generated else _generated(place)

    def packed(self, file: File) -> Iterator[bytes]:
        """A file, piece by piece."""
        packing = zlib.compressobj(level=_FAST, wbits=_GZIP)
        for piece in self._pieces(file):
            if packed := packing.compress(piece.encode()):
                yield packed
        yield packing.flush()

    def _pieces(self, file: File) -> Iterator[str]:
        header, form = _form(file)
        yield header
        rows = (form.format(*map(_escaped, each)) for each in self._units(file))
        while piece := "".join(islice(rows, _ROWS_AT_ONCE)):
            yield piece

    def _units(self, file: File) -> Iterator[Unit]:
        yield from self._samples[file].values()
        for place in range(self.generated):
            if _is_sub_unit(place) == (file == "underenheter"):
                yield _generated(place)


def _read(units: Sequence[Mapping[str, Any]]) -> Mapping[str, Unit]:
    read = (
        Unit(each["organisasjonsnummer"], each.get("navn"), each.get("overordnetEnhet"))
        for each in units
    )
    return {each.number: each for each in read}


def _is_sub_unit(place: int) -> bool:
    return place % _SUB_UNIT_EVERY == _SUB_UNIT_EVERY - 1


def _generated(place: int) -> Unit:
    number = organisation_number(place)
    if _is_sub_unit(place):
        return Unit(number, f"FIRMA {place - 1} AVD {place}", organisation_number(place - 1))
    return Unit(number, f"FIRMA {place} AS")


@cache
def _form(file: File) -> tuple[str, str]:
    """The header of a file, and a row of it in which a unit's number, name and main unit are missing."""
    is_sub_unit = file == "underenheter"
    where = "beliggenhetsadresse" if is_sub_unit else "forretningsadresse"
    told = {
        "organisasjonsnummer": "{0}",
        "navn": "{1}",
        "overordnetEnhet": "{2}",
        "organisasjonsform.kode": "BEDR" if is_sub_unit else "AS",
        "organisasjonsform.beskrivelse": "Underenhet" if is_sub_unit else "Aksjeselskap",
        f"{where}.adresse": "c/o Kari Nordmann\nVeien 1",
        f"{where}.poststed": "OSLO",
        f"{where}.postnummer": "0001",
        f"{where}.kommune": "OSLO",
        f"{where}.kommunenummer": "0301",
        f"{where}.land": "Norge",
        f"{where}.landkode": "NO",
        "registreringsdatoIenhetsregisteret": "2020-01-01",
        "registreringsdatoenhetsregisteret": "2020-01-01",
        "konkurs": "false",
        "underAvvikling": "false",
        "underTvangsavviklingEllerTvangsopplosning": "false",
    }
    columns = _COLUMNS[file]
    return _line(columns), _line([told.get(each, "") for each in columns])


def _line(cells: Sequence[str]) -> str:
    return ",".join(f'"{each}"' for each in cells) + "\n"


def _escaped(cell: str | None) -> str:
    return (cell or "").replace('"', '""')
