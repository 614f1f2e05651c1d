"""The register of organisations' notification addresses: its feed, and how addresses are written back."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import msgspec

from entrypoints.sandbox.registers.change_feed import ChangeFeed
from entrypoints.sandbox.registers.numbers import organisation_number, organisation_place

LARGEST_PAGE: Final = 5000

Kind: TypeAlias = Literal["email", "mobile"]

_ORGANISATION: Final = "ORGANISASJONSNUMMER"
_APART: Final = timedelta(milliseconds=1)
"""Between the changes of two generated addresses."""
_GENERATED: Final = "5eed" * 6
"""The end of the ids of generated addresses."""
_ID: Final = 32


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an address stands in the feed, and whose it is, where that can be told."""

    change: int
    organisation: str | None
    kind: Kind | None


class AddressRegister:
    """Tells of the changes of organisations' addresses, some of them generated.

    Args:
        clock: tells the time, by which changes are ordered.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._feed = ChangeFeed()
        self._updated: dict[int, datetime] = {}
        self._last = datetime(2000, 1, 1, tzinfo=UTC)
        self._places: dict[str, _Place] = {}
        self._ids: defaultdict[str, dict[str, None]] = defaultdict(dict)
        """The ids of the addresses of each organisation, in order."""
        self._begins: list[datetime] = []
        """When the first of each stretch of generated addresses changed."""
        self.generated = 0
        """How many organisations are generated."""
        self.told = 0
        """The newest change that anybody has been told of."""

    @property
    def newest(self) -> int:
        """The newest change."""
        return self._feed.newest

    def knows(self, registry_id: str) -> bool:
        """Whether an address was ever in the register."""
        return self._place_of(registry_id) is not None

    def stands(self, registry_id: str) -> bool:
        """Whether an address is in the register now."""
        place = self._place_of(registry_id)
        return place is not None and place.organisation is not None

    def of(self, organisation: str) -> Mapping[str, Kind]:
        """The addresses of an organisation, by their ids."""
        found: dict[str, Kind] = {}
        place = organisation_place(organisation)
        if place is not None and self._feed.change_of_generated(place) is not None:
            found[_generated_id(place)] = _generated_kind(place)
        for each in self._ids[organisation]:
            kind = self._places[each].kind
            if kind is not None:
                found[each] = kind
        return found

    def now(self) -> str:
        """The time of a change that happens now: later than all before."""
        return _written(max(self._clock(), self._last + timedelta(microseconds=1)))

    def take(self, entry: Mapping[str, Any]) -> None:
        """Take an entry in as the newest change of its address."""
        registry_id = str(entry["id"])
        before = self._place_of(registry_id)
        if before is not None and before.organisation is not None:
            self._ids[before.organisation].pop(registry_id, None)
        text = msgspec.json.encode(entry).decode()
        change = self._feed.add(text, instead_of=None if before is None else before.change)
        self._last = self._updated[change] = max(read_moment(str(entry["updated"])), self._last)
        organisation, kind = _whose(entry)
        self._places[registry_id] = _Place(change, organisation, kind)
        if organisation is not None:
            self._ids[organisation][registry_id] = None

    def generate(self, until: int) -> None:
        """Take organisations in until there are so many generated ones, with an address each."""
        if until <= self.generated:
            return
        start, begins = self.generated, self._last + timedelta(seconds=1)

        def write(first: int, stop: int) -> Sequence[str]:
            return [
                _generated(place, _written(begins + (place - start) * _APART))
                for place in range(first, stop)
            ]

        self._feed.generate(start, until - start, write)
        self._begins.append(begins)
        self._last = begins + (until - start) * _APART
        self.generated = until

    def before(self, since: datetime) -> int:
        """The change before the first that is not older than a moment."""
        changes = self._feed.changes
        at = bisect_left(changes, since, key=self._updated.__getitem__)
        found = [changes[at]] if at < len(changes) else []
        for stretch, begins in zip(self._feed.stretches, self._begins, strict=True):
            ahead = max(-((begins - since) // _APART), 0)
            if ahead < stretch.count:
                found.append(stretch.first + ahead)
        return min(found, default=self._feed.newest + 1) - 1

    def page(self, after: int, size: int, next_page: Callable[[int], str]) -> bytes:
        """What has changed after a change, as the register answers."""
        entries, reached = self._feed.after(after, min(size, LARGEST_PAGE))
        self.told = max(self.told, min(reached, self._feed.newest))
        following = ""
        if reached < self._feed.newest:
            following = f'"nextPage":{msgspec.json.encode(next_page(reached)).decode()},'
        page = (
            '{"title":"Kofuvi digital alert address fragments as json",'
            f'"updated":"{_written(self._clock())}",{following}"entries":[{",".join(entries)}]}}'
        )
        return page.encode()

    def _place_of(self, registry_id: str) -> _Place | None:
        place = self._places.get(registry_id)
        if place is not None:
            return place
        row = _generated_place(registry_id)
        change = None if row is None else self._feed.change_of_generated(row)
        if row is None or change is None:
            return None
        return _Place(change, organisation_number(row), _generated_kind(row))


def read_moment(text: str) -> datetime:
    """A time as the register writes it.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def entry_of(
    registry_id: str, organisation: str, kind: Kind, address: str, updated: str
) -> Mapping[str, Any]:
    """An address as the feed tells of it."""
    if kind == "email":
        user, _, domain = address.rpartition("@")
        told = {"epostadresse": {"navn": address, "domenenavn": domain, "brukernavn": user}}
    else:
        prefix, number = _prefixed(address)
        told = {
            "mobiltelefon": {
                "navn": prefix + number,
                "internasjonaltPrefiks": prefix,
                "nasjonaltNummer": number,
            }
        }
    content = {
        "Kontaktinformasjon": {
            "digitalVarslingsinformasjon": told,
            "identifikator": registry_id,
            "kontaktinformasjonForEnhet": {
                "enhetsidentifikator": {"verdi": organisation, "type": _ORGANISATION}
            },
        }
    }
    return {
        "title": address,
        "id": registry_id,
        "updated": updated,
        "isdeleted": False,
        "content": msgspec.json.encode(content).decode(),
    }


