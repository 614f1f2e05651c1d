"""What is packed by hand is what the driver's own arrays are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.arrays import (
    Packing,
    bigints,
    bytes_of,
    ints,
    moments,
    smallints,
    take_packed,
    texts,
    uuids,
)

_FAR = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
_NEAR = [
    datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 3, 29, 3, 0, 0, 1, tzinfo=timezone(timedelta(hours=2))),
]


@pytest.mark.parametrize(
    "pack, kind, values",
    [
        (smallints, "smallint[]", [0, -1, 2**15 - 1, -(2**15)]),
        (ints, "int[]", [0, -1, 2**31 - 1, -(2**31)]),
        (bigints, "bigint[]", [0, -1, 2**63 - 1, -(2**63)]),
        (uuids, "uuid[]", [UUID(int=0), UUID("0189abcd-1234-4abc-8def-0123456789ab")]),
        (bytes_of, "bytea[]", [b"", b"\0\xff", b"box" * 1000]),
        (texts, "text[]", ["", "blåbær 🫐", '{"a", NULL}']),
        (moments, "timestamptz[]", [None, *_FAR, *_NEAR, None]),
        (ints, "int[]", []),
        (texts, "text[]", []),
        (moments, "timestamptz[]", [None]),
    ],
)
def test_the_database_reads_the_values_that_were_packed(
    database_url: str, pack: Packing, kind: LiteralString, values: Sequence[Any]
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        take_packed(connection)

        answer = connection.execute(f"SELECT %b::{kind}", (pack(values),), binary=True)

        assert answer.fetchone() == (values,)


@pytest.mark.parametrize("values", [["a\0b"], ["half a character \ud800"]])
def test_what_cannot_be_stored_is_refused(database_url: str, values: Sequence[str]) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        take_packed(connection)

        with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
            connection.execute("SELECT %b::text[]", (texts(values),))
