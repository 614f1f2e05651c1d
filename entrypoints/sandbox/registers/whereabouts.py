"""Where the stand-ins for the registers are, told to the commands beside them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_FILE: Final = "url"


@contextmanager
def announced(folder: Path, url: str) -> Iterator[None]:
    """Tell where they are, for as long as they are there."""
    file = folder / _FILE
    made = file.with_suffix(f".{os.getpid()}")
    made.write_text(url)
    made.replace(file)
    try:
        yield
    finally:
        with suppress(OSError):
            if file.read_text() == url:
                file.unlink()


def find(folder: Path) -> str | None:
    """Where those are that keep what is changed in a folder; None if none have told.

    What was killed could not take back what it told: it may be that nobody answers there.
    """
    try:
        return (folder / _FILE).read_text()
    except OSError:
        return None
