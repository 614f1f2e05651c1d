"""What a test needs of its machine, and what becomes of the test where that is missing."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest


class MissingError(Exception):
    """This machine has not what a test needs, and it cannot be had here."""


@contextmanager
def skipped_where_missing(environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Skip the test that needs what is missing; where `CI` is set it fails, since nobody reads its skips.

    Raises:
        MissingError: it is missing where everything has to be tried.
    """
    try:
        yield
    except MissingError as error:
        if environ.get("CI"):
            raise
        pytest.skip(f"missing here: {error}")
