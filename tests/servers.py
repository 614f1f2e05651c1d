"""Servers to which something happens: durable ones that can be killed, on a disk that can be full, and pairs."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres import EmbeddedPostgres, migrate
from tests.databases import scratch_folder
from tests.missing import MissingError

_PATIENCE = 30.0
_PAGE = 4096
_SIZE_OF_A_SMALL_DISK = "256m"
_SETTINGS = {"shared_buffers": "16MB", "autovacuum": "off", "max_connections": "50"}


class NoDiskError(MissingError):
    """There is no disk that can be filled."""


class Server:
    """A durable server, which is reached at the same place each time that it runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = folder.with_name(f"{folder.name}.at")
        self._running: EmbeddedPostgres | None = None
        self.conninfo = make_conninfo(
            host=str(self._place), port="5432", user="postgres", dbname="postgres"
        )

    def start(self, **settings: str) -> None:
        """Start it with settings of the server's own, and wait until it takes connections."""
        # A standby runs under the same account as its primary, which our own rules let in nowhere.
        rules = self._folder.with_name(f"{self._folder.name}.hba")
        rules.write_text("local all all trust\nlocal replication all trust\n")
        ours = {"hba_file": str(rules)}
        running = EmbeddedPostgres(self._folder, settings=_SETTINGS | ours | settings)
        sockets = conninfo_to_dict(running.start())["host"]
        self._running = running
        self._place.unlink(missing_ok=True)
        self._place.symlink_to(str(sockets))

    def stop(self) -> None:
        """Stop it in good order, if it still runs."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def kill(self) -> None:
        """End all its processes at once, as when its machine is gone."""
        for pid in (self.postmaster, *self.processes()):
            with suppress(ProcessLookupError):  # the others go by themselves, without the first
                os.kill(pid, signal.SIGKILL)
        self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls the data directory."""
        (found,) = self._folder.glob("*/PG_VERSION")
        return found.parent

    @property
    def postmaster(self) -> int:
        """The process that has started all others."""
        return int((self.cluster / "postmaster.pid").read_text().split()[0])

    @property
    def is_up(self) -> bool:
        """Whether it has a postmaster."""
        return (self.cluster / "postmaster.pid").exists()

    @property
    def said(self) -> str:
        """Its own log."""
        return (self._folder / "server.log").read_text(errors="replace")

    def processes(self) -> list[int]:
        """The processes that the postmaster has started."""
        pid = self.postmaster
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def ask(self, statement: LiteralString, *parameters: object) -> Any:  # noqa: ANN401  # a column of any type
        """The first column of a statement's first row, if it has any."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]


@asynccontextmanager
async def a_server() -> AsyncIterator[Server]:
    """A durable server with the whole schema."""
    with scratch_folder() as folder, Server(folder / "postgres") as server:
        await migrate(server.conninfo)
        yield server


class Pair:
    """A primary, and a standby that follows it."""

    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary = primary
        self.standby = standby
        hosts = (str(conninfo_to_dict(each.conninfo)["host"]) for each in (standby, primary))
        self.conninfo = make_conninfo(primary.conninfo, host=",".join(hosts), port="5432,5432")
        """Both hosts, the standby first."""

    async def level(self) -> None:
        """Wait until the standby has received everything."""
        written = self.primary.ask("SELECT pg_current_wal_flush_lsn()")
        received: LiteralString = "SELECT coalesce(pg_last_wal_receive_lsn() >= %s::pg_lsn, false)"
        await until(lambda: bool(self.standby.ask(received, written)))

    async def part(self) -> None:
        """Let the standby receive nothing more."""
        self.standby.ask("ALTER SYSTEM RESET primary_conninfo")
        self.standby.ask("SELECT pg_reload_conf()")
        await until(lambda: self.standby.ask("SELECT count(*) FROM pg_stat_wal_receiver") == 0)

    async def join(self) -> None:
        """Let the standby receive again what it has missed."""
        self.follow()
        self.standby.ask("SELECT pg_reload_conf()")
        await self.level()

    def follow(self) -> None:
        """Name the primary to the standby, which has to read it yet."""
        followed = f"primary_conninfo = '{self.primary.conninfo}'\n"
        with (self.standby.cluster / "postgresql.auto.conf").open("a") as settings:
            settings.write(followed)

    def commits_that_wait(self) -> list[int]:
        """Who waits at the primary until the standby has a commit."""
        found = self.primary.ask(
            "SELECT array_agg(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        )
        return list(found or ())

    def promote(self) -> None:
        """Let the standby be the primary, which has gone."""
        self.primary.kill()
        self.standby.ask("SELECT pg_promote(wait => false)")

    def promote_beside(self) -> None:
        """Let the standby be the primary, while the former one takes writes, too."""
        self.standby.ask("SELECT pg_promote(wait => true)")


@asynccontextmanager
async def a_pair(*, delay: str = "0", synchronous: bool = False) -> AsyncIterator[Pair]:
    """A primary with the whole schema, and a standby that replays its log after a delay."""
    with scratch_folder() as folder:
        async with a_pair_in(folder, delay=delay, synchronous=synchronous) as pair:
            yield pair


@asynccontextmanager
async def a_pair_in(
    folder: Path, *, delay: str = "0", synchronous: bool = False
) -> AsyncIterator[Pair]:
    """The same in a folder that the server's account can enter.

    Where it is not synchronous from the beginning it can be made so: what a server is started with
    outdoes whatever it is told later.
    """
    pair = Pair(Server(folder / "primary"), Server(folder / "standby"))
    with pair.primary:
        await migrate(pair.primary.conninfo)
    _run("cp", "-a", str(folder / "primary"), str(folder / "standby"))
    (pair.standby.cluster / "standby.signal").touch()
    pair.follow()
    try:
        pair.primary.start(**({"synchronous_standby_names": "*"} if synchronous else {}))
        pair.standby.start(recovery_min_apply_delay=delay)
        await pair.level()
        yield pair
    finally:
        pair.standby.stop()
        pair.primary.stop()


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room for a single page."""
        with self._ballast.open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(_PAGE))

    def clear(self) -> None:
        """Make room."""
        self._ballast.unlink()


@asynccontextmanager
async def a_server_on_a_small_disk() -> AsyncIterator[tuple[Server, Disk]]:
    """A durable server with the whole schema, whose data is on a disk that can be filled.

    Raises:
        NoDiskError: this machine lets nobody like us mount one.
    """
    with scratch_folder() as folder:
        mounted = folder / "postgres"
        mounted.mkdir()
        options = f"size={_SIZE_OF_A_SMALL_DISK},mode=711"
        try:
            _run("mount", "-t", "tmpfs", "-o", options, "varsel-test", str(mounted))
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoDiskError("a disk is mounted by root alone") from error
        try:
            with Server(mounted) as server:
                await migrate(server.conninfo)
                yield server, Disk(mounted)
        finally:
            _run("umount", "--lazy", str(mounted))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


async def until(true: Callable[[], bool]) -> None:
    """Look until something has come about."""
    deadline = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.02)
