"""From the bytes of a body to its wire struct: strict and fast, or patient and complete.

A body that is as documented is parsed once, and only one in which a member says nothing (a null where
that is what is left out) a second time, for its names. Every other is read patiently.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UnsetType

from entrypoints.http.validation.errors import Faults, InvalidRequestError
from entrypoints.http.validation.wire_struct import WireStruct

W = TypeVar("W", bound=WireStruct)

_DEPTH: Final = 32
_NUL: Final = b"\\u0000"
_ESCAPED: Final = b"\\u00"
"""Begins every escape that matters here; most bodies hold none."""
_HIDDEN_COLON: Final = re.compile(rb"\\u003[aA]")
_ODD: Final = re.compile("[\x00\ud800-\udfff]")
_TEXTS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_FEW: Final = 1_000
_EACH: Final = 16
"""So many values may a body hold besides its lists, and for each that its longest list may hold."""
_SMALL: Final = 16 * 1024
"""A body of so many bytes holds few enough."""
_NO_LIMITS: Final[Mapping[str, int]] = MappingProxyType({})
_SCALARS: Final[Mapping[type, str]] = {str: "text", int: "a whole number", bool: "true or false"}


class BodyReader(Generic[W]):
    """Reads the bodies of one kind of request."""

    def __init__(self, kind: type[W], parameter: str) -> None:
        """Read bodies of a kind; clients know the whole body by the name of `parameter`."""
        self._kind = kind
        self._parameter = parameter
        self._decode = msgspec.json.Decoder(kind).decode
        self._encode = msgspec.json.Encoder().encode
        self._names = _names_within(kind)

    def read(self, body: bytes, faults: Faults, most: Mapping[str, int] = _NO_LIMITS) -> W:
        """Read a body.

        A text that is longer than it may be is noted as a fault, and read as far as it may go, so
        that every other fault is told with it: whoever reads on ends with `faults.raise_any()`.
        Of a list that may hold so many (`most`, by its member's name) one more is read at most.

        Raises:
            InvalidRequestError: it cannot be read; every place where it cannot is told.
        """
        if len(body) > _SMALL:
            self._check_values(body, _FEW + _EACH * max(most.values(), default=0))
        asked = self._read_strictly(body)
        return self._read_patiently(body, faults, most) if asked is None else asked

    def _read_strictly(self, body: bytes) -> W | None:
        """Read a body that is as documented, in one go; None for one that may not be.

        The strict decoder would take the last of two members of one name, and a NUL, and would
        overlook a member whose name is in other letters. Written out again without what is left
        out, the struct has a colon for every member and every colon in a text, and the body has no
        more than these only if each of its members is known, stands once, and says something.
        """
        is_escaped = _ESCAPED in body
        if is_escaped and _NUL in body:
            return None
        try:
            asked = self._decode(body)
            if not (is_escaped and _HIDDEN_COLON.search(body)):
                written = self._encode(asked)
                if written.count(b":") == body.count(b":"):
                    return asked
            value = json.loads(body, object_pairs_hook=self._as_documented)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return None if _is_deep(value, body) else asked

    def _check_values(self, body: bytes, most: int) -> None:
        """Count what a large body holds before it is taken apart."""
        if _holds_more(body, most):
            raise self._refusal(
                "$", f"the body holds more than {most} values; ask for less at once"
            )

    def _read_patiently(self, body: bytes, faults: Faults, most: Mapping[str, int]) -> W:
        if not body.strip():
            raise self._refusal("", "the body is empty; send a JSON object")
        try:
            text = body.decode().removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise self._refusal("$", "the body is not UTF-8") from None
        try:
            value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
        except _RepeatedNameError:
            raise self._refusal(
                "$", "a member stands twice in one object; send each once"
            ) from None
        except (ValueError, RecursionError):
            raise self._refusal(
                "$", "the body is not JSON; comments and trailing commas are not allowed"
            ) from None
        if _depth(value) > _DEPTH:
            raise self._refusal("$", f"the body is nested more than {_DEPTH} deep")
        canonical = _Canonical(faults, most).of(value, self._kind, "$", "")
        if not faults.is_readable:
            faults.unreadable(self._parameter, f"The {self._parameter} field is required.")
            faults.raise_all()
        try:
            return msgspec.convert(canonical, self._kind)
        except msgspec.ValidationError:
            faults.raise_all()
            raise self._refusal("$", "the body does not have the form that is documented") from None

    def _as_documented(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        members = _once_each(pairs)
        if not members.keys() <= self._names:
            raise _UnknownNameError
        return members

    def _refusal(self, path: str, words: str) -> InvalidRequestError:
        errors = {path: [words], self._parameter: [f"The {self._parameter} field is required."]}
        return InvalidRequestError(errors)


def _holds_more(body: bytes, most: int) -> bool:
    """Whether there are more values: a comma outside the texts for each, and two texts of two quotes."""
    quotes = body.count(b'"') - body.count(b'\\"')
    return quotes > 4 * most or _TEXTS.sub(b"", body).count(b",") > most


class _RepeatedNameError(ValueError):
    """A name stands twice in one object."""


class _UnknownNameError(ValueError):
    """A name is not written as documented, or says nothing to us."""


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RepeatedNameError
    return members


def _no_constant(_: str) -> Any:  # noqa: ANN401  # it never returns
    raise ValueError("NaN and Infinity are no JSON")


def _is_deep(value: object, body: bytes) -> bool:
    """Whether the body is nested too deep; few brackets cannot be."""
    return body.count(b"{") + body.count(b"[") > _DEPTH and _depth(value) > _DEPTH


def _depth(value: object) -> int:
    """How many objects and lists stand within each other, as far as it matters."""
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        deepest += 1
        if deepest > _DEPTH:
            break
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return deepest


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a wire struct: its name, its property's, what it may be, and whether it must be there."""

    name: str
    property_name: str
    hint: Any
    is_needed: bool


@cache
def _members(kind: type[WireStruct]) -> Mapping[str, _Member]:
    """The members of a wire struct, by their names in small letters."""
    hints = get_type_hints(kind, include_extras=True)
    properties = kind.property_names
    return {
        field.encode_name.lower(): _Member(
            field.encode_name,
            properties.get(field.name, field.encode_name[:1].upper() + field.encode_name[1:]),
            hints[field.name],
            field.default is NODEFAULT and field.default_factory is NODEFAULT,
        )
        for field in msgspec.structs.fields(kind)
    }


@cache
def _names_within(kind: type[WireStruct]) -> frozenset[str]:
    """The names of all members, at whatever depth."""
    names: set[str] = set()
    for member in _members(kind).values():
        names.add(member.name)
        for option in _options(member.hint):
            inner = option.of
            if isinstance(inner, type) and issubclass(inner, WireStruct):
                names |= _names_within(inner)
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class _Option:
    """One of the types that a member may have."""

    kind: Any
    """A scalar, `list`, a wire struct, or what stands for nothing."""
    of: Any
    """What a list holds; else the kind itself."""
    most: int | None = None
    """So many characters."""


@cache
def _options(hint: Any) -> tuple[_Option, ...]:  # noqa: ANN401  # a type
    """The members of a union; a type by itself is one."""
    origin = get_origin(hint)
    if origin is Annotated:
        kind, meta = get_args(hint)
        if get_origin(kind) is list:
            return _options(kind)
        return (_Option(kind, kind, meta.max_length),)
    if origin is list:
        (inner,) = get_args(hint)
        return (_Option(list, inner),)
    several = get_args(hint)
    if not several:
        return (_Option(hint, hint),)
    return tuple(option for each in several for option in _options(each))


def _is_text_only(options: Sequence[_Option]) -> bool:
    return all(each.kind is str for each in options)


def _last(property_path: str) -> str:
    return property_path.rpartition(".")[2]


def _expected(options: Sequence[_Option]) -> Sequence[str]:
    kinds = [each.kind for each in options if each.kind not in (NoneType, UnsetType)]
    return ["a list" if kind is list else _SCALARS.get(kind, "an object") for kind in kinds]


class _Canonical:
    """Brings a value under the names that the wire structs know, and notes what does not fit."""

    def __init__(self, faults: Faults, most: Mapping[str, int]) -> None:
        self._faults = faults
        self._most = most

    def of(self, value: object, hint: Any, path: str, property_path: str) -> object:  # noqa: ANN401  # a type
        """The value as its type has it; None in the place of what does not fit."""
        options = _options(hint)
        if value is None:
            if not any(each.kind is NoneType for each in options):
                self._missing(options, path, property_path)
            return None
        for option in options:
            if option.kind is list and isinstance(value, list):
                return self._list(value, option.of, path, property_path)
            if isinstance(value, dict) and _is_wire(option.kind):
                return self._object(value, option.kind, path, property_path)
            if type(value) is option.kind and option.kind in _SCALARS:
                return self._scalar(value, option.most, path, property_path)
        self._faults.unreadable(path, f"write {' or '.join(_expected(options))} here")
        return None

    def _missing(self, options: Sequence[_Option], path: str, property_path: str) -> None:
        if _is_text_only(options) and property_path:
            words = f"The {_last(property_path)} field is required."
            self._faults.broken(property_path, words)
        else:
            words = "null is not allowed here; leave it out, or give a value"
            self._faults.unreadable(path, words)

    def _scalar(self, value: object, most: int | None, path: str, property_path: str) -> object:
        if not isinstance(value, str):
            return value
        if _ODD.search(value):
            words = "the text holds a NUL or half a character, which cannot be kept"
            self._faults.unreadable(path, words)
        if most is not None and len(value) > most:
            self._faults.too_long(property_path, most)
            return value[:most]
        return value

    def _list(self, value: Sequence[object], of: Any, path: str, property_path: str) -> object:  # noqa: ANN401  # a type
        most = self._most.get(path.rpartition(".")[2])
        found = []
        for number, each in enumerate(value if most is None else value[: most + 1]):
            if self._faults.is_full:
                break
            found.append(self.of(each, of, f"{path}[{number}]", f"{property_path}[{number}]"))
        return found

    def _object(
        self,
        value: Mapping[str, object],
        kind: type[WireStruct],
        path: str,
        property_path: str,
    ) -> Mapping[str, object]:
        members = _members(kind)
        is_closed = kind.__struct_config__.forbid_unknown_fields
        found: dict[str, object] = {}
        for name, inner in value.items():
            member = members.get(name.lower())
            if member is None:
                if is_closed:
                    words = f"write {', '.join(each.name for each in members.values())} here alone"
                    self._faults.unreadable(path, words)
                continue
            if member.name in found:
                words = "the member stands twice; send it once"
                self._faults.unreadable(f"{path}.{member.name}", words)
                continue
            below = (
                f"{property_path}.{member.property_name}" if property_path else member.property_name
            )
            found[member.name] = self.of(inner, member.hint, f"{path}.{member.name}", below)
        missing = [
            each.name for each in members.values() if each.is_needed and each.name not in found
        ]
        if missing:
            self._faults.unreadable(path, f"required members are missing: {', '.join(missing)}")
        return found


def _is_wire(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, WireStruct)
