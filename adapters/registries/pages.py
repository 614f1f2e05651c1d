"""What all feeds have in common: pages of entries, of which some cannot be read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row")


class UnreadablePageError(Exception):
    """A page is not what its feed delivers; nothing of it was taken. The text says why."""


class UnreadableEntryError(Exception):
    """One entry of a page cannot be read; its reason is a stable code."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry that could not be read: where it stood, and why."""

    entry: int
    reason: str


@dataclass(slots=True)
class Read(Generic[Row]):
    """What was read of a page."""

    rows: list[Row] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)


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
    entries: Iterable[object], read: Callable[[object], Row], *, first: int = 0
) -> Read[Row]:
    """Read each entry, numbered from `first`; one that cannot be read does not stop the others."""
    result = Read[Row]()
    for number, entry in enumerate(entries, first):
        try:
            result.rows.append(read(entry))
        except UnreadableEntryError as problem:
            result.quarantined.append(Quarantined(number, str(problem)))
    return result


def converted(entry: object, kind: type[Row]) -> Row:
    """The entry as a struct of its feed.

    Raises:
        UnreadableEntryError: it does not fit; the reason names the field and never its value.
    """
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as problem:
        _, _, path = str(problem).partition(" - at ")
        raise UnreadableEntryError(f"malformed {path.strip('`') or '$'}") from None


def refuse_odd_characters(*texts: str | None) -> None:
    """Refuse what no column takes.

    Raises:
        UnreadableEntryError: a text holds a NUL or half a character.
    """
    for text in texts:
        if text is not None and ("\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            raise UnreadableEntryError("odd characters")
