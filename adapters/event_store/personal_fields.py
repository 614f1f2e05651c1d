"""Which words of an event are personal, and whose they are, told by the types of its fields."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from domain.personal import Personal

Word: TypeAlias = tuple[int | None, Personal]
"""A personal word, and the number of the recipient whose it is; None if it is the whole order's."""

_OWNER_OF_WORDS = "recipient_no"


def personal_words(value: Struct) -> list[Word]:
    """The personal words in a struct, in the order in which they are written.

    They belong to the recipient whose number stands in the nearest struct around them.
    """
    found: list[Word] = []
    _collect(value, None, found)
    return found


def _collect(value: object, recipient_no: int | None, found: list[Word]) -> None:
    if isinstance(value, Personal):
        found.append((recipient_no, value))
    elif isinstance(value, Struct):
        carriers, has_owner = _carriers(type(value))
        if has_owner:
            recipient_no = getattr(value, _OWNER_OF_WORDS)
        for name in carriers:
            part = getattr(value, name)
            if part is not None:
                _collect(part, recipient_no, found)
    elif isinstance(value, tuple):
        for item in value:
            _collect(item, recipient_no, found)


@cache
def _carriers(struct: type[Struct]) -> tuple[tuple[str, ...], bool]:
    """The fields of a struct that may hold personal words, however deep; and whether it names an owner."""
    hints = get_type_hints(struct)
    names = struct.__struct_fields__
    return tuple(name for name in names if _may_hold(hints[name], ())), _OWNER_OF_WORDS in names


def _may_hold(hint: Any, seen: tuple[object, ...]) -> bool:  # noqa: ANN401  # any annotation
    if hint in seen:
        return False
    if isinstance(hint, type) and issubclass(hint, Personal):
        return True
    if isinstance(hint, type) and issubclass(hint, Struct):
        return any(_may_hold(each, (*seen, hint)) for each in get_type_hints(hint).values())
    if isinstance(hint, UnionType) or get_origin(hint) in (Union, tuple, Annotated):
        return any(_may_hold(each, seen) for each in get_args(hint))
    return False