def deletion_of(registry_id: str, updated: str) -> Mapping[str, Any]:
    """An address that is no more, as the feed tells of it."""
    return {"title": registry_id, "id": registry_id, "updated": updated, "isdeleted": True}


def _prefixed(mobile: str) -> tuple[str, str]:
    """The international prefix and the rest; the prefix of a number that has none is Norway's."""
    digits = mobile.replace(" ", "")
    for prefix in ("+47", "0047"):
        if digits.startswith(prefix):
            return "47", digits.removeprefix(prefix)
    if digits.startswith("+"):
        return digits[1:3], digits[3:]
    return "47", digits


def _whose(entry: Mapping[str, Any]) -> tuple[str | None, Kind | None]:
    """Whose address an entry tells of, and of which kind, as far as that can be read."""
    if entry.get("isdeleted"):
        return None, None
    try:
        contact = msgspec.json.decode(entry["content"])["Kontaktinformasjon"]
        unit = contact["kontaktinformasjonForEnhet"]["enhetsidentifikator"]
        told = contact["digitalVarslingsinformasjon"]
        if unit["type"] != _ORGANISATION:
            return None, None
        return str(unit["verdi"]), "email" if "epostadresse" in told else "mobile"
    except (msgspec.DecodeError, KeyError, TypeError):
        return None, None


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _generated(place: int, updated: str) -> str:
    """The entry of a generated organisation's address, as `entry_of` would write it."""
    number, registry_id = organisation_number(place), _generated_id(place)
    address = f"post@firma{place}.example.no"
    if _generated_kind(place) == "mobile":
        address = f"+479{place // 9900 % 1000:03}{place % 9900:04}"
    entry = entry_of(registry_id, number, _generated_kind(place), address, updated)
    return msgspec.json.encode(entry).decode()


def _generated_kind(place: int) -> Kind:
    return "mobile" if place % 4 == 0 else "email"


def _generated_id(place: int) -> str:
    return f"{place:08x}{_GENERATED}"


def _generated_place(registry_id: str) -> int | None:
    if len(registry_id) != _ID or not registry_id.endswith(_GENERATED):
        return None
    try:
        return int(registry_id[:8], 16)
    except ValueError:
        return None
