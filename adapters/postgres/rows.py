"""Rows as COPY takes them in binary, column by column.

The driver looks for a dumper for each value of each row, which takes it twice as long, and of a number that
its column cannot hold writes the last bits alone.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, Final, TypeAlias
from uuid import UUID

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_SIXTEEN: Final = struct.pack("!i", 16)

_Packing: TypeAlias = Callable[[Sequence[Any]], Sequence[bytes]]
"""Each value of a column, its length before it."""


def packed_rows(types: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """All rows, each with the values of its columns, which have these types.

    Raises:
        ValueError: a number is too large for its column.
    """
    columns = zip(types, zip(*rows, strict=True), strict=True)
    try:
        packed = [_PACKING[kind](values) for kind, values in columns]
    except struct.error as problem:
        raise ValueError(str(problem)) from None
    begins = repeat(struct.pack("!h", len(types)))
    return _SIGNATURE + b"".join(chain.from_iterable(zip(begins, *packed, strict=False))) + _END


def _fixed(form: str) -> _Packing:
    pack, size = struct.Struct(f"!i{form}").pack, struct.calcsize(f"!{form}")
    return lambda values: [pack(size, each) for each in values]


def _uuids(values: Sequence[UUID]) -> Sequence[bytes]:
    return [_SIXTEEN + each.bytes for each in values]


def _bytes(values: Sequence[bytes | None]) -> Sequence[bytes]:
    pack = struct.Struct("!i").pack
    return [_NULL if each is None else pack(len(each)) + each for each in values]


def _texts(values: Sequence[str | None]) -> Sequence[bytes]:
    return _bytes([None if each is None else each.encode() for each in values])


def _moments(values: Sequence[datetime]) -> Sequence[bytes]:
    return _fixed("q")([(each - _BEGINNING) // _MICROSECOND for each in values])


_PACKING: Final[Mapping[str, _Packing]] = {
    "int2": _fixed("h"),
    "int4": _fixed("i"),
    "int8": _fixed("q"),
    "bool": _fixed("?"),
    "uuid": _uuids,
    "bytea": _bytes,
    "text": _texts,
    "timestamptz": _moments,
}
