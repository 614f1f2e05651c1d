"""An installation to be measured: the service's own processes, on a new database with fsync on."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from entrypoints.supervisor import listen

_READY = "Ctrl-C stops everything."
_COMMAND = "entrypoints.cli"
_PARENT, _USER_TIME, _SYSTEM_TIME, _RESIDENT = 1, 11, 12, 21
"""Places in `/proc/PID/stat`, after the name (proc(5))."""


class MissingToolError(Exception):
    """Something to measure with is not there."""


class _Child(NamedTuple):
    words: Sequence[str]
    """By which it was started."""
    told: Sequence[str]
    """What the system tells of it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A running installation."""

    url: str
    data: Path
    environ: Mapping[str, str]
    pid: int
    """Of the supervisor, whose children the processes are."""

    def varsel(self, *words: str) -> str:
        """What the command says."""
        command = [sys.executable, "-m", "entrypoints.cli", *words]
        done = subprocess.run(  # noqa: S603  # our own command
            command, env=dict(self.environ), capture_output=True, text=True, check=True
        )
        return done.stdout

    @property
    def token(self) -> str:
        """A token of the owner ttd."""
        return self.varsel("token").splitlines()[-1]

    def worked(self, word: str) -> float:
        """The seconds of the CPU that the processes started by a word of the command have used.

        Whatever else the machine does, that much it cost.
        """
        seconds = 0.0
        for child in self._children():
            if word in child.words:
                ticks = int(child.told[_USER_TIME]) + int(child.told[_SYSTEM_TIME])
                seconds += ticks / os.sysconf("SC_CLK_TCK")
        return seconds

    def memory(self) -> Mapping[str, float]:
        """The MiB that each process of ours holds, by the word of the command that it was started by."""
        page = os.sysconf("SC_PAGE_SIZE") / 2**20
        return {
            each.words[each.words.index(_COMMAND) + 1]: int(each.told[_RESIDENT]) * page
            for each in self._children()
            if _COMMAND in each.words
        }

    def _children(self) -> Iterator["_Child"]:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_text().split("\0")
                told = (folder / "stat").read_text().rpartition(")")[2].split()
            except (OSError, UnicodeDecodeError):
                continue  # it has just ended, or is none of ours
            if int(told[_PARENT]) == self.pid:
                yield _Child(words, told)

    @property
    def database(self) -> str:
        """How to connect to its database."""
        running = msgspec.json.decode((self.data / "running.json").read_bytes())
        return str(running["database"])


def free_port() -> int:
    """A port that nobody listens on."""
    with listen("127.0.0.1", 0) as probe:
        return int(probe.getsockname()[1])


def wrk() -> str:
    """The load generator.

    Raises:
        MissingToolError: it is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        raise MissingToolError("install wrk, the load generator, to measure (apt install wrk)")
    return found


@contextmanager
def installation(**settings: str) -> Iterator[Measured]:
    """Start the service with some settings, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="varsel-bench-") as folder:
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VARSEL_")}
        environ = {
            **kept,
            "VARSEL_DATA": folder,
            "VARSEL_PORT": str(port),
            "VARSEL_DEVELOPMENT_ISSUER": "1",
            "VARSEL_LOG_LEVEL": "error",
            **settings,
        }
        process = subprocess.Popen(  # our own command
            [sys.executable, "-m", "entrypoints.cli", "up"],
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            for line in process.stdout or ():
                if _READY in line:
                    break
            yield Measured(f"http://127.0.0.1:{port}", Path(folder), environ, process.pid)
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout is not None:
                process.stdout.close()


async def settled() -> None:
    """Let what was started come to rest before measuring."""
    await asyncio.sleep(1)
