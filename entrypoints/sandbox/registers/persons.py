"""The contact and reservation register: who may be reached where, in the register's own words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from entrypoints.sandbox.registers.change_feed import ChangeFeed
from entrypoints.sandbox.registers.errors import UnknownError
from entrypoints.sandbox.registers.numbers import PersonNumbers, is_invented_person

LARGEST_PAGE: Final = 1000
"""So many persons are told in one answer, as the register does."""

_ADDRESSES: Final = ("epostadresse", "mobiltelefonnummer")
_LONGEST: Final = 400
_LANGUAGES: Final = {"nb", "nn", "en", "se"}
_MOBILES: Final = 9900
"""The catch-all gateway takes what ends with 99 and two more for an order; nobody's number does."""
_FIRST_NAMES: Final = [
    "Aina",
    "Anders",
    "Berit",
    "Bjarte",
    "Camilla",
    "Dag",
    "Eirik",
    "Elin",
    "Even",
    "Frida",
    "Geir",
    "Gro",
    "Hanne",
    "Henrik",
    "Ida",
    "Ivar",
    "Jorunn",
    "Knut",
    "Lars",
    "Lise",
    "Magnus",
    "Maren",
    "Nils",
    "Nora",
    "Odd",
    "Oda",
    "Per",
    "Ragnhild",
    "Rune",
    "Sara",
    "Sindre",
    "Siv",
    "Stian",
    "Synne",
    "Tor",
    "Tuva",
    "Ulrik",
    "Vilde",
    "Yngve",
    "Åse",
]
_LAST_NAMES: Final = [
    "Aasen",
    "Bakke",
    "Berg",
    "Bø",
    "Dahl",
    "Eide",
    "Engen",
    "Foss",
    "Fossum",
    "Gran",
    "Gundersen",
    "Hagen",
    "Haug",
    "Hauge",
    "Heggland",
    "Holm",
    "Husby",
    "Iversen",
    "Jensrud",
    "Kleiven",
    "Knutsen",
    "Lie",
    "Lien",
    "Lund",
    "Lunde",
    "Løken",
    "Moe",
    "Myhre",
    "Myklebust",
    "Nes",
    "Nygård",
    "Næss",
    "Odden",
    "Ruud",
    "Rød",
    "Rønning",
    "Sand",
    "Sandvik",
    "Skog",
    "Skogen",
    "Solberg",
    "Solheim",
    "Strand",
    "Sørli",
    "Tangen",
    "Tveit",
    "Vik",
    "Viken",
    "Ødegård",
    "Østby",
]


class PersonChange(Struct, frozen=True, kw_only=True):
    """What changes of a person; None stays as it is, and an empty text takes an address away."""

    email: str | None = None
    mobile: str | None = None
    reserved: bool | None = None
    language: str | None = None
    deleted: bool = False


class PersonRegister:
    """Tells of persons' changes, some of them generated.

    Args:
        clock: tells the time, by which addresses are updated.
        numbers: the numbers of generated persons.
    """

    def __init__(self, clock: Callable[[], datetime], numbers: PersonNumbers) -> None:
        self._clock = clock
        self._numbers = numbers
        self._feed = ChangeFeed()
        self._changes: dict[str, int] = {}
        """By which change each person came who is not generated, or has changed since."""
        self.generated = 0
        """How many persons are generated."""
        self.told = 0
        """The newest change that anybody has been told of."""

    @property
    def newest(self) -> int:
        """The newest change."""
        return self._feed.newest

    def knows(self, number: str) -> bool:
        """Whether the register has an entry of a person."""
        return self._change_of(number) is not None

    def take(self, entry: Mapping[str, Any]) -> int:
        """Take an entry in as the newest change of a person."""
        number = str(entry.get("personidentifikator"))
        text = msgspec.json.encode(entry).decode()
        change = self._feed.add(text, instead_of=self._change_of(number))
        self._changes[number] = change
        return change

    def generate(self, until: int) -> None:
        """Take persons in until there are so many generated ones."""
        if until > self.generated:
            write = _Writer(self._numbers, self._clock().date()).entries
            self._feed.generate(self.generated, until - self.generated, write)
            self.generated = until

    def changed(self, number: str, change: PersonChange) -> Mapping[str, Any]:
        """The entry of a person as it is after a change; nothing is taken in yet.

        Raises:
            UnknownError: the number is no invented person's, or the change is none.
        """
        if not is_invented_person(number):
            raise UnknownError(
                "the number is no invented person's: those have eleven digits, right control "
                "digits, and 80 (or 40, 60, 65) added to the month"
            )
        _refuse_odd(change)
        if change.deleted:
            return _deleted(number)
        return _with(self._entry(number), change, self._clock())

    def page(self, after: int) -> bytes:
        """What has changed after a change, as the register answers."""
        entries, reached = self._feed.after(after, LARGEST_PAGE)
        self.told = max(self.told, min(reached, self._feed.newest))
        return (
            f'{{"list":[{",".join(entries)}],"fraEndringsId":{after},"tilEndringsId":{reached},'
            f'"sisteEndringsId":{self._feed.newest}}}'
        ).encode()

    def name(self, number: str) -> str | None:
        """The name of a generated person."""
        place = self._numbers.place(number) if self.generated else None
        if place is None or place >= self.generated:
            return None
        first, last = place % len(_FIRST_NAMES), place // len(_FIRST_NAMES) % len(_LAST_NAMES)
        return f"{_FIRST_NAMES[first]} {_LAST_NAMES[last]}"

    def _change_of(self, number: str) -> int | None:
        change = self._changes.get(number)
        if change is not None:
            return change
        place = self._numbers.place(number) if self.generated else None
        return None if place is None else self._feed.change_of_generated(place)

    def _entry(self, number: str) -> Mapping[str, Any]:
        change = self._change_of(number)
        if change is None:
            return {"personidentifikator": number, "reservasjon": "NEI", "spraak": "nb"}
        entry: Mapping[str, Any] = msgspec.json.decode(self._feed.entry(change))
        return entry


