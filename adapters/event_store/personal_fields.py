"""Which words of an event are personal, and whose they are, told by the types of its fields."""

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from adapters.event_store.sealing import WHOLE_ORDER
from domain.personal import Contact, Content

Personal = Content | Contact
_OWNER_OF_WORDS = "recipient_no"


def personal_words(
    value: object, recipient_no: int = WHOLE_ORDER
) -> Iterator[tuple[int, Personal]]:
    """The personal words in a struct, in the order of its fields, each with whose they are.

    They belong to the recipient whose number stands in the nearest struct around them.
    """
    if isinstance(value, Content | Contact):
        yield recipient_no, value
    elif isinstance(value, tuple):
        for item in value:
            yield from personal_words(item, recipient_no)
    elif isinstance(value, Struct):
        recipient_no = getattr(value, _OWNER_OF_WORDS, recipient_no)
        for name in _carriers(type(value)):
            yield from personal_words(getattr(value, name), recipient_no)


@cache
def _carriers(struct: type[Struct]) -> tuple[str, ...]:
    """The fields of a struct that may hold personal words, however deep."""
    hints = get_type_hints(struct)
    return tuple(name for name in struct.__struct_fields__ if _may_hold(hints[name], ()))


def _may_hold(hint: Any, seen: tuple[object, ...]) -> bool:  # noqa: ANN401  # any annotation
    if hint in (Content, Contact):
        return True
    if hint in seen:
        return False
    if isinstance(hint, type) and issubclass(hint, Struct):
        return any(_may_hold(each, (*seen, hint)) for each in get_type_hints(hint).values())
    if isinstance(hint, UnionType) or get_origin(hint) in (Union, tuple, Annotated):
        return any(_may_hold(each, seen) for each in get_args(hint))
    return False
