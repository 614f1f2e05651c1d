"""The owners that are known and active now, from a file that an operator keeps.

The file is JSON: organisation numbers and short names, `{"991825827": "ttd"}`.
It is read again when it has changed, so that an owner who was taken out is out within a second.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from adapters.foreign_json import in_utf8

log = structlog.get_logger()

_LOOK: Final = 1.0
_read = msgspec.json.Decoder(dict[str, str]).decode


class OwnersFileError(Exception):
    """The file of owners cannot be read; the text is one line that says why."""


class OwnersFile:
    """Knows owners by organisation number and by short name."""

    def __init__(self, file: Path, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Read the file.

        Raises:
            OwnersFileError: it cannot be read.
        """
        self._file = file
        self._seconds = seconds
        self._changed_at = 0
        self._looked_at = seconds()
        self._owners: Mapping[str, str] = {}
        self._names: frozenset[str] = frozenset()
        self._read()

    def short_name(self, organisation: str) -> str | None:
        """The short name of an organisation that is an owner now."""
        self._look()
        return self._owners.get(organisation)

    def number_of(self, short_name: str) -> str | None:
        """The organisation number of whoever is an owner of that short name now."""
        self._look()
        return next((number for number, name in self._owners.items() if name == short_name), None)

    def is_active(self, short_name: str) -> bool:
        """Whether somebody of that short name is an owner now."""
        self._look()
        return short_name in self._names

    def _look(self) -> None:
        now = self._seconds()
        if now - self._looked_at < _LOOK:
            return
        self._looked_at = now
        try:
            self._read()
        except OwnersFileError:
            # Whoever edits the file may be half-way; those who were owners stay so until it is whole.
            log.error("owners_file_unreadable", does="keeps the owners that were read before")  # noqa: TRY400

    def _read(self) -> None:
        try:
            changed_at = self._file.stat().st_mtime_ns
            if changed_at == self._changed_at:
                return
            self._owners = _read(in_utf8(self._file.read_bytes()))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise OwnersFileError(
                f"VARSEL_OWNERS_FILE: {self._file} cannot be read as JSON of organisation numbers "
                f"and short names ({type(problem).__name__})"
            ) from None
        self._names = frozenset(self._owners.values())
        self._changed_at = changed_at
