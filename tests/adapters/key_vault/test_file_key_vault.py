"""Keys in a file: made once, kept from others, shared by processes, and really destroyed."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from adapters.key_vault.file_key_vault import FileKeyVault, KeyFileError
from contracts.key_vault_contract import KEY, KeyVaultContract

_WRAP = """
import sys
from pathlib import Path
from adapters.key_vault.file_key_vault import FileKeyVault
vault = FileKeyVault(Path(sys.argv[1]))
for month in range(1, 13):
    sys.stdout.write(vault.wrap(bytes(range(32)), f"2026-{month:02}").hex() + "\\n")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


@pytest.fixture
def vault(file: Path) -> FileKeyVault:
    """A vault whose every use is a second after the one before, so that each looks at the file."""
    return FileKeyVault(file, seconds=count().__next__)


class TestFileKeyVault(KeyVaultContract):
    pass


def test_only_its_owner_may_read_the_file(file: Path, vault: FileKeyVault) -> None:
    vault.wrap(KEY, "2026-11")

    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in file.parent.iterdir()) == ["keys.json", "keys.lock"]


def test_a_file_that_others_may_read_is_refused(file: Path, vault: FileKeyVault) -> None:
    vault.wrap(KEY, "2026-11")
    file.chmod(0o640)

    with pytest.raises(KeyFileError, match="chmod 600"):
        FileKeyVault(file)


def test_the_keys_are_there_after_a_restart(file: Path, vault: FileKeyVault) -> None:
    wrapped, digest = vault.wrap(KEY, "2026-11"), vault.keyed_hash("index", b"a")

    again = FileKeyVault(file)

    assert again.unwrap(wrapped, "2026-11") == KEY
    assert again.keyed_hash("index", b"a") == digest


def test_a_key_is_in_the_file_before_anything_is_sealed_under_it(
    file: Path, vault: FileKeyVault
) -> None:
    vault.wrap(KEY, "2026-11")

    kept = json.loads(file.read_text())
    assert len(base64.b64decode(kept["months"]["2026-11"])) == 32


def test_processes_that_start_together_use_the_same_keys(file: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRAP, str(file)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    wrapped = [process.communicate()[0].decode().split() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert wrapped[0] == wrapped[1] == wrapped[2]  # wrapping is deterministic: the same keys
    assert len(set(wrapped[0])) == 12


def test_a_copy_opens_what_another_machine_seals_in_the_years_to_come(
    file: Path, vault: FileKeyVault, tmp_path: Path
) -> None:
    year = datetime.now(UTC).year + 1
    copy = tmp_path / "copy.json"
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o600)
    other = FileKeyVault(copy)

    for month in (f"{year}-01", f"{year}-12", f"{year + 8}-12"):
        assert other.unwrap(vault.wrap(KEY, month), month) == KEY


def test_keys_are_made_ahead_when_few_are_left_and_no_others_change(file: Path) -> None:
    then, later = datetime(2026, 11, 30, tzinfo=UTC), datetime(2036, 2, 1, tzinfo=UTC)
    FileKeyVault(file, clock=then.timestamp).destroy("2026-12")
    first = json.loads(file.read_text())

    FileKeyVault(file, clock=datetime(2035, 1, 31, tzinfo=UTC).timestamp)
    assert json.loads(file.read_text()) == first

    FileKeyVault(file, clock=later.timestamp)
    more = json.loads(file.read_text())
    assert "2045-12" in more["months"]
    assert "2026-12" not in more["months"]
    assert first["months"].items() <= more["months"].items()


def test_another_processs_new_key_is_found(file: Path, vault: FileKeyVault) -> None:
    wrapped = FileKeyVault(file).wrap(KEY, "2026-11")

    assert vault.unwrap(wrapped, "2026-11") == KEY


def test_a_key_that_another_process_destroyed_is_used_no_more_a_moment_later(file: Path) -> None:
    seconds = iter((0.0, 0.25, 0.5))
    vault = FileKeyVault(file, seconds=seconds.__next__)
    wrapped = vault.wrap(KEY, "2026-11")

    FileKeyVault(file).destroy("2026-11")

    assert vault.unwrap(wrapped, "2026-11") is None
    with pytest.raises(LookupError):
        vault.wrap(KEY, "2026-11")


def test_a_destroyed_key_is_not_in_the_file(file: Path, vault: FileKeyVault) -> None:
    vault.wrap(KEY, "2026-11")
    key = json.loads(file.read_text())["months"]["2026-11"]

    vault.destroy("2026-11")

    assert key not in file.read_text()


def test_a_lost_key_is_not_taken_for_a_destroyed_one(file: Path, vault: FileKeyVault) -> None:
    wrapped = vault.wrap(KEY, "2126-11")
    file.unlink()

    fresh = FileKeyVault(file)

    with pytest.raises(KeyFileError, match="not destroyed"):
        fresh.unwrap(wrapped, "2126-11")


def test_a_file_that_vanishes_is_not_made_anew_by_a_running_service(
    file: Path, vault: FileKeyVault
) -> None:
    vault.wrap(KEY, "2026-11")
    file.unlink()

    with pytest.raises(KeyFileError, match="cannot be read"):
        vault.wrap(KEY, "2026-12")
    assert not file.exists()


def test_a_file_that_was_exchanged_is_refused_by_a_running_service(
    file: Path, vault: FileKeyVault, tmp_path: Path
) -> None:
    vault.wrap(KEY, "2026-11")
    FileKeyVault(tmp_path / "other.json").wrap(KEY, "2026-11")
    (tmp_path / "other.json").replace(file)

    with pytest.raises(KeyFileError, match="exchanged"):
        vault.wrap(KEY, "2026-12")


@pytest.mark.parametrize("content", ["", "{", "{}", '{"hashing":1}'])
def test_a_file_that_cannot_be_read_is_never_overwritten(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    file.chmod(0o600)

    with pytest.raises(KeyFileError, match="put back"):
        FileKeyVault(file)
    assert file.read_text() == content


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KeyFileError, match="key file"):
        FileKeyVault(tmp_path / "file" / "keys.json")


def test_no_refusal_shows_a_key(file: Path, vault: FileKeyVault) -> None:
    vault.wrap(KEY, "2026-11")
    secrets = [*json.loads(file.read_text())["months"].values(), KEY.hex()]

    with pytest.raises(KeyFileError) as refusal:
        vault.unwrap(bytes(40), "2026-11")

    assert not any(each in str(refusal.value) for each in secrets)
