"""What all feeds have in common: pages of entries, of which some cannot be read.

What is not needed to tell whether and where somebody is notified is passed over, however odd it is.
What is needed and cannot be read makes whomever the entry is about uncertain, and so it is found out
whom it is about, by as little of the entry as that takes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Raw

from application.ports.registry_feed import UnreadableFeedError

Entry = TypeVar("Entry")
Row = TypeVar("Row")

RULES: Final = 1
"""By which rules entries are read: one more whenever they read what could not be read before.

Then what stands in quarantine is tried again.
"""

ANY_NAME: Final = re.compile("[^\x00\ud800-\udfff]+")
"""What may name a user, or an address."""
_ODD: Final = re.compile("[\x00\ud800-\udfff]")
_LONGEST_KEY: Final = 2000
_LARGEST_NUMBER: Final = 10**18
# The earliest and latest days, on which another offset may lead out of the calendar.
_YEARS: Final = range(2, 9999)


class UnreadablePageError(UnreadableFeedError):
    """A page is not what its feed delivers; nothing of it was taken. The text says why."""


class UnreadableEntryError(Exception):
    """One entry of a page cannot be read; its reason is a stable code."""


Part: TypeAlias = Literal["persons", "addresses", "units", "profiles", "grants", "users", "names"]
"""What an entry is one of."""


class Subject(NamedTuple):
    """Whom an entry is about, as far as it says that, and when it was changed, where its feed does."""

    whose: str | None = None
    """The number of the person or organisation, or the name of the self-identified user."""
    item: str | None = None
    """Which of theirs: an address by the registry's id, a profile or a grant by its user."""
    about: str | None = None
    """What a grant is for: its resource and action."""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry that could not be read: where it stood, why, whom it is about, and as what it came."""

    entry: int
    reason: str
    subject: Subject
    content: bytes


@dataclass(slots=True)
class Read(Generic[Row]):
    """What was read of one part of a page."""

    part: Part
    rows: list[Row] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Where each row stood."""
    quarantined: list[Quarantined] = field(default_factory=list)

    def keep_last(self, key: Callable[[Row], object]) -> None:
        """Of several rows with one key, keep the last: a page is in the order of its changes."""
        last = {key(row): at for at, row in enumerate(self.rows)}.values()
        if len(last) < len(self.rows):
            self.rows = [self.rows[at] for at in last]
            self.places = [self.places[at] for at in last]


def decode_page(content: bytes) -> dict[str, Any]:
    """Decode a page; every feed's pages are JSON objects.

    Raises:
        UnreadablePageError: it is none.
    """
    try:
        page = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise UnreadablePageError(f"the page is no JSON ({problem})") from None
    if not isinstance(page, dict):
        raise UnreadablePageError("the page is no JSON object")
    return page


def entries_of(page: dict[str, Any], name: str) -> Sequence[object]:
    """The list of entries of a page.

    Raises:
        UnreadablePageError: there is none.
    """
    entries = page.get(name)
    if not isinstance(entries, list):
        raise UnreadablePageError(f"the page has no list `{name}`")
    return entries


def read_each(
    part: Part,
    entries: Iterable[Entry],
    read: Callable[[Entry], Row],
    subject: Callable[[Entry], Subject],
    *,
    first: int = 0,
) -> Read[Row]:
    """Read each entry, numbered from `first`; one that cannot be read does not stop the others.

    Of one that cannot be read, `subject` tells whom it is about.
    """
    return read_numbered(part, enumerate(entries, first), read, subject)


def read_numbered(
    part: Part,
    entries: Iterable[tuple[int, Entry]],
    read: Callable[[Entry], Row],
    subject: Callable[[Entry], Subject],
) -> Read[Row]:
    """Read each entry, with the place where it stands; one that cannot be read does not stop the others."""
    result = Read[Row](part)
    for number, entry in entries:
        try:
            result.rows.append(read(entry))
            result.places.append(number)
        except UnreadableEntryError as problem:
            result.quarantined.append(
                Quarantined(number, str(problem), subject(entry), msgspec.json.encode(entry))
            )
    return result


def decoded(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, object]]:
    """Entries that were kept as they came, each with its place."""
    return ((place, msgspec.json.decode(content)) for place, content in entries)


def text_of(value: object, form: re.Pattern[str], *, digits: int = 0) -> str | None:
    """What identifies somebody, if it has its form but for space around it, and can be a key.

    Written as a number it counts as well, of so many digits: it has lost its leading zeros.
    """
    match value:
        case bool():
            return None
        case int() if 0 <= value < _LARGEST_NUMBER:
            text = f"{value:0{digits}}"
        case str():
            text = value.strip()
        case _:
            return None
    is_one = form.fullmatch(text) is not None and len(text.encode()) <= _LONGEST_KEY
    return text if is_one else None


def converted(entry: object, kind: type[Row]) -> Row:
    """The entry as a struct of its feed.

    Raises:
        UnreadableEntryError: it does not fit; the reason names the field and never its value.
    """
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as problem:
        raise _misfit(problem) from None


def typed(kind: type[Row], *, root: str = "$") -> Callable[[Raw | str], Row]:
    """Read entries that are still text as structs of their feed; `root` is what reasons call the text.

    What is returned raises:
        UnreadableEntryError: an entry does not fit; the reason names the field and never its value.
    """
    decode = msgspec.json.Decoder(kind).decode

    def read(entry: Raw | str) -> Row:
        try:
            return decode(entry)
        except msgspec.ValidationError as problem:
            raise _misfit(problem, root) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise UnreadableEntryError(f"malformed {root}") from None

    return read


def _misfit(problem: msgspec.ValidationError, root: str = "$") -> UnreadableEntryError:
    _, is_somewhere, place = str(problem).rpartition(" - at ")
    path = place.strip("`") if is_somewhere else "$"
    return UnreadableEntryError(f"malformed {path.replace('$', root, 1)}")


def moment(text: str) -> datetime:
    """Read a timestamp, whose offset may be given in hours only.

    Raises:
        UnreadableEntryError: it is none, or nobody can tell which hour it means.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableEntryError("a timestamp cannot be read") from None
    if read.tzinfo is None:
        raise UnreadableEntryError("a timestamp has no offset")
    if read.year not in _YEARS:
        raise UnreadableEntryError("a timestamp cannot be read")
    return read


def refuse_odd_key(*texts: str) -> None:
    """Refuse what no index takes: odd characters, and more bytes than there is room for.

    Raises:
        UnreadableEntryError: the texts, by which together an entry is known, are no key.
    """
    refuse_odd_characters(*texts)
    if sum(len(text.encode()) for text in texts) > _LONGEST_KEY:
        raise UnreadableEntryError("a key is too long")


def refuse_odd_characters(*texts: str | None) -> None:
    """Refuse what no column takes.

    Raises:
        UnreadableEntryError: a text holds a NUL or half a character.
    """
    for text in texts:
        if text is not None and _ODD.search(text) is not None:
            raise UnreadableEntryError("odd characters")
