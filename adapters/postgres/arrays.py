"""Arrays as PostgreSQL takes them in binary, each made in one go.

The driver looks for a dumper for each array and for what is in it, which takes it twice as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import pack
from typing import Any, Final
from uuid import UUID

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

_INT2, _INT4, _INT8 = 21, 23, 20
_TEXT, _BYTEA, _UUID, _TIMESTAMPTZ = 25, 17, 2950, 1184
_NULL: Final = pack("!i", -1)
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PackedArray:
    """An array as it goes over the wire; the statement says of what type it is (`%b::int[]`)."""

    content: bytes


class _PackedDumper(Dumper):
    format = Format.BINARY

    @override
    def dump(self, obj: PackedArray) -> bytes:
        return obj.content


def take_packed(context: AdaptContext) -> None:
    """Let a connection take packed arrays."""
    context.adapters.register_dumper(PackedArray, _PackedDumper)


def _packed(kind: int, elements: Sequence[bytes]) -> PackedArray:
    """An array of one dimension, its elements each with its length before it."""
    if not elements:
        return PackedArray(pack("!iiI", 0, 0, kind))
    return PackedArray(pack("!iiIii", 1, 1, kind, len(elements), 1) + b"".join(elements))


def _whole(kind: int, form: str, size: int) -> Callable[[Sequence[int]], PackedArray]:
    form = f"!i{form}"
    return lambda values: _packed(kind, [pack(form, size, each) for each in values])


smallints: Final = _whole(_INT2, "h", 2)
ints: Final = _whole(_INT4, "i", 4)
bigints: Final = _whole(_INT8, "q", 8)


def uuids(values: Sequence[UUID]) -> PackedArray:
    """An array of ids."""
    size = pack("!i", 16)
    return _packed(_UUID, [size + each.bytes for each in values])


def bytes_of(values: Sequence[bytes]) -> PackedArray:
    """An array of bytes."""
    return _packed(_BYTEA, [pack("!i", len(each)) + each for each in values])


def texts(values: Sequence[str]) -> PackedArray:
    """An array of texts."""
    written = [each.encode() for each in values]
    return _packed(_TEXT, [pack("!i", len(each)) + each for each in written])


def moments(values: Sequence[datetime | None]) -> PackedArray:
    """An array of moments, some of which may be missing."""
    return _packed(
        _TIMESTAMPTZ,
        [
            _NULL if each is None else pack("!iq", 8, (each - _BEGINNING) // _MICROSECOND)
            for each in values
        ],
    )


Packing = Callable[[Sequence[Any]], PackedArray]
"""Makes an array of the values of a column."""
