"""Rows as COPY takes them in binary, column by column.

The driver looks for a dumper for each value of each row, which takes it twice as long, and of a number that
its column cannot hold writes the last bits alone.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final, TypeAlias

from adapters.postgres import binary

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"

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


def _texts(values: Sequence[str | None]) -> Sequence[bytes]:
    return binary.byte_strings([None if each is None else each.encode() for each in values])


_PACKING: Final[Mapping[str, _Packing]] = {
    "int2": _fixed("h"),
    "int4": _fixed("i"),
    "int8": _fixed("q"),
    "bool": _fixed("?"),
    "uuid": binary.uuids,
    "bytea": binary.byte_strings,
    "text": _texts,
    "timestamptz": binary.moments,
}
