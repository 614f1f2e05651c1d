"""The table of faults names each of them, and tests that there are."""

import re
from pathlib import Path

import pytest

TABLE = Path("docs/faults.md")
ROWS = [line for line in TABLE.read_text().splitlines() if re.match(r"\| F\d+ ", line)]
TESTS = {
    name
    for folder in ("tests", "contracts")
    for file in Path(folder).rglob("*.py")
    for name in re.findall(r"def (test_\w+)", file.read_text())
}


def _number(row: str) -> str:
    return row.split()[1]


def test_every_fault_has_a_row_of_its_own() -> None:
    numbers = [_number(row) for row in ROWS]

    assert len(numbers) == len(set(numbers))
    assert numbers[:32] == [f"F{number:02}" for number in range(1, 33)]


@pytest.mark.parametrize("row", ROWS, ids=_number)
def test_a_fault_says_what_happens_and_is_shown_by_tests_that_there_are(row: str) -> None:
    *_, behaviour, shown, _ = row.split("|")
    named = re.findall(r"`(test_\w+)`", shown)

    assert behaviour.strip()
    assert named
    assert set(named) <= TESTS
