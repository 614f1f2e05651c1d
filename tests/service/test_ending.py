"""What `varsel up` has started ends with it, however either ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.installations import Installation, free_port, until

pytestmark = [pytest.mark.service, pytest.mark.timeout(120)]


@pytest.fixture
def port_in_use() -> Iterator[int]:
    """Somebody else's, so that a mail server of the service's own dies as often as it is started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


class Started:
    """`varsel up --development`, whether or not it comes up."""

    def __init__(self, data: Path, **settings: str) -> None:
        self._data = data
        self._log = data.parent / "up.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "entrypoints.cli", "up", "--development"],
                env=Installation(data, free_port(), settings).environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def end(self, *numbers: signal.Signals) -> int:
        """Send it signals, and wait for its end; the code with which it ended."""
        for number in numbers:
            self._process.send_signal(number)
        return self._process.wait(60)

    def outlived_by(self, *words: str) -> list[str]:
        """The commands of what it has started and still runs, all of it or what bears one of some words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environ = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            is_its_own = f"VARSEL_DATA={self._data}".encode() in environ
            if int(folder.name) != self._process.pid and (is_its_own or str(self._data) in command):
                found.append(command)
        return [each for each in found if not words or any(word in each for word in words)]


def test_when_a_process_cannot_be_kept_up_all_others_end(tmp_path: Path, port_in_use: int) -> None:
    started = Started(tmp_path / "data", VARSEL_SMTP_URL=f"smtp://127.0.0.1:{port_in_use}")

    code = started.end()

    assert code == 1
    assert "varsel: the catch-all process cannot be kept up" in started.said
    assert started.outlived_by() == []


def test_told_to_stop_while_a_process_is_started_again_it_leaves_nothing_behind(
    tmp_path: Path, port_in_use: int
) -> None:
    started = Started(tmp_path / "data", VARSEL_SMTP_URL=f"smtp://127.0.0.1:{port_in_use}")
    until(lambda: '"process": "catch-all"' in started.said)

    code = started.end(signal.SIGTERM)

    assert code == 0
    assert "Everything is stopped." in started.said
    assert started.outlived_by() == []


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