def _refuse_odd(change: PersonChange) -> None:
    said = (change.email, change.mobile)
    if any(each is not None and (len(each) > _LONGEST or not each.isprintable()) for each in said):
        raise UnknownError(f"an address is text of at most {_LONGEST} characters on one line")
    if change.language is not None and change.language not in _LANGUAGES:
        raise UnknownError("the language is nb, nn, en or se")
    if (*said, change.reserved, change.language) == (None,) * 4 and not change.deleted:
        raise UnknownError("nothing is to change: name an address, a reservation, or --delete")


def _deleted(number: str) -> Mapping[str, Any]:
    return {
        "personidentifikator": number,
        "reservasjon": "NEI",
        "status": "SLETTET",
        "varslingsstatus": "KAN_IKKE_VARSLES",
    }


def _with(entry: Mapping[str, Any], change: PersonChange, now: datetime) -> Mapping[str, Any]:
    when = _stamp(now)
    known = dict(entry.get("kontaktinformasjon") or {})
    for name, value in zip(_ADDRESSES, (change.email, change.mobile), strict=True):
        if value is not None:
            known = {key: said for key, said in known.items() if not key.startswith(name)}
        if value:
            known |= {
                name: value,
                f"{name}_oppdatert": when,
                f"{name}_sist_verifisert": when,
                f"{name}_duplisert": "NEI",
            }
    is_reserved = entry.get("reservasjon") == "JA" if change.reserved is None else change.reserved
    can_be_notified = not is_reserved and any(known.get(name) for name in _ADDRESSES)
    language = {}
    if change.language is not None:
        language = {"spraak": change.language, "spraak_oppdatert": when}
    return {
        **entry,
        **language,
        "reservasjon": "JA" if is_reserved else "NEI",
        "status": "AKTIV",
        "varslingsstatus": "KAN_VARSLES" if can_be_notified else "KAN_IKKE_VARSLES",
        "kontaktinformasjon": known,
    }


def _stamp(moment: datetime) -> str:
    """A time as the register writes it: its offset in hours only."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00"


class _Writer:
    """Writes entries of generated persons, the same ones on the same day."""

    def __init__(self, numbers: PersonNumbers, today: date) -> None:
        self._numbers = numbers
        self._fresh = [f"{today - timedelta(days=each)}T21:00:01+01" for each in range(61)]
        self._stale = f"{today - timedelta(days=720)}T21:00:01+01"

    def entries(self, start: int, stop: int) -> Sequence[str]:
        """The persons from one place in the row to before another."""
        forms, fresh, stale = _forms(), self._fresh, self._stale
        written = []
        for place, number in enumerate(self._numbers.of(start, stop), start):
            prefix, suffix = divmod(place, _MOBILES)
            mobile = f"+479{prefix % 1000:03}{suffix:04}"
            form = forms[place * 37 % 100]
            written.append(form.format(number, place, mobile, fresh[place % 61], stale))
        return written


@cache
def _forms() -> Sequence[str]:
    """A hundred forms of entries, in the shares in which the register has them."""
    both = _form(email=True, mobile=True)
    forms = [
        *[_form(gone=True)] * 2,
        *[_form(email=True, mobile=True, reserved=True)] * 4,
        *[_form()] * 3,
        *[_form(email=True, mobile=True, dates="{4}")] * 6,
        *[_form(mobile=True)] * 6,
        *[_form(email=True)] * 4,
        *[_form(email=True, mobile=True, language="nn")] * 9,
        *[_form(email=True, mobile=True, language="en")] * 3,
        _form(email=True, mobile=True, language="se"),
    ]
    return forms + [both] * (100 - len(forms))


def _form(
    *,
    email: bool = False,
    mobile: bool = False,
    reserved: bool = False,
    gone: bool = False,
    language: str = "nb",
    dates: str = "{3}",
) -> str:
    """An entry in which the number, the place, the mobile number and two dates are missing."""
    can_be_notified = (email or mobile) and not reserved and dates == "{3}"
    entry: dict[str, Any] = {
        "personidentifikator": "{0}",
        "reservasjon": "JA" if reserved else "NEI",
        "status": "SLETTET" if gone else "AKTIV",
        "varslingsstatus": "KAN_VARSLES" if can_be_notified else "KAN_IKKE_VARSLES",
    }
    known: dict[str, str] = {}
    said = ((email, "person{1}@post.example.no"), (mobile, "{2}"))
    for name, (has, address) in zip(_ADDRESSES, said, strict=True):
        if has:
            known |= {
                name: address,
                f"{name}_oppdatert": dates,
                f"{name}_sist_verifisert": dates,
                f"{name}_duplisert": "NEI",
            }
    if not gone:
        entry |= {"spraak": language, "spraak_oppdatert": dates, "kontaktinformasjon": known}
    braces = msgspec.json.encode(entry).decode().replace("{", "{{").replace("}", "}}")
    for each in range(5):
        braces = braces.replace(f"{{{{{each}}}}}", f"{{{each}}}")
    return braces
