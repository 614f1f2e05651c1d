"""A running installation tells where it is, to its own user only, and for as long as it lives."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrypoints.running import Running, SomebodyElsesError, announced, find, noted, notes_of

_NOBODY = 65534
_ANNOUNCE = """
import sys
from pathlib import Path
from entrypoints.running import Running, announced
data, notes = map(Path, sys.argv[1:])
running = Running(data=data, base_url="http://127.0.0.1:1", database="host=/there", issues_tokens=True)
with announced(running, notes):
    print("announced", flush=True)
    input()
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "state" / "varsel" / "running"


@contextmanager
def not_root() -> Iterator[None]:
    """Whom the modes of files mean something to."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def installation(data: Path, port: int = 8080) -> Running:
    data.mkdir(exist_ok=True)
    return Running(
        data=data,
        base_url=f"http://127.0.0.1:{port}",
        database="host=/there password=secret",
        issues_tokens=True,
    )


def test_it_is_found_by_its_folder_and_among_what_its_user_has_started(
    tmp_path: Path, notes: Path
) -> None:
    running = installation(tmp_path / "data")

    with announced(running, notes):
        assert find(tmp_path / "data") == running
        assert noted(notes) == [running]

    assert find(tmp_path / "data") is None
    assert noted(notes) == []
    assert list((tmp_path / "data").iterdir()) == []
    assert list(notes.iterdir()) == []


def test_nobody_else_reads_it_and_the_note_holds_no_secret(tmp_path: Path, notes: Path) -> None:
    with announced(installation(tmp_path / "data"), notes):
        (note,) = notes.iterdir()
        told = tmp_path / "data" / "running.json"

        assert stat.S_IMODE(told.stat().st_mode) == 0o600
        assert stat.S_IMODE(note.stat().st_mode) == 0o600
        assert note.read_text() == f"{tmp_path / 'data'}\n"


def test_what_was_killed_is_found_no_more_whatever_it_left(tmp_path: Path, notes: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    killed = subprocess.Popen(
        [sys.executable, "-c", _ANNOUNCE, str(data), str(notes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"announced\n"
        assert [each.data for each in noted(notes)] == [data]
        killed.send_signal(signal.SIGKILL)

    assert (data / "running.json").exists()
    assert find(data) is None
    assert noted(notes) == []
    # Its note goes with the next start.
    with announced(installation(tmp_path / "next"), notes):
        (note,) = notes.iterdir()
        assert note.read_text() == f"{tmp_path / 'next'}\n"


def test_the_end_of_one_does_not_hide_another_on_the_same_folder(
    tmp_path: Path, notes: Path
) -> None:
    first, second = (installation(tmp_path / "data", port) for port in (8080, 8081))

    with announced(first, notes):
        later = announced(second, notes)
        later.__enter__()
    assert find(tmp_path / "data") == second
    assert noted(notes) == [second]
    later.__exit__(None, None, None)

    assert find(tmp_path / "data") is None


def test_without_a_home_it_is_found_by_its_folder(tmp_path: Path) -> None:
    not_a_folder = tmp_path / "file"
    not_a_folder.touch()

    with announced(installation(tmp_path / "data"), not_a_folder / "running"):
        assert find(tmp_path / "data") is not None
        assert noted(not_a_folder / "running") == []


def test_a_folder_that_does_not_tell_us_is_said_to_be_somebody_elses(
    tmp_path: Path, notes: Path
) -> None:
    with announced(installation(tmp_path / "data"), notes):
        (tmp_path / "data" / "running.json").chmod(0)

        with not_root(), pytest.raises(SomebodyElsesError, match="call the command as that user"):
            find(tmp_path / "data")


def test_the_notes_are_below_the_home_from_wherever_the_user_comes() -> None:
    assert notes_of({}) == Path.home() / ".local" / "state" / "varsel" / "running"
    assert notes_of({"XDG_STATE_HOME": "/state"}) == Path("/state/varsel/running")
    assert notes_of({"XDG_STATE_HOME": "not/absolute"}) == notes_of({})
