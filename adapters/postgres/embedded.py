"""A PostgreSQL server of our own, for whoever has none.

It is a child of the process that starts it and is reached through a socket in a private folder
only; it listens to no network. It lets in whom it was started by, as the superuser, and nobody else:
the operating system itself says who is at the other end of the socket.

It goes down with its starter, even if that is killed: a shell waits at a pipe which the starter
holds open, and stops the server when it closes. (Linux's own signal for a parent's death comes when
the *thread* that started the child ends, and is not to be had on macOS.) Processes that are forked
from the starter and run on keep the pipe, and thereby the server, open.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import structlog
from psycopg.conninfo import make_conninfo

from adapters.postgres.binaries import Binaries, find_binaries, installed_folders, wheel_folder
from adapters.postgres.errors import PostgresStartError
from adapters.postgres.home import (
    ELSEWHERE,
    Home,
    home_of,
    locked,
    log_file,
    restore_socket_folder,
    socket_folder,
)
from adapters.postgres.postmaster import is_ready, stop_left_over

_log = structlog.get_logger(__name__)

_PORT = "5432"
_SOCKET = f".s.PGSQL.{_PORT}"
_SUPERUSER = "postgres"
_MAP = "starter"
_STILL_HELD = ("is still in use", 'lock file "')
_SECONDS_FOR_A_FAST_STOP = 30.0
_SECONDS_FOR_A_HARD_STOP = 10.0
_SECONDS_FOR_ORPHANS_TO_END = 10.0
_SECONDS_BETWEEN_TRIES = 0.1
_FIRST_WITH_BUILTIN_LOCALE = 17

EMBEDDED = "varsel_embedded"
"""What a server of our own calls itself (`cluster_name`), which no session can change."""

_ALWAYS = {
    "cluster_name": EMBEDDED,
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The server's log must not tell what is in the database: neither the text of a failing
    # statement nor the values of the key that it violates.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
_FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_GUARD = """
read -r _
if read -r own <"$2/pid" && read -r pid <"$1/postmaster.pid" && [ "$pid" = "$own" ]
then kill -INT "$own"; fi 2>/dev/null
rm -rf -- "$2"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """A server that was launched, and what it was launched from."""

    home: Home
    binaries: Binaries
    sockets: Path
    server: subprocess.Popen[bytes]


