"""What came into the registers, in order, so that they are as they were when they are started again.

One line of JSON for each; a line that a killed process could not finish is none.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from entrypoints.sandbox.registers.errors import RegistersInUseError

_FILE: Final = "changes.jsonl"


class Journal:
    """Keeps what came into the registers in a folder that nobody else writes meanwhile.

    Raises:
        RegistersInUseError: somebody else does, or the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise RegistersInUseError(f"{folder} cannot be used: {problem.strerror}") from None
        self._file = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise RegistersInUseError(
                f"other stand-ins for the registers keep their changes in {folder}: stop them first"
            ) from None

    def records(self) -> Iterator[dict[str, Any]]:
        """What was kept, from the first on; what is kept next comes after it."""
        whole = 0
        self._file.seek(0)
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            yield msgspec.json.decode(line)
            whole += len(line)
        self._file.seek(whole)
        self._file.truncate()

    def keep(self, record: dict[str, Any]) -> None:
        """Keep one more."""
        self._file.write(msgspec.json.encode(record) + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Let the folder go."""
        self._file.close()
