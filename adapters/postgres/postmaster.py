"""What a server of our own leaves behind in its data folder, and how it is cleared away.

A running server keeps `postmaster.pid` there. A server whose starter was killed goes down by
itself a moment later; one that is still there when the folder is started again is stopped here.
Before a signal is sent, the process is verified to be a PostgreSQL server of that very folder,
since numbers of processes are used again.
"""

import os
import signal
import subprocess
import time
from enum import Enum, auto
from itertools import pairwise
from pathlib import Path

import structlog

from adapters.postgres.errors import PostgresStartError

_log = structlog.get_logger(__name__)

_PROCESSES = Path("/proc")
_SECONDS_FOR_A_FAST_STOP = 30.0
_SECONDS_FOR_A_HARD_STOP = 10.0
_READY_LINE = 7
_READY = {"ready", "standby"}


class Holder(Enum):
    """Who bears the process number that a data folder names."""

    NOBODY = auto()
    SERVER_OF_THIS_FOLDER = auto()
    ANOTHER_SERVER = auto()
    SOMETHING_ELSE = auto()


def pid_file(cluster: Path) -> Path:
    """Name the file by which a data folder tells its server."""
    return cluster / "postmaster.pid"


def is_ready(cluster: Path, pid: int) -> bool:
    """Tell whether the server `pid` has said that it takes connections."""
    lines = _lines(cluster)
    return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE] in _READY


def stop_left_over(cluster: Path) -> None:
    """Stop a server that outlived its starter, and see to it that a new one can start.

    To be called by whoever holds the lock of the data folder.
    """
    lines = _lines(cluster)
    if not lines or not lines[0].isdecimal():
        return
    pid = int(lines[0])
    match holder(pid, cluster):
        case Holder.SERVER_OF_THIS_FOLDER:
            _log.warning("left_over_server_stopped", pid=pid, folder=str(cluster))
            _stop(pid, cluster)
        case Holder.SOMETHING_ELSE if not _is_worked_in(cluster):
            # The number was given to another process since: the server of then is gone,
            # and PostgreSQL would take this process for it and refuse to start.
            pid_file(cluster).unlink(missing_ok=True)
        case _:
            pass  # PostgreSQL itself judges what else there may be.


def holder(pid: int, cluster: Path) -> Holder:
    """Tell what kind of process bears the number `pid`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Holder.NOBODY
    except PermissionError:
        pass  # it is there, and is another user's
    command = _command(pid)
    if not command:
        # A zombie, whose number nobody else gets before its parent looks after it, or a thread of
        # the kernel's own; PostgreSQL would take either for a living server.
        return Holder.SOMETHING_ELSE
    if Path(command[0]).name not in {"postgres", "postmaster"}:
        is_backend = command[0].startswith("postgres:")
        return Holder.ANOTHER_SERVER if is_backend else Holder.SOMETHING_ELSE
    folders = [after for option, after in pairwise(command) if option == "-D"]
    is_ours = any(Path(folder).resolve() == cluster.resolve() for folder in folders)
    return Holder.SERVER_OF_THIS_FOLDER if is_ours else Holder.ANOTHER_SERVER


def _stop(pid: int, cluster: Path) -> None:
    for request, patience in (
        (signal.SIGINT, _SECONDS_FOR_A_FAST_STOP),
        (signal.SIGQUIT, _SECONDS_FOR_A_HARD_STOP),
    ):
        try:
            os.kill(pid, request)
        except ProcessLookupError:
            return
        except PermissionError:
            break
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if holder(pid, cluster) is not Holder.SERVER_OF_THIS_FOLDER:
                return
            time.sleep(0.01)
    raise PostgresStartError(
        f"A PostgreSQL server (process {pid}) still runs on {cluster} and could not be stopped: "
        "stop it, then start again."
    )


def _lines(cluster: Path) -> list[str]:
    try:
        return [line.strip() for line in pid_file(cluster).read_text().splitlines()]
    except FileNotFoundError:
        return []


def _command(pid: int) -> list[str]:
    if _PROCESSES.joinpath("self").exists():
        try:
            words = _PROCESSES.joinpath(str(pid), "cmdline").read_bytes().split(b"\0")
        except OSError:
            return []
        return [os.fsdecode(word) for word in words if word]
    told = subprocess.run(  # noqa: S603  # a fixed program and a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.split()


def _is_worked_in(cluster: Path) -> bool:
    """Tell whether any process, such as an orphan of a killed server, works in the folder."""
    for process in _PROCESSES.glob("[0-9]*"):
        try:
            if process.joinpath("cwd").readlink() == cluster.resolve():
                return True
        except OSError:
            continue  # gone meanwhile, or not ours to look at
    return not _PROCESSES.joinpath("self").exists()
