"""No test is silently left out where a change is judged."""

import pytest

from tests.debian import ProgramUnavailableError
from tests.missing import MissingError, skipped_where_missing


def try_without_a_program(**environ: str) -> None:
    with skipped_where_missing(environ):
        raise ProgramUnavailableError("the package has no such program")


def test_what_needs_a_missing_program_is_skipped_at_the_desk() -> None:
    with pytest.raises(pytest.skip.Exception, match="missing here"):
        try_without_a_program()


def test_what_needs_a_missing_program_fails_where_a_change_is_judged() -> None:
    with pytest.raises(MissingError):
        try_without_a_program(CI="true")
