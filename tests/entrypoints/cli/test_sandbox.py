"""Stand-ins for the registers are started by the command, and changed by it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrypoints.sandbox.registers import find
from tests.service.installations import until
from tests.service.processes import bare_environ

pytestmark = pytest.mark.service

KARI, FIRM = "15859010099", "314022009"
TOKEN = "good for everything"
AT_ONCE = ("--wait", "0")


class Sandbox:
    """The stand-ins on a data folder, and the command beside them."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "registers"
        self._environ = {
            **bare_environ(),
            "VARSEL_DATA": str(data),
            "VARSEL_KRR_TOKEN": TOKEN,
            "XDG_STATE_HOME": str(data / "state"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str) -> None:
        command = [sys.executable, "-m", "entrypoints.cli", "sandbox", "registers", *words]
        self._process = subprocess.Popen(command, env=self._environ, stdout=subprocess.DEVNULL)
        until(lambda: find(self.folder) is not None)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(30) == 0
            self._process = None

    def __call__(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", "sandbox", *words],
            env={**self._environ, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def page(self, after: int) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  # of our own
            f"{find(self.folder)}/rest/v2/krr/hentEndringer",
            data=json.dumps({"fraEndringsId": after}).encode(),
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # the same
            said: dict[str, Any] = json.loads(answer.read())
            return said


@pytest.fixture
def varsel(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path / "data")
    yield sandbox
    sandbox.stop()


def test_a_person_is_changed_at_the_console_and_stays_changed(varsel: Sandbox) -> None:
    varsel.start("--people", "100")
    newest = varsel.page(0)["sisteEndringsId"]

    said = varsel("person", KARI, "--email", "kari.new@post.example.no", "--reserve", *AT_ONCE)

    assert (said.returncode, said.stderr) == (0, "")
    assert f"change {newest + 1}" in said.stdout
    assert "has not asked yet" in said.stdout
    (entry,) = varsel.page(newest)["list"]
    assert entry["reservasjon"] == "JA"
    assert varsel("person", KARI, "--no-reserve", "--language", "nn", *AT_ONCE).returncode == 0
    assert varsel("organisation", FIRM, "--mobile", "+4740000088", *AT_ONCE).returncode == 0
    assert varsel("organisation", FIRM, "--remove", *AT_ONCE).returncode == 0
    assert varsel("permit", "20003333", FIRM, "tax-2026").returncode == 0

    varsel.stop()
    varsel.start()
    (entry,) = varsel.page(newest)["list"]
    assert entry["kontaktinformasjon"]["epostadresse"] == "kari.new@post.example.no"
    assert (entry["reservasjon"], entry["spraak"]) == ("NEI", "nn")


def test_trouble_is_brought_and_cleared(varsel: Sandbox) -> None:
    varsel.start()
    path = "/rest/v2/krr/hentEndringer"

    assert varsel("trouble", path, "--status", "503").returncode == 0
    with pytest.raises(OSError, match="503"):
        varsel.page(0)

    assert varsel("trouble", path, "--clear").returncode == 0
    assert varsel.page(0)["list"]


def test_what_cannot_be_done_is_one_line_without_the_number(varsel: Sandbox) -> None:
    varsel.start()

    for words in (("person", "15859010098", "--delete"), ("person", KARI), ("trouble", "krr")):
        refused = varsel(*words)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert "1585901009" not in refused.stderr


def test_where_nothing_runs_one_line_says_how_to_start_it(varsel: Sandbox) -> None:
    refused = varsel("person", KARI, "--reserve")

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert "`varsel sandbox registers`" in line


def test_a_second_one_on_the_same_folder_is_refused(varsel: Sandbox) -> None:
    varsel.start()

    refused = varsel("registers")

    assert refused.returncode == 1
    assert "stop them first" in refused.stderr


@pytest.mark.parametrize(
    "setting",
    [
        {"VARSEL_HOST": "0.0.0.0"},  # noqa: S104  # what must be refused
        {"VARSEL_PUBLIC_URL": "https://varsel.example.org"},
        {"VARSEL_DATABASE_URL": "postgresql://varsel@db.example.org/varsel"},
    ],
)
def test_they_do_not_start_in_an_installation_that_others_reach(
    varsel: Sandbox, setting: dict[str, str]
) -> None:
    refused = varsel("registers", **setting)

    assert refused.returncode == 78
    assert "invented people" in refused.stderr


@pytest.mark.parametrize("words", [("--people", "9000001"), ("--client-key", "/nowhere")])
def test_what_they_cannot_do_is_refused_in_a_line(varsel: Sandbox, words: tuple[str, str]) -> None:
    refused = varsel("registers", *words)

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_nor_are_they_started_with_everything_else_there(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "up"],
        env={
            **bare_environ(),
            "VARSEL_DATA": str(tmp_path),
            "VARSEL_SAMPLES": "1",
            "VARSEL_PUBLIC_URL": "https://varsel.example.org",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert refused.returncode == 78
    assert "leave VARSEL_SAMPLES off" in refused.stderr
