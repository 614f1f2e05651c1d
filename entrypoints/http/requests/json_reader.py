"""From the bytes of a body to its wire struct: strict and fast, or patient and complete."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UnsetType

from entrypoints.http.requests.faults import Faults, InvalidRequestError
from entrypoints.http.requests.wire import WireStruct

W = TypeVar("W", bound=WireStruct)

_DEPTH: Final = 32
_NUL: Final = b"\\u0000"
_SCALARS: Final[Mapping[type, str]] = {str: "text", int: "a whole number", bool: "true or false"}


class BodyReader(Generic[W]):
    """Reads the bodies of one kind of request."""

    def __init__(self, kind: type[W], parameter: str) -> None:
        """Read bodies of a kind; clients know the whole body by the name of `parameter`."""
        self._kind = kind
        self._parameter = parameter
        self._decode = msgspec.json.Decoder(kind).decode
        self._names = _names_within(kind)

    def read(self, body: bytes) -> W:
        """Read a body.

        Raises:
            InvalidRequestError: it cannot be read; every place where it cannot is told.
        """
        # The strict decoder would take the last of two members of one name, and a NUL, and would
        # overlook a member whose name is in other letters.
        if _NUL not in body:
            try:
                value = json.loads(body, object_pairs_hook=self._as_documented)
                if not _is_deep(value, body):
                    return self._decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass
        return self._read_patiently(body)

    def _read_patiently(self, body: bytes) -> W:
        faults = Faults()
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
        canonical = _canonical(value, self._kind, "$", "", faults)
        for path in _odd_texts(canonical, "$"):
            faults.unreadable(
                path, "the text holds a NUL or half a character, which cannot be kept"
            )
        if not faults.is_readable:
            faults.unreadable(self._parameter, f"The {self._parameter} field is required.")
        faults.raise_all()
        try:
            return msgspec.convert(canonical, self._kind)
        except msgspec.ValidationError:
            raise self._refusal("$", "the body does not have the form that is documented") from None

    def _as_documented(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        members = _once_each(pairs)
        if not members.keys() <= self._names:
            raise _UnknownNameError
        return members

    def _refusal(self, path: str, words: str) -> InvalidRequestError:
        errors = {path: [words], self._parameter: [f"The {self._parameter} field is required."]}
        return InvalidRequestError(errors)


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


def _odd_texts(value: object, path: str) -> Sequence[str]:
    if isinstance(value, str):
        is_odd = "\x00" in value or any("\ud800" <= each <= "\udfff" for each in value)
        return [path] if is_odd else []
    if isinstance(value, dict):
        return [odd for name, inner in value.items() for odd in _odd_texts(inner, f"{path}.{name}")]
    if isinstance(value, list):
        return [
            odd
            for number, inner in enumerate(value)
            for odd in _odd_texts(inner, f"{path}[{number}]")
        ]
    return []


@cache
def _members(kind: type[WireStruct]) -> Mapping[str, tuple[str, str, Any, bool]]:
    """Of each member, by its name in small letters: its name, its property, its type, is it needed."""
    hints = get_type_hints(kind)
    properties = kind.property_names
    return {
        field.encode_name.lower(): (
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
    for encoded, _, hint, _ in _members(kind).values():
        names.add(encoded)
        for option in _options(hint):
            (inner,) = get_args(option) if get_origin(option) is list else (option,)
            if isinstance(inner, type) and issubclass(inner, WireStruct):
                names |= _names_within(inner)
    return frozenset(names)


def _options(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401  # a type
    """The members of a union; a type by itself is one."""
    return (hint,) if get_origin(hint) is list else get_args(hint) or (hint,)


def _canonical(value: object, hint: Any, path: str, property_path: str, faults: Faults) -> object:  # noqa: ANN401
    """The value under the names that the wire structs know; what does not fit is told."""
    options = _options(hint)
    if value is None:
        if NoneType not in options:
            if _is_text_only(options) and property_path:
                faults.broken(property_path, f"The {_last(property_path)} field is required.")
            else:
                faults.unreadable(path, "null is not allowed here; leave it out, or give a value")
        return None
    for option in options:
        if get_origin(option) is list and isinstance(value, list):
            (inner,) = get_args(option)
            return [
                _canonical(each, inner, f"{path}[{n}]", f"{property_path}[{n}]", faults)
                for n, each in enumerate(value)
            ]
        if isinstance(option, type):
            if issubclass(option, WireStruct) and isinstance(value, dict):
                return _object(value, option, path, property_path, faults)
            if type(value) is option and option in _SCALARS:
                return value
    faults.unreadable(path, f"write {' or '.join(_expected(options))} here")
    return None


def _is_text_only(options: Sequence[object]) -> bool:
    return set(options) <= {str}


def _last(property_path: str) -> str:
    return property_path.rpartition(".")[2]


def _expected(options: Sequence[Any]) -> Sequence[str]:
    words = []
    for option in options:
        if option in (NoneType, UnsetType):
            continue
        if get_origin(option) is list:
            words.append("a list")
        else:
            words.append(_SCALARS.get(option, "an object"))
    return words


def _object(
    value: Mapping[str, object],
    kind: type[WireStruct],
    path: str,
    property_path: str,
    faults: Faults,
) -> Mapping[str, object]:
    members = _members(kind)
    found: dict[str, object] = {}
    for name, inner in value.items():
        member = members.get(name.lower())
        if member is None:
            continue
        encoded, its_property, hint, _ = member
        if encoded in found:
            faults.unreadable(f"{path}.{encoded}", "the member stands twice; send it once")
            continue
        below = f"{property_path}.{its_property}" if property_path else its_property
        found[encoded] = _canonical(inner, hint, f"{path}.{encoded}", below, faults)
    missing = [
        encoded
        for encoded, _, _, is_needed in members.values()
        if is_needed and encoded not in found
    ]
    if missing:
        faults.unreadable(path, f"required members are missing: {', '.join(missing)}")
    return found
