"""The schema comes about by numbered files, each once, and never by half."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from adapters.postgres import DatabaseUnreachableError, MigrationError, migrate

FIRST = """
-- A table and a function: several statements, one of them with bodies of its own; 100 % plain.
CREATE TABLE letter (id int PRIMARY KEY, body text NOT NULL DEFAULT 'a;b');
CREATE FUNCTION letters() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1; -- a semicolon within
    RETURN (SELECT count(*) FROM letter);
END $$;
"""
SECOND = "INSERT INTO letter VALUES (1, 'first'); INSERT INTO letter VALUES (2, 'second');"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    made.joinpath("0001_letters.sql").write_text(FIRST)
    made.joinpath("0002_two_letters.sql").write_text(SECOND)
    return made


async def _letters(conninfo: str) -> int:
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        row = await (await connection.execute("SELECT letters()")).fetchone()
    assert row is not None
    return int(row[0])


async def test_files_are_applied_in_their_order_and_once(
    empty_database_url: str, folder: Path
) -> None:
    assert await migrate(empty_database_url, folder=folder) == ["0001_letters", "0002_two_letters"]
    assert await migrate(empty_database_url, folder=folder) == []
    assert await _letters(empty_database_url) == 2


async def test_a_new_file_is_applied_after_those_of_before(
    empty_database_url: str, folder: Path
) -> None:
    await migrate(empty_database_url, folder=folder)
    folder.joinpath("0003_third.sql").write_text("INSERT INTO letter VALUES (3);")

    assert await migrate(empty_database_url, folder=folder) == ["0003_third"]
    assert await _letters(empty_database_url) == 3


async def test_many_processes_at_once_apply_each_file_once(
    empty_database_url: str, folder: Path
) -> None:
    applied = await asyncio.gather(*(migrate(empty_database_url, folder=folder) for _ in range(8)))

    assert sorted(applied, key=len) == [[]] * 7 + [["0001_letters", "0002_two_letters"]]
    assert await _letters(empty_database_url) == 2


async def test_a_file_that_fails_leaves_nothing_and_keeps_those_before_it(
    empty_database_url: str, folder: Path
) -> None:
    folder.joinpath("0003_broken.sql").write_text(
        "INSERT INTO letter VALUES (3); INSERT INTO no_such_table VALUES (1);"
    )

    with pytest.raises(MigrationError, match="0003_broken failed and left nothing") as refusal:
        await migrate(empty_database_url, folder=folder)

    assert "\n" not in str(refusal.value)
    assert await _letters(empty_database_url) == 2

    folder.joinpath("0003_broken.sql").write_text("INSERT INTO letter VALUES (3);")
    assert await migrate(empty_database_url, folder=folder) == ["0003_broken"]


async def test_what_cannot_be_recorded_is_not_done(empty_database_url: str, folder: Path) -> None:
    folder.joinpath("0003_forestalled.sql").write_text(
        "INSERT INTO letter VALUES (3); INSERT INTO schema_migration VALUES (3, 'x', 'y');"
    )

    with pytest.raises(MigrationError, match="0003_forestalled failed and left nothing"):
        await migrate(empty_database_url, folder=folder)

    assert await _letters(empty_database_url) == 2


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    empty_database_url: str, folder: Path
) -> None:
    await migrate(empty_database_url, folder=folder)
    folder.joinpath("0001_letters.sql").write_text(FIRST + "-- an afterthought")

    with pytest.raises(MigrationError, match="0001_letters has been changed"):
        await migrate(empty_database_url, folder=folder)


async def test_a_database_of_a_newer_version_is_refused(
    empty_database_url: str, folder: Path
) -> None:
    await migrate(empty_database_url, folder=folder)
    folder.joinpath("0002_two_letters.sql").unlink()

    with pytest.raises(MigrationError, match=r"0002_two_letters, which this version .* not know"):
        await migrate(empty_database_url, folder=folder)


async def test_a_file_that_comes_late_is_refused(empty_database_url: str, folder: Path) -> None:
    folder.joinpath("0002_two_letters.sql").rename(folder / "0004_two_letters.sql")
    await migrate(empty_database_url, folder=folder)
    folder.joinpath("0003_late.sql").write_text("SELECT 1;")

    with pytest.raises(MigrationError, match="0003_late comes before"):
        await migrate(empty_database_url, folder=folder)


@pytest.mark.parametrize("name", ["0001_again.sql", "third.sql", "3_third.sql"])
async def test_a_misnamed_file_is_refused_before_anything_is_touched(
    folder: Path, name: str
) -> None:
    folder.joinpath(name).write_text("SELECT 1;")

    with pytest.raises(MigrationError, match=r"same number|not named like"):
        await migrate("host=/nowhere", folder=folder)


async def test_a_missing_folder_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="is missing"):
        await migrate("host=/nowhere", folder=tmp_path / "none")


async def test_a_database_that_does_not_answer_is_not_a_misfit(folder: Path) -> None:
    with pytest.raises(DatabaseUnreachableError) as refusal:
        await migrate("host=/nowhere", folder=folder)

    assert "\n" not in str(refusal.value)
