"""A database is worked on with the keys that it was sealed under, and with no others."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.key_vault.file_key_vault import FileKeyVault, KeyFileError, WrongKeyError
from adapters.key_vault.fingerprint import vault_of
from adapters.postgres.pool import Pool, open_pool

pytestmark = pytest.mark.postgres

_AN_EVENT = """
INSERT INTO orders_events (originator_id, originator_version, topic, state)
VALUES (%s, 1, 'order.placed', '')
"""
OTHER_KEY = base64.b64encode(bytes(32)).decode()
_ITS_KEY = "INSERT INTO data_key VALUES (%s, 1, 'contact', 0, %s, %s)"


class Database:
    """A database, and how it is opened with a key file."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def opened_with(self, file: Path) -> FileKeyVault:
        return await vault_of(
            self._pool, lambda may_be_made: FileKeyVault(file, may_be_made=may_be_made)
        )

    async def seal(self, vault: FileKeyVault, month: str) -> None:
        """Record something sealed under the key of a month."""
        order_id = uuid4()
        async with self._pool.connection() as connection:
            await connection.execute(_AN_EVENT, (order_id,))
            await connection.execute(_ITS_KEY, (order_id, month, vault.wrap(b"k" * 32, month)))

    async def forget_the_fingerprint(self) -> None:
        """Be a database of a release that knew no fingerprints."""
        async with self._pool.connection() as connection:
            await connection.execute("DELETE FROM key_fingerprint")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with await open_pool(database_url, size=1, name="test") as pool:
        yield Database(pool)


async def test_a_new_database_takes_keys_that_are_made_for_it(
    database: Database, tmp_path: Path
) -> None:
    vault = await database.opened_with(tmp_path / "keys.json")

    again = await database.opened_with(tmp_path / "keys.json")
    assert again.keyed_hash("any", b"data") == vault.keyed_hash("any", b"data")


async def test_a_key_file_that_is_lost_is_asked_for_and_not_made_anew(
    database: Database, tmp_path: Path
) -> None:
    await database.opened_with(tmp_path / "keys.json")
    (tmp_path / "keys.json").unlink()

    with pytest.raises(KeyFileError, match="is missing") as refusal:
        await database.opened_with(tmp_path / "keys.json")

    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "keys.json").exists()


async def test_the_key_file_of_another_installation_is_refused(
    database: Database, tmp_path: Path
) -> None:
    await database.opened_with(tmp_path / "keys.json")

    FileKeyVault(tmp_path / "other.json")

    with pytest.raises(WrongKeyError, match="other keys") as refusal:
        await database.opened_with(tmp_path / "other.json")

    assert "\n" not in str(refusal.value)


async def test_a_key_file_with_another_key_of_a_month_is_refused_before_anything_is_sealed(
    database: Database, tmp_path: Path
) -> None:
    file, copy = tmp_path / "keys.json", tmp_path / "copy.json"
    await database.opened_with(file)
    keys = json.loads(file.read_text())
    month = max(keys["months"])
    months = {**keys["months"], month: OTHER_KEY, "2199-12": OTHER_KEY}
    copy.write_text(json.dumps({**keys, "months": months}))
    copy.chmod(0o600)

    with pytest.raises(WrongKeyError, match=f"the key of {month}") as refusal:
        await database.opened_with(copy)

    assert "\n" not in str(refusal.value)
    await database.opened_with(file)


async def test_who_has_destroyed_a_months_key_starts_as_before(
    database: Database, tmp_path: Path
) -> None:
    vault = await database.opened_with(tmp_path / "keys.json")
    vault.destroy(max(vault.fingerprints))

    await database.opened_with(tmp_path / "keys.json")


async def test_a_database_that_knew_no_fingerprint_takes_the_keys_that_open_what_it_holds(
    database: Database, tmp_path: Path
) -> None:
    vault = await database.opened_with(tmp_path / "keys.json")
    await database.seal(vault, "2026-11")
    await database.forget_the_fingerprint()
    other = FileKeyVault(tmp_path / "other.json")
    other.wrap(b"k" * 32, "2026-11")

    with pytest.raises(WrongKeyError):
        await database.opened_with(tmp_path / "other.json")
    with pytest.raises(KeyFileError, match="is missing"):
        await database.opened_with(tmp_path / "nothing.json")
    await database.opened_with(tmp_path / "keys.json")


async def test_a_backup_of_the_key_file_that_lacks_the_latest_key_is_refused(
    database: Database, tmp_path: Path
) -> None:
    await database.opened_with(tmp_path / "keys.json")
    backup = (tmp_path / "keys.json").read_bytes()
    await database.seal(FileKeyVault(tmp_path / "keys.json"), "2126-12")
    (tmp_path / "keys.json").write_bytes(backup)

    with pytest.raises(KeyFileError, match="2126-12") as refusal:
        await database.opened_with(tmp_path / "keys.json")

    assert "\n" not in str(refusal.value)


async def test_a_latest_key_that_was_destroyed_on_purpose_stops_nobody(
    database: Database, tmp_path: Path
) -> None:
    vault = await database.opened_with(tmp_path / "keys.json")
    await database.seal(vault, "2026-10")
    vault.destroy("2026-10")

    await database.opened_with(tmp_path / "keys.json")
