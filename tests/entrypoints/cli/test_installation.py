"""A command finds the installation that runs, wherever it is called and wherever that keeps its data."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrypoints.processes import MAILBOX
from entrypoints.running import Running, announced
from entrypoints.sandbox.mailbox import MAILBOX_FILE

_HERE = Path(__file__).resolve().parents[3]


class Command:
    """`varsel`, of a checkout of its own, as called by a user who has another folder before him."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self._folder = folder
        shutil.copytree(_HERE / "entrypoints", self.checkout / "entrypoints")
        shutil.copy(_HERE / "pyproject.toml", self.checkout)
        for room in ("domain", "application", "adapters"):
            (self.checkout / room).symlink_to(_HERE / room)

    @contextmanager
    def running(
        self, data: Path, port: int = 8080, database: str = "host=/nowhere"
    ) -> Iterator[None]:
        """An installation of this user's."""
        data.mkdir(exist_ok=True)
        running = Running(
            data=data,
            base_url=f"http://127.0.0.1:{port}",
            database=database,
            issues_tokens=True,
        )
        with announced(running, self._folder / "state" / "varsel" / "running"):
            yield

    def __call__(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("VARSEL_")}
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *words],
            env={
                **bare,
                "PYTHONPATH": str(self.checkout),
                "XDG_STATE_HOME": str(self._folder / "state"),
                **settings,
            },
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def refused(self, *words: str, **settings: str) -> str:
        """The one line with which it refuses."""
        said = self(*words, **settings)
        assert said.returncode == 1, said.stdout
        (line,) = said.stderr.splitlines()
        return line


@pytest.fixture
def varsel(tmp_path: Path) -> Command:
    return Command(tmp_path)


def test_the_only_one_that_runs_is_found_wherever_its_data_is(
    varsel: Command, tmp_path: Path
) -> None:
    with varsel.running(tmp_path / "data"):
        issued = varsel("token")

    assert issued.returncode == 0, issued.stderr
    assert issued.stdout.startswith("eyJ")
    # The service there knows the key, and no other was made.
    assert (tmp_path / "data" / "development-issuer.pem").exists()
    assert not (varsel.checkout / "var").exists()


def test_its_database_is_the_commands_database(
    varsel: Command, tmp_path: Path, database_url: str
) -> None:
    with varsel.running(tmp_path / "data", database=database_url):
        assert varsel("owners", "stopped").returncode == 0
        assert varsel("projections", "failed").returncode == 0

    # What is sealed there is opened with the keys that lie there.
    assert (tmp_path / "data" / "keys.json").exists()
    assert not (varsel.checkout / "var").exists()


def test_its_mailbox_is_the_one_that_is_shown(varsel: Command, tmp_path: Path) -> None:
    (tmp_path / "data" / MAILBOX).mkdir(parents=True)
    (tmp_path / "data" / MAILBOX / MAILBOX_FILE).write_text(
        "no mailbox, as it says when it is read"
    )

    with varsel.running(tmp_path / "data"):
        assert str(tmp_path / "data") in varsel.refused("mailbox")


def test_that_of_the_checkout_is_meant_before_others(varsel: Command, tmp_path: Path) -> None:
    with varsel.running(varsel.checkout / "var"), varsel.running(tmp_path / "other", 8081):
        assert varsel("token").returncode == 0

    assert (varsel.checkout / "var" / "development-issuer.pem").exists()


@pytest.mark.parametrize("words", ["token", "order", "mailbox", "orders stuck"])
def test_of_several_one_has_to_be_named(varsel: Command, tmp_path: Path, words: str) -> None:
    with varsel.running(tmp_path / "one"), varsel.running(tmp_path / "two", 8081):
        line = varsel.refused(*words.split())

    assert line.startswith("varsel: several installations run, on ")
    assert f"{tmp_path / 'one'} (http://127.0.0.1:8080)" in line
    assert f"{tmp_path / 'two'} (http://127.0.0.1:8081)" in line
    assert "choose one, as in VARSEL_DATA=/" in line


def test_of_several_the_named_one_is_taken(varsel: Command, tmp_path: Path) -> None:
    with varsel.running(tmp_path / "one"), varsel.running(tmp_path / "two", 8081):
        assert varsel("token", VARSEL_DATA=str(tmp_path / "two")).returncode == 0

    assert (tmp_path / "two" / "development-issuer.pem").exists()


def test_where_nothing_runs_on_the_named_folder_no_other_is_taken_for_it(
    varsel: Command, tmp_path: Path
) -> None:
    with varsel.running(tmp_path / "data"):
        line = varsel.refused("token", VARSEL_DATA="/elsewhere")

    assert line == (
        "varsel: nothing runs on /elsewhere, which VARSEL_DATA names, "
        f"but on {tmp_path / 'data'} (http://127.0.0.1:8080): "
        "name that, or start another with `make run`"
    )


def test_where_nothing_runs_at_all_the_line_says_how_to_start(varsel: Command) -> None:
    assert varsel.refused("order") == (
        f"varsel: nothing runs on the data folder {varsel.checkout / 'var'}: "
        "start it with `make run`"
    )
    assert varsel.refused("orders", "stuck").endswith(
        "start it with `make run`, or name a database with VARSEL_DATABASE_URL"
    )
    assert "The mailbox is empty." in varsel("mailbox").stdout
