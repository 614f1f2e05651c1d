"""Any event that an order may have, for properties."""

from datetime import UTC, datetime
from enum import Enum
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

from domain.order.events import OrderEvent
from domain.personal import Personal

KINDS: tuple[type[Struct], ...] = get_args(OrderEvent)

moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone itself
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def values(hint: Any, words: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:  # noqa: ANN401
    """Values of a type as events have them; `words` are what persons say and are called."""
    if isinstance(hint, NewType):
        return values(hint.__supertype__, words)
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        return st.one_of([values(each, words) for each in get_args(hint)])
    if get_origin(hint) is tuple:
        return _tuples(get_args(hint), words)
    if issubclass(hint, Personal):
        return words.map(hint)
    if issubclass(hint, Struct):
        return structs(hint, words)
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    plain: dict[type, st.SearchStrategy[Any]] = {
        str: st.text(max_size=10),
        int: st.integers(0, 2**31 - 1),
        bool: st.booleans(),
        UUID: st.uuids(),
        datetime: moments,
        type(None): st.none(),
        UnsetType: st.just(UNSET),
    }
    return plain[hint]


def structs(kind: type[Struct], words: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    fields = {name: values(hints[name], words) for name in kind.__struct_fields__}
    return st.builds(kind, **fields)


def events(words: st.SearchStrategy[str]) -> st.SearchStrategy[OrderEvent]:
    return st.sampled_from(KINDS).flatmap(lambda kind: structs(kind, words))


def _tuples(hints: tuple[Any, ...], words: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if hints[1:] == (...,):
        return st.lists(values(hints[0], words), max_size=4).map(tuple)
    return st.tuples(*(values(each, words) for each in hints))
