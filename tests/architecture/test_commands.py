"""Every test is run by `make test` or by `make soak`, on one side, once; and `.ci/run` makes both."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from tests.sides import SIDES

MADE = re.findall(r"^(?:exec )?make (\w+)$", Path(".ci/run").read_text(), re.MULTILINE)
PLAYED = re.findall(r"-m tests\.sides|-m pytest -m soak", Path("Makefile").read_text())
RUNS = {**dict.fromkeys(SIDES.values(), "test"), "soak": "soak"}


@pytest.mark.parametrize(
    "marks, command",
    [
        ("", "test"),
        ("postgres", "test"),
        ("service", "test"),
        ("service postgres", "test"),
        ("soak", "soak"),
        ("soak postgres", "soak"),
        ("soak service", "soak"),
        ("soak service postgres", "soak"),
    ],
)
def test_whatever_its_marks_a_test_is_run_once(marks: str, command: str) -> None:
    assert [run for side, run in RUNS.items() if _has(side, marks.split())] == [command]


def test_before_a_change_is_taken_both_are_made() -> None:
    assert MADE == ["test", "soak"]
    assert sorted(PLAYED) == ["-m pytest -m soak", "-m tests.sides"]


def _has(side: str, marks: Sequence[str]) -> bool:
    def marked(mark: str, /, **_: object) -> bool:
        return mark in marks

    return Expression.compile(side).evaluate(marked)
