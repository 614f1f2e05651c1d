"""The databases that tests run on: one server a session, a fresh database for each test.

The server is one of our own, without the promise to survive a failing machine. If
VARSEL_TEST_DATABASE_URL names another, that one is used; its user must be allowed to create
databases.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.postgres import EmbeddedPostgres, migrate

_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder made in it has a name of its own
_ENOUGH = 2 * 1024**3
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


@contextmanager
def server() -> Iterator[str]:
    """Provide a server, and yield how to connect to it."""
    if given := os.environ.get("VARSEL_TEST_DATABASE_URL"):
        yield given
        return
    with (
        scratch_folder() as folder,
        EmbeddedPostgres(folder / "postgres", settings=_SETTINGS, durable=False) as conninfo,
    ):
        yield conninfo


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that the server's account can enter, as pytest's own cannot be by all."""
    with tempfile.TemporaryDirectory(prefix="varsel-test-", dir=_place()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def _place() -> Path | None:
    """Prefer memory, where a database is made in 7 ms instead of 50, if there is enough of it."""
    if not os.access(_MEMORY, os.W_OK):
        return None
    is_executable = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    is_roomy = shutil.disk_usage(_MEMORY).free > _ENOUGH
    return _MEMORY if is_executable and is_roomy else None


class Databases:
    """Makes databases for single tests, as a rule with the whole schema and no rows."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection = psycopg.connect(conninfo, autocommit=True)
        self._template = f"varsel_template_{uuid4().hex}"
        self._connection.execute(SQL("CREATE DATABASE {}").format(Identifier(self._template)))
        self._migrate()

    @contextmanager
    def fresh(self, *, has_schema: bool = True) -> Iterator[str]:
        """Yield a database of one's own, which is dropped afterwards."""
        name = f"varsel_test_{uuid4().hex}"
        self._connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                Identifier(name), Identifier(self._template if has_schema else "template0")
            )
        )
        try:
            yield make_conninfo(self._conninfo, dbname=name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Leave the server as it was found."""
        self._drop(self._template)
        self._connection.close()

    def _drop(self, name: str) -> None:
        self._connection.execute(
            SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
        )

    def _migrate(self) -> None:
        # In a thread of its own: the event loop of a test may be running in this one.
        failures: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(migrate(make_conninfo(self._conninfo, dbname=self._template)))
            except BaseException as failure:  # noqa: BLE001  # handed to the waiting thread
                failures.append(failure)

        thread = Thread(target=run)
        thread.start()
        thread.join()
        for failure in failures:
            raise failure
