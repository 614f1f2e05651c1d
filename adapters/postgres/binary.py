"""Values as PostgreSQL takes them in binary, each with its length before it: so they stand in arrays and in COPY."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final
from uuid import UUID

_size: Final = Struct("!i").pack
_moment: Final = Struct("!iq").pack
_SIXTEEN: Final = _size(16)
_NULL: Final = _size(-1)
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def uuids(values: Sequence[UUID]) -> list[bytes]:
    """Ids."""
    return [_SIXTEEN + each.int.to_bytes(16) for each in values]


def byte_strings(values: Sequence[bytes | None]) -> list[bytes]:
    """Bytes, some of which may be missing."""
    return [_NULL if each is None else _size(len(each)) + each for each in values]


def moments(values: Sequence[datetime | None]) -> list[bytes]:
    """Moments, some of which may be missing."""
    return [
        _NULL if each is None else _moment(8, (each - _BEGINNING) // _MICROSECOND)
        for each in values
    ]
