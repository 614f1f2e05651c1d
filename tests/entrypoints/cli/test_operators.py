"""What operators do by the command is on record: when, who, what, and why."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters import registries
from tests.service.processes import bare_environ

SAMPLES = Path(registries.__file__).with_name("samples")

pytestmark = [pytest.mark.postgres, pytest.mark.service]


class Command:
    """The command on a database of its own, as some operator calls it."""

    def __init__(self, database: str, folder: Path) -> None:
        self._environ = {
            **bare_environ(),
            "VARSEL_DATABASE_URL": database,
            "VARSEL_DATA": str(folder),
            "SUDO_USER": "kari",
        }

    def __call__(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *words],
            env={**self._environ, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def on_record(self, *words: str) -> Sequence[str]:
        return self("audit", "operators", *words).stdout.splitlines()


@pytest.fixture
def varsel(database_url: str, tmp_path: Path) -> Command:
    return Command(database_url, tmp_path)


def test_a_suspension_and_its_end_are_told_with_who_and_why(varsel: Command) -> None:
    assert varsel("owners", "suspend", "TTD", "--reason", "sends to everybody").returncode == 0
    assert varsel("owners", "resume", "ttd", "--reason", "they mended it").returncode == 0

    latest, first = varsel.on_record()

    who = f"kari@{os.uname().nodename} (operator)"
    assert f"{who}  resumed the owner ttd  because: they mended it" in latest
    assert f"{who}  suspended the owner ttd  because: sends to everybody" in first


def test_the_words_of_before_are_understood(varsel: Command) -> None:
    assert varsel("owners", "stop", "ttd", "--reason", "sends to everybody").returncode == 0
    assert varsel("owners", "stopped").stdout == "ttd: sends to everybody\n"
    assert varsel("owners", "let", "ttd", "--reason", "they mended it").returncode == 0
    assert varsel("owners", "stopped").stdout == "No owner is suspended.\n"

    assert "stop" not in varsel("owners", "--help").stdout


def test_what_was_decided_of_an_owner_is_shown_with_who_and_why(varsel: Command) -> None:
    varsel("owners", "suspend", "TTD", "--reason", "sends to everybody")
    varsel("owners", "resume", "ttd", "--reason", "they mended it")

    first, second = varsel("owners", "show", "ttd").stdout.splitlines()

    who = f"kari@{os.uname().nodename} (operator)"
    assert first.endswith(f"UTC  {who}  suspended  because: sends to everybody")
    assert second.endswith(f"UTC  {who}  resumed  because: they mended it")
    assert varsel("owners", "show", "skd").stdout == "Nothing is recorded of skd.\n"


def test_owners_are_imported_from_a_file_and_only_what_differs(
    varsel: Command, tmp_path: Path
) -> None:
    file = tmp_path / "owners.json"
    file.write_text(
        '{"991825827": {"name": "ttd", "senders": ["TTD"], "testRecipients": ["+4799999999"],'
        ' "limits": {"recipients": 1000}}, "974761076": "skd"}'
    )
    because = ("--reason", "a new agreement")
    assert varsel("owners", "import", str(file), *because).stdout == "Imported: ttd, skd\n"
    assert varsel("owners", "import", str(file), *because).stdout == "Nothing differs.\n"
    file.write_text('{"974761076": "skd"}')
    assert varsel("owners", "import", str(file), *because).stdout == "Imported: ttd\n"

    registered, agreed, gone = varsel("owners", "show", "ttd").stdout.splitlines()

    assert "registered ttd by 991825827" in registered
    assert "senders ttd; 1 test recipients; 1000 recipients a day" in agreed
    assert gone.endswith(f"(operator)  registered no more  because: {because[1]}")


def test_a_file_that_cannot_be_read_imports_nothing(varsel: Command, tmp_path: Path) -> None:
    file = tmp_path / "owners.json"
    file.write_text('{"991825827": {"name": "ttd", "sender": ["*"]}}')

    refused = varsel("owners", "import", str(file), "--reason", "a new agreement")

    assert refused.returncode == 1
    assert "owners.json" in refused.stderr
    assert varsel("owners", "show", "ttd").stdout == "Nothing is recorded of ttd.\n"


@pytest.mark.parametrize(
    "words", [("suspend", "ttd"), ("suspend", "ttd", "--reason", " "), ("resume", "ttd")]
)
def test_without_a_reason_nothing_is_done(varsel: Command, words: Sequence[str]) -> None:
    assert varsel("owners", *words).returncode != 0

    assert varsel.on_record() == ["Nothing is on record."]
    assert "No owner is suspended" in varsel("owners", "suspended").stdout


def test_how_a_suspension_ends_is_told_on_one_line_to_be_pasted(varsel: Command) -> None:
    (line,) = varsel("owners", "suspend", "ttd", "--reason", "too much").stdout.splitlines()

    assert line.endswith("varsel owners resume ttd --reason WHY")


def test_nobody_is_not_suspended(varsel: Command) -> None:
    assert varsel("owners", "suspend", " ", "--reason", "too much").returncode == 1

    assert varsel.on_record() == ["Nothing is on record."]


@pytest.mark.parametrize(
    "owner, names",
    [("tdt", "names no tdt"), ("TTD", None), ("skatt", None), ("varsel", None)],
)
def test_a_suspension_says_when_no_owner_is_called_that(
    varsel: Command, tmp_path: Path, owner: str, names: str | None
) -> None:
    file = tmp_path / "owners.json"
    file.write_text('{"991825827": "ttd", "974761076": {"name": "Skatt"}}')

    told = varsel("owners", "suspend", owner, "--reason", "too much", VARSEL_OWNERS_FILE=str(file))

    assert told.returncode == 0
    assert ("names no" in told.stdout) is (names is not None)
    assert (names or "") in told.stdout


def test_what_was_not_done_is_not_on_record(varsel: Command) -> None:
    assert varsel("owners", "resume", "ttd", "--reason", "they mended it").returncode == 1

    assert varsel.on_record() == ["Nothing is on record."]


def test_an_import_is_on_record_with_what_came_of_it(varsel: Command) -> None:
    page = SAMPLES / "names.json"
    assert varsel("registry", "import", "names", str(page), "--reason", "new names").stdout

    ended, begun = varsel.on_record()

    assert "began to load 1 files into the local copy of names  because: new names" in begun
    assert "loaded 1 pages into the local copy of names" in ended


def test_what_is_made_anew_is_on_record(varsel: Command) -> None:
    assert varsel("projections", "rebuild", "order_index", "--reason", "a trial").returncode == 0
    assert varsel("projections", "agenda").returncode == 0

    agenda, projection = varsel.on_record()

    assert "began to rebuild the projection order_index  because: a trial" in projection
    assert agenda.endswith("began to rebuild the agenda")


def test_the_record_is_had_as_json_too(varsel: Command) -> None:
    varsel("owners", "suspend", "ttd", "--reason", "sends to everybody")

    (line,) = varsel.on_record("--json")

    told = json.loads(line)
    assert told["act"] == {"type": "act.owner_suspended", "owner": "ttd"}
    assert told["recorded_by"]["role"] == "operator"
    assert told["reason"] == "sends to everybody"
