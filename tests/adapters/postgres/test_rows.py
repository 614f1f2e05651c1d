"""Rows that are packed for COPY are the rows that were meant."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.rows import packed_rows

KINDS = ("int2", "int4", "int8", "bool", "uuid", "bytea", "text", "timestamptz")
ROWS = [
    (-1, 2**31 - 1, -(2**63), True, UUID(int=7), b"\0\xff", "æøå \\ \t\n", datetime.now(UTC)),
    (2**15 - 1, 0, 5, False, UUID(int=2**128 - 1), b"", None, datetime(1999, 1, 1, tzinfo=UTC)),
]


def test_every_kind_of_value_comes_back_as_it_was(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE kept"
            " (a int2, b int4, c int8, d bool, e uuid, f bytea, g text, h timestamptz)"
        )
        with connection.cursor().copy("COPY kept FROM STDIN (FORMAT binary)") as copy:
            copy.write(packed_rows(KINDS, ROWS))

        assert connection.execute("SELECT * FROM kept").fetchall() == ROWS


@pytest.mark.parametrize("kind, number", [("int2", 2**15), ("int4", -(2**31) - 1)])
def test_a_number_that_its_column_cannot_hold_is_refused(kind: str, number: int) -> None:
    with pytest.raises(ValueError, match="format requires"):
        packed_rows([kind], [(number,)])
