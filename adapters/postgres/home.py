"""The folder in which a server of our own lives: its lock, its log and its database.

    <data>/lock         held while a server runs on this data folder
    <data>/server.log   what the server says
    <data>/cluster/     the database
    <data>/socket-…/    through which alone a running server is reached
    <data>/elsewhere    a link; if it is there, the database is where it leads

The link is made when we are root and the account that runs the server cannot reach the data
folder, as below /root. No folder's mode is changed for that: the database then lives in a new
folder below /var/lib/varsel, and the data folder keeps the link to it. Whoever removes the data
folder starts afresh, and may remove what the link led to.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.postgres.account import Account, account_for
from adapters.postgres.errors import DataFolderInUseError, PostgresStartError

ELSEWHERE = Path("/var/lib/varsel")

_LONGEST_LOG = 10 * 1024 * 1024
_SUBSTITUTE_FOR_ROOT = "nobody"
_SOCKET_FOLDER = "socket-"
# The path of a socket has 107 bytes on Linux and 103 on macOS, this name included.
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the database lives and which account keeps it."""

    folder: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """The folder that PostgreSQL itself calls the data directory."""
        return self.folder / "cluster"

    @property
    def is_new(self) -> bool:
        """Whether no database has been made here yet."""
        return not self.cluster.exists()

    @property
    def major(self) -> int | None:
        """The PostgreSQL release that wrote the database, if there is one."""
        if self.is_new:
            return None
        try:
            return int(self.cluster.joinpath("PG_VERSION").read_text())
        except (FileNotFoundError, ValueError):
            raise PostgresStartError(
                f"The folder {self.cluster} holds no PostgreSQL database: "
                "move it away, or name another data folder."
            ) from None


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep every other starter away from the data folder.

    The lock goes with the process that holds it, however that ends.
    """
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    with data.joinpath("lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DataFolderInUseError(
                f"The data folder {data} is in use by another varsel "
                f"(process {lock.read().strip() or 'unknown'}): stop that one first, "
                "or name another data folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def home_of(data: Path, *, elsewhere: Path) -> Home:
    """Find the database of a data folder, or the place where it is to be made."""
    link = data / "elsewhere"
    folder = link.resolve() if link.is_symlink() else data
    if not folder.is_dir():
        raise PostgresStartError(
            f"The link {link} leads to {folder}, which is not there: "
            "bring it back, or remove the link to start with an empty database."
        )
    account = account_for(folder / "cluster", substitute=_SUBSTITUTE_FOR_ROOT)
    home = Home(folder=folder, account=account)
    if account.can_enter(folder):
        return home
    if not home.is_new or link.is_symlink():
        raise PostgresStartError(
            f"The account that runs PostgreSQL (uid {account.uid}) can no longer reach {folder}: "
            "let it through the folders above, or start as an ordinary user."
        )
    return Home(folder=_moved_to(elsewhere, link, account), account=account)


def socket_folder(home: Home) -> Path:
    """Make the folder through which alone the server is reached: private, and of a short path.

    It lies beside the database, where nobody cleans; only if that path is too long for a socket,
    among the temporary files.
    To be called by whoever holds the lock of the data folder: what earlier servers left is removed.
    """
    for left in home.folder.glob(f"{_SOCKET_FOLDER}*"):
        shutil.rmtree(left, ignore_errors=True)
    temporary = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # the folder made in it is private
    for parent, prefix in (
        (home.folder, _SOCKET_FOLDER),
        *((each, "varsel-") for each in temporary),
    ):
        if not home.account.can_enter(parent):
            continue
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if len(os.fsencode(made)) <= _LONGEST_SOCKET_FOLDER:
            home.account.own(made)
            return made
        made.rmdir()
    raise PostgresStartError(
        "No temporary folder is fit for PostgreSQL's socket: set TMPDIR to one that has a short "
        "path and that every user may enter."
    )


def restore_socket_folder(sockets: Path, account: Account) -> None:
    """Make the folder again, under the same path, if somebody has cleaned it away."""
    if not sockets.exists():
        sockets.mkdir(mode=0o700, parents=True)
        account.own(sockets)


def log_file(data: Path) -> Path:
    """Name the server's log, after putting one that has grown long aside."""
    log = data / "server.log"
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        log.replace(data / "server.log.1")
    log.touch(mode=0o600)
    return log


def _moved_to(elsewhere: Path, link: Path, account: Account) -> Path:
    if not elsewhere.exists():
        elsewhere.mkdir(parents=True)
        elsewhere.chmod(0o711)
    folder = Path(tempfile.mkdtemp(prefix=f"{link.parent.name}-", dir=elsewhere))
    folder.chmod(0o711)
    if not account.can_enter(folder):
        folder.rmdir()
        raise PostgresStartError(
            f"The account that runs PostgreSQL (uid {account.uid}) can reach neither "
            f"{link.parent} nor {elsewhere}: name a data folder that every user may enter."
        )
    link.symlink_to(folder)
    return folder
