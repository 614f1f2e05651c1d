"""Arrays as PostgreSQL takes them in binary, each made in one go.

The driver looks for a dumper for each array and for what is in it, which takes it twice as long.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from struct import pack
from typing import Any, Final
from uuid import UUID

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

from adapters.postgres import binary

_INT2, _INT4, _INT8 = 21, 23, 20
_TEXT, _BYTEA, _UUID, _TIMESTAMPTZ = 25, 17, 2950, 1184
_REMEMBERED: Final = 1024
"""So many different elements of a kind are packed once: numbers are mostly small ones, texts names of kinds."""


class PackedArray(bytes):
    """An array as it goes over the wire; the statement says of what type it is (`%b::int[]`)."""

    __slots__ = ()


class _PackedDumper(Dumper):
    format = Format.BINARY

    @override
    def dump(self, obj: PackedArray) -> bytes:
        return obj


def take_packed(context: AdaptContext) -> None:
    """Let a connection take packed arrays."""
    context.adapters.register_dumper(PackedArray, _PackedDumper)


def _packed(kind: int, elements: Collection[bytes]) -> PackedArray:
    """An array of one dimension, its elements each with its length before it."""
    if not elements:
        return PackedArray(pack("!iiI", 0, 0, kind))
    return PackedArray(pack("!iiIii", 1, 1, kind, len(elements), 1) + b"".join(elements))


def _whole(kind: int, form: str, size: int) -> Callable[[Sequence[int]], PackedArray]:
    @lru_cache(maxsize=_REMEMBERED)
    def element(value: int) -> bytes:
        return pack(f"!i{form}", size, value)

    return lambda values: _packed(kind, list(map(element, values)))


smallints: Final = _whole(_INT2, "h", 2)
ints: Final = _whole(_INT4, "i", 4)
bigints: Final = _whole(_INT8, "q", 8)


def uuids(values: Sequence[UUID]) -> PackedArray:
    """An array of ids."""
    return _packed(_UUID, binary.uuids(values))


def bytes_of(values: Sequence[bytes]) -> PackedArray:
    """An array of bytes."""
    return _packed(_BYTEA, binary.byte_strings(values))


@lru_cache(maxsize=_REMEMBERED)
def _text(value: str) -> bytes:
    written = value.encode()
    return pack("!i", len(written)) + written


def texts(values: Sequence[str]) -> PackedArray:
    """An array of texts that are nobody's words, and of which few are different: they are remembered."""
    return _packed(_TEXT, list(map(_text, values)))


def moments(values: Sequence[datetime | None]) -> PackedArray:
    """An array of moments, some of which may be missing."""
    return _packed(_TIMESTAMPTZ, binary.moments(values))


Packing = Callable[[Sequence[Any]], PackedArray]
"""Makes an array of the values of a column."""