class EmbeddedPostgres:
    """A PostgreSQL server that lives in a data folder and as long as its starter.

    The data folder is made if it is missing and used again if it is not. `settings` are the
    server's own (`max_connections` and the like); where it listens is not theirs to say.
    What is not `durable` may be lost with the machine, and is for tests.
    `heed` is called again and again while a start waits; what it raises breaks the start off.
    """

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
        patience: float = 120.0,
        heed: Callable[[], None] = lambda: None,
        elsewhere: Path = ELSEWHERE,
        wheel: Callable[[], Path | None] = wheel_folder,
        installed: Callable[[], Iterable[Path]] = installed_folders,
    ) -> None:
        self._data = data.resolve()
        self._settings = _ALWAYS | ({} if durable else _FOR_TESTS) | dict(settings or {})
        self._durable = durable
        self._patience = patience
        self._heed = heed
        self._elsewhere = elsewhere
        self._wheel = wheel
        self._installed = installed
        self._conninfo: str | None = None
        self._served: _Served | None = None
        self._to_undo = ExitStack()

    def start(self) -> str:
        """Start the server, and tell how to connect to it; to start twice is to start once.

        Raises:
            DataFolderInUseError: another process runs a server on this data folder.
            PostgresStartError: the server cannot be started; the text says what to do.
        """
        if self._conninfo is None:
            began = time.monotonic()
            try:
                with ExitStack() as to_undo:
                    self._conninfo = self._start(to_undo)
                    self._to_undo = to_undo.pop_all()
            except OSError as error:
                raise PostgresStartError(
                    f"PostgreSQL could not be started in {self._data}: "
                    f"{error.strerror} ({error.filename})."
                ) from error
            _log.info("embedded_postgres_started", seconds=round(time.monotonic() - began, 2))
        return self._conninfo

    def revive(self) -> bool:
        """Start the server again if it has died by itself, to be reached as before; whether it had.

        One whose socket was cleaned away can be reached by nobody any more, and is started again, too.

        Raises:
            PostgresStartError: it cannot be started again; the text says what to do.
        """
        served = self._served
        if served is None:
            return False
        if served.server.poll() is None:
            if (served.sockets / _SOCKET).exists():
                return False
            _log.warning("embedded_postgres_socket_gone", does="starts the server again")
            _stop_server(served.server)
        else:
            _log.warning(
                "embedded_postgres_died", code=served.server.returncode, does="starts it again"
            )
        restore_socket_folder(served.sockets, served.home.account)
        self._serve_at_last(served.home, served.binaries, served.sockets)
        return True

    def stop(self) -> None:
        """Stop the server, unless it is stopped already."""
        self._conninfo = None
        self._to_undo.close()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self, to_undo: ExitStack) -> str:
        to_undo.enter_context(locked(self._data))
        home = home_of(self._data, elsewhere=self._elsewhere)
        binaries = find_binaries(
            account=home.account,
            home=home.folder,
            major=home.major,
            wheel=self._wheel(),
            installed=self._installed(),
        )
        if home.is_new:
            self._make_cluster(home, binaries)
        _let_in_whoever_starts_it(home)
        stop_left_over(home.cluster)

        sockets = socket_folder(home)
        to_undo.callback(shutil.rmtree, sockets, ignore_errors=True)
        to_undo.callback(_dismiss, _spawn_guard(home, sockets))
        to_undo.callback(self._end_serving)
        self._serve_at_last(home, binaries, sockets)
        return make_conninfo(host=str(sockets), port=_PORT, user=_SUPERUSER, dbname="postgres")

    def _serve_at_last(self, home: Home, binaries: Binaries, sockets: Path) -> None:
        """Launch a server, though what a dead one had started keeps its memory until it notices."""
        end = time.monotonic() + _SECONDS_FOR_ORPHANS_TO_END
        while True:
            self._heed()
            stop_left_over(home.cluster)
            try:
                self._serve(home, binaries, sockets)
            except PostgresStartError as error:
                if not _is_held(str(error)) or time.monotonic() > end:
                    raise
                time.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                return

    def _serve(self, home: Home, binaries: Binaries, sockets: Path) -> None:
        """Launch a server, and wait until it is ready."""
        server = self._launch(home, binaries, sockets)
        self._served = _Served(home=home, binaries=binaries, sockets=sockets, server=server)
        self._await_readiness(server, home.cluster)

    def _end_serving(self) -> None:
        served, self._served = self._served, None
        if served is not None:
            _stop_server(served.server)

    def _make_cluster(self, home: Home, binaries: Binaries) -> None:
        # Made under another name first: one that was left half-made is never taken for whole.
        made = home.folder / "cluster.new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        home.account.own(made)
        options = [f"--pgdata={made}", f"--username={_SUPERUSER}", "--auth=trust"]
        options += ["--encoding=UTF8", "--no-locale", "--data-checksums", "--no-instructions"]
        if binaries.major >= _FIRST_WITH_BUILTIN_LOCALE:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self._durable:
            options += ["--no-sync"]
        initdb = home.account.run([binaries.folder / "initdb", *options])
        if initdb.returncode:
            raise PostgresStartError(
                f"The database could not be made in {home.folder}: {_reason(initdb.stderr)}"
            )
        made.rename(home.cluster)

    def _launch(self, home: Home, binaries: Binaries, sockets: Path) -> subprocess.Popen[bytes]:
        where = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "port": _PORT,
        }
        settings = [f"--{name}={value}" for name, value in (self._settings | where).items()]
        command: list[str | Path] = [binaries.folder / "postgres", "-D", home.cluster, *settings]
        with log_file(self._data).open("ab") as log:
            self._said_before = log.tell()
            server = home.account.spawn(command, output=log)
        # By it the guard knows which server is ours, also when another has taken its place.
        own = sockets / "pid"
        own.write_text(f"{server.pid}\n")
        home.account.own(own)
        return server

    def _await_readiness(self, server: subprocess.Popen[bytes], cluster: Path) -> None:
        end = time.monotonic() + self._patience
        while not is_ready(cluster, server.pid):
            self._heed()
            log = self._data / "server.log"
            if server.poll() is not None:
                said = log.read_bytes()[self._said_before :].decode(errors="replace")
                raise PostgresStartError(f"PostgreSQL did not start: {_reason(said)} (see {log})")
            if time.monotonic() > end:
                raise PostgresStartError(
                    f"PostgreSQL was not ready after {self._patience:.0f} seconds (see {log})."
                )
            time.sleep(0.005)


def _let_in_whoever_starts_it(home: Home) -> None:
    """Write down who is let in: the account that we run under, by the operating system's own word.

    It is written at every start, so that a database of an earlier release lets in no more either.
    An account without a name cannot be named there; it runs the server itself then, and the private
    folder of the socket keeps everybody else out.
    """
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        rule, names = "local all all trust", ""
    else:
        quoted = name.replace('"', '""')
        rule = f"local all {_SUPERUSER} peer map={_MAP}"
        names = f'{_MAP} "{quoted}" {_SUPERUSER}\n'
    for file, text in (("pg_hba.conf", f"{rule}\n"), ("pg_ident.conf", names)):
        path = home.cluster / file
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"# Written anew at every start.\n{text}")
        home.account.own(path)


def _is_held(said: str) -> bool:
    """Whether a start failed of what an earlier server has not let go of yet."""
    return any(words in said for words in _STILL_HELD)


def _spawn_guard(home: Home, sockets: Path) -> subprocess.Popen[bytes]:
    words: list[str | Path] = ["/bin/sh", "-c", _GUARD, "varsel-guard", home.cluster, sockets]
    with Path("/dev/null").open("wb") as nowhere:
        return home.account.spawn(words, stdin=subprocess.PIPE, output=nowhere)


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    guard.communicate()


def _stop_server(server: subprocess.Popen[bytes]) -> None:
    """Stop the server by its fast way, and by harder ones if it does not heed."""
    for request, patience in (
        (signal.SIGINT, _SECONDS_FOR_A_FAST_STOP),
        (signal.SIGQUIT, _SECONDS_FOR_A_HARD_STOP),
    ):
        server.send_signal(request)
        with suppress(subprocess.TimeoutExpired):
            server.wait(patience)
            return
    server.kill()
    server.wait()


def _reason(said: str) -> str:
    """Pick the line that tells why out of all that a program said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL:" in line or "error:" in line]
    return (telling or lines or ["it gave no reason."])[-1]
