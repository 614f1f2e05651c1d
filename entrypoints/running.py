"""What a running installation tells the commands beside it: where it listens and keeps its data."""

import contextlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct


class Running(Struct, frozen=True, kw_only=True):
    """A running installation, as its data folder tells of it."""

    pid: int
    base_url: str
    database: str
    """How to connect to the database; readable by the installation's own user only."""
    issues_tokens: bool
    """Whether its development issuer is on."""


def _file(data: Path) -> Path:
    return data / "running.json"


def announce(data: Path, running: Running) -> None:
    """Tell the commands beside us where we are."""
    file = _file(data)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(running))


def withdraw(data: Path) -> None:
    """Tell the commands beside us that we are gone."""
    with contextlib.suppress(FileNotFoundError):
        _file(data).unlink()


def find(data: Path) -> Running | None:
    """The installation that runs on this data folder; None if none does."""
    try:
        running = msgspec.json.decode(_file(data).read_bytes(), type=Running)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    try:
        os.kill(running.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return running  # it is there, and somebody else's
    return running
