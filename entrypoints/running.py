"""What a running installation tells the commands beside it: where it listens and keeps its data.

It tells so in its data folder, in a file which it holds locked: the lock goes with the process, however
that ends. Whoever started it also notes the folder below the own home, so that commands find it from
anywhere; the note says no more than where.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct


class Running(Struct, frozen=True, kw_only=True):
    """A running installation, as its data folder tells of it."""

    data: Path
    base_url: str
    database: str
    """How to connect to the database; readable by the installation's own user only."""
    issues_tokens: bool
    """Whether its development issuer is on."""
    key_file: Path | None = None
    """The file of its keys, where that is not in the data folder."""
    owners_file: Path | None = None
    followed: Mapping[str, str] = {}
    """The settings by which it follows the stand-ins for the registers that were started with it."""


class SomebodyElsesError(Exception):
    """A data folder belongs to another user; the text is one line that says what to do."""


def notes_of(environ: Mapping[str, str]) -> Path:
    """The folder where a user's installations are noted: the same one from any session of that user."""
    given = Path(environ.get("XDG_STATE_HOME", ""))
    state = given if given.is_absolute() else Path("~/.local/state").expanduser()
    return state / "varsel" / "running"


@contextlib.contextmanager
def announced(running: Running, notes: Path) -> Iterator[None]:
    """Tell the commands beside us where we are, for as long as we are there."""
    file = _file(running.data)
    made = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(_private(made), "wb") as told:
        fcntl.flock(told, fcntl.LOCK_EX)
        told.write(msgspec.json.encode(running, enc_hook=str))
        told.flush()
        made.replace(file)
        note = notes / sha256(bytes(running.data)).hexdigest()[:16]
        with contextlib.suppress(OSError):  # without a home that can be written to nothing is noted
            _note(note, running.data)
        try:
            yield
        finally:
            # Another that was started on the same folder since then has told of itself.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(told.fileno()), file.stat()):
                    file.unlink()
                    note.unlink()


def find(data: Path) -> Running | None:
    """The installation that runs on this data folder; None if none does.

    Raises:
        SomebodyElsesError: another user's folder does not tell.
    """
    try:
        with _file(data).open("rb") as told:
            return _read(told.read()) if _is_held(told.fileno()) else None
    except PermissionError:
        raise SomebodyElsesError(
            f"the data folder {data} belongs to another user: call the command as that user"
        ) from None
    except (OSError, msgspec.MsgspecError):
        return None


def noted(notes: Path) -> Sequence[Running]:
    """The installations that a user has started, and that run."""
    return [running for _, running in _looked_up(notes) if running is not None]


def _file(data: Path) -> Path:
    return data / "running.json"


def _private(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)


def _read(told: bytes) -> Running:
    return msgspec.json.decode(told, type=Running, dec_hook=lambda kind, text: kind(text))


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _note(note: Path, data: Path) -> None:
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # What was killed could not take its note away.
    for old, running in _looked_up(note.parent):
        if running is None:
            old.unlink(missing_ok=True)
    with os.fdopen(_private(note), "w") as written:
        written.write(f"{data}\n")


def _looked_up(notes: Path) -> Iterator[tuple[Path, Running | None]]:
    """Each note of a user's, with what runs there."""
    for note in sorted(notes.glob("*")):
        running = None
        with contextlib.suppress(OSError, UnicodeDecodeError, SomebodyElsesError):
            running = find(Path(note.read_text().removesuffix("\n")))
        yield note, running
