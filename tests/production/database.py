"""A PostgreSQL server as a database's administrator runs it: reached by TLS and passwords alone.

Its programs are those of the system, or of Debian's package: those that come with the service speak no TLS.
"""

import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.account import Account, account_for
from tests.debian import environment, program

_PACKAGE: Final = "postgresql"
_PATIENCE: Final = 30.0
_SETTINGS: Final = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
ssl = on
ssl_cert_file = '{folder}/server.pem'
ssl_key_file = '{folder}/server.key'
password_encryption = scram-sha-256
max_connections = 100
shared_buffers = 32MB
"""


class Database:
    """A server that can be killed, and started again with what it had."""

    def __init__(self, folder: Path, port: int, *, authority: Path) -> None:
        """Make its cluster.

        Raises:
            ProgramUnavailableError: there is no PostgreSQL here, and none can be had.
        """
        self._folder = folder
        self._port = port
        self._authority = authority
        self._programs = program(_PACKAGE, "initdb").resolve().parent
        self._cluster = folder / "cluster"
        self._account: Account = account_for(folder, substitute="nobody")
        self._process: subprocess.Popen[bytes] | None = None
        self._password = "of the database's administrator"
        folder.mkdir(mode=0o700)
        self._account.own(folder)

    def make(self, *, hba: str, chain: bytes, key: bytes) -> None:
        """Make the cluster, which lets in whom `hba` says, and its administrator."""
        for name, content in (
            ("password", self._password.encode()),
            ("server.pem", chain),
            ("server.key", key),
        ):
            file = self._folder / name
            file.touch(mode=0o600)
            file.write_bytes(content)
            self._account.own(file)
        self._run(
            self._programs / "initdb",
            *("--pgdata", self._cluster, "--username=postgres", "--auth=scram-sha-256"),
            *("--pwfile", self._folder / "password", "--encoding=UTF8", "--no-sync"),
        )
        administrator = "hostssl all postgres all scram-sha-256\n"
        (self._cluster / "pg_hba.conf").write_text(administrator + hba)
        with (self._cluster / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.format(port=self._port, folder=self._folder))

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._cluster],
                **self._as_its_user(),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it, in good order or otherwise (SIGQUIT)."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_PATIENCE)
            self._process = None

    def ask(self, statement: LiteralString, *parameters: object) -> list[tuple[object, ...]]:
        """The rows of a statement, asked as the administrator."""
        conninfo = make_conninfo(
            host="localhost",
            port=str(self._port),
            user="postgres",
            password=self._password,
            dbname="postgres",
            sslmode="verify-full",
            sslrootcert=str(self._authority),
            connect_timeout="5",
        )
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, **self._as_its_user(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def _as_its_user(self) -> dict[str, Any]:
        return {
            "cwd": "/",
            "env": {**environment(_PACKAGE), "LC_ALL": "C"},
            "start_new_session": True,
            "user": self._account.uid,
            "group": self._account.gid,
            "extra_groups": None if self._account.uid is None else (),
        }
