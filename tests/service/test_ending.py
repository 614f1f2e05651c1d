"""What `varsel up` has started ends with it, however either ends."""

import contextlib
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.service.installations import Installation, free_port, until

pytestmark = [pytest.mark.service, pytest.mark.timeout(120)]


@pytest.fixture
def port_in_use() -> Iterator[int]:
    """Somebody else's, so that a mail server of the service's own dies as often as it is started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


_MOMENTS: Final[Mapping[str, Callable[["Started"], bool]]] = {
    "it is being loaded": lambda started: started.heeds_signals,
    "its database is being made": lambda started: bool(started.outlived_by("initdb")),
    "its database starts": lambda started: bool(started.outlived_by("varsel-guard")),
    "its database runs": lambda started: "PostgreSQL runs" in started.said,
    "its schema is there": lambda started: "The schema is up to date" in started.said,
    "its processes start": lambda started: bool(started.outlived_by(" serve ")),
    "it is ready": lambda started: "Ctrl-C stops everything." in started.said,
}
"""How far a start may have come when somebody thinks better of it."""


class Started:
    """`varsel up --development`, whether or not it comes up."""

    def __init__(self, data: Path, script: str | None = None, **settings: str) -> None:
        self._data = data
        self.told = data.parent / "told"
        """Where a shell that starts it may write something down."""
        around = () if script is None else ("/bin/sh", "-c", script, str(self.told))
        self._log = data.parent / "up.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*around, sys.executable, "-m", "entrypoints.cli", "up", "--development"],
                env=Installation(data, free_port(), settings).environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def heeds_signals(self) -> bool:
        """Whether it is so far that a signal to stop does not just end it."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        caught = re.search(r"^SigCgt:\s+([0-9a-f]+)$", status, re.MULTILINE)
        return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)

    def end(self, *numbers: signal.Signals) -> int:
        """Send it signals, and wait for its end; the code with which it ended."""
        for number in numbers:
            self._process.send_signal(number)
        return self._process.wait(60)

    def outlived_by(self, *words: str) -> list[str]:
        """The commands of what it has started and still runs, all of it or what bears one of some words."""
        found = []
        # Where the account that runs the database cannot enter the folder, that lies elsewhere.
        elsewhere = self._data / "postgres" / "elsewhere"
        folders = [str(self._data), *([str(elsewhere.resolve())] if elsewhere.exists() else [])]
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environ = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            is_its_own = f"VARSEL_DATA={self._data}".encode() in environ
            if int(folder.name) != self._process.pid and (
                is_its_own or any(each in command for each in folders)
            ):
                found.append(command)
        return [each for each in found if not words or any(word in each for word in words)]


class Terminal:
    """A terminal of its own, in which somebody has called a command, and can press keys."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            ["/usr/bin/setsid", "--ctty", "--wait", *command],
            env=dict(environ),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def read_until(self, words: str) -> str:
        said = ""
        while words not in said:
            said += self._read()
        return said

    def read_to_end(self) -> str:
        """What is said from now on until the command has ended."""
        said = ""
        with contextlib.suppress(OSError):  # by which a terminal tells that nobody is left at it
            while more := self._read():
                said += more
        self._process.wait(60)
        os.close(self._ours)
        return said

    def _read(self) -> str:
        return os.read(self._ours, 4096).decode(errors="replace").replace("\r", "")


@pytest.mark.soak
def test_when_a_process_cannot_be_kept_up_all_others_end(tmp_path: Path, port_in_use: int) -> None:
    started = Started(tmp_path / "data", VARSEL_SMTP_URL=f"smtp://127.0.0.1:{port_in_use}")

    code = started.end()

    assert code == 1
    assert "varsel: the catch-all process cannot be kept up" in started.said
    assert started.outlived_by() == []


@pytest.mark.soak
def test_told_to_stop_while_a_process_is_started_again_it_leaves_nothing_behind(
    tmp_path: Path, port_in_use: int
) -> None:
    started = Started(tmp_path / "data", VARSEL_SMTP_URL=f"smtp://127.0.0.1:{port_in_use}")
    until(lambda: '"process": "catch-all"' in started.said)

    code = started.end(signal.SIGTERM)

    assert code == 0
    assert "Everything is stopped." in started.said
    assert started.outlived_by() == []


@pytest.mark.soak
def test_killed_right_after_it_has_started_them_it_is_outlived_by_nothing(tmp_path: Path) -> None:
    started = Started(tmp_path / "data")
    until(lambda: bool(started.outlived_by(" work ")))

    started.end(signal.SIGKILL)

    until(lambda: started.outlived_by() == [], seconds=30)


def test_told_to_stop_twice_it_stops_everything_all_the_same(tmp_path: Path) -> None:
    started = Started(tmp_path / "data")
    until(lambda: bool(started.outlived_by(" work ")))

    code = started.end(signal.SIGTERM, signal.SIGINT)

    assert code == 0
    assert started.outlived_by() == []


@pytest.mark.parametrize(
    "moment",
    [
        # By then it has come up, which takes longest; `make run` is interrupted there, too.
        pytest.param(each, marks=pytest.mark.soak) if each == "it is ready" else each
        for each in _MOMENTS
    ],
)
def test_interrupted_at_any_moment_it_says_so_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, moment: str
) -> None:
    started = Started(tmp_path / "data")
    until(lambda: _MOMENTS[moment](started))
    before = started.said

    code = started.end(signal.SIGINT)

    assert code == 0
    said = started.said.removeprefix(before).strip().splitlines()
    assert said[-1] == "Everything is stopped."
    assert [line for line in said if _is_raw(line)] == []
    assert started.outlived_by() == []


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_background_of_a_script_it_heeds_either_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    # Without job control a shell has what it starts in the background ignore SIGINT.
    started = Started(tmp_path / "data", script='"$@" & echo "$!" > "$0"; wait')
    until(lambda: "Ctrl-C stops everything." in started.said)

    os.kill(int(started.told.read_text()), number)

    assert started.end() == 0
    assert started.said.endswith("Everything is stopped.\n")
    assert started.outlived_by() == []


def test_ctrl_c_at_make_run_is_answered_in_words(tmp_path: Path) -> None:
    installed = Installation(tmp_path / "data", free_port())
    terminal = Terminal(["make", "-o", ".venv/.made-for-running", "run"], installed.environ)
    terminal.read_until("Ctrl-C stops everything.")
    # There is something in hand.
    for _ in range(3):
        assert installed.varsel("order", "--wait", "0").returncode == 0

    terminal.type("\x03")
    terminal.type("\x03")

    said = terminal.read_to_end().replace("^C", "")  # as which it shows the keys
    assert [line for line in said.splitlines() if line] == [
        "It stops, when what is in hand is done.",
        "Everything is stopped.",
    ]


def _is_raw(line: str) -> bool:
    """Whether a line is of a program's, and not for people."""
    return line.startswith(("Traceback", "{", " ", "make", "Exception")) or "Error" in line
