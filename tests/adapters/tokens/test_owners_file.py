"""Who is an owner now, as an operator's file says."""

import os
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.tokens.owners_file import OwnersFile, OwnersFileError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owners.json"
    path.write_text('{"991825827": "ttd", "974761076": "skd"}')
    return path


def later() -> Callable[[], float]:
    moments = iter(range(0, 1000, 2))
    return lambda: float(next(moments))


def test_owners_are_known_by_number_and_by_name(file: Path) -> None:
    owners = OwnersFile(file)

    assert owners.short_name("991825827") == "ttd"
    assert owners.short_name("123456785") is None
    assert owners.is_active("skd")
    assert not owners.is_active("nobody")


def test_a_file_that_an_editor_began_with_a_mark_is_read(file: Path) -> None:
    file.write_bytes(BOM_UTF8 + file.read_bytes())

    assert OwnersFile(file).is_active("ttd")


def test_an_owner_who_was_taken_out_is_out_without_a_restart(file: Path) -> None:
    owners = OwnersFile(file, seconds=later())
    file.write_text('{"974761076": "skd"}')
    os.utime(file, ns=(1, 1))

    assert owners.short_name("991825827") is None
    assert not owners.is_active("ttd")
    assert owners.is_active("skd")


def test_a_file_that_is_broken_while_it_is_edited_takes_nobody_out(file: Path) -> None:
    owners = OwnersFile(file, seconds=later())
    file.write_text("{half")
    os.utime(file, ns=(1, 1))

    assert owners.is_active("ttd")


@pytest.mark.parametrize("content", [None, "{", "[]", '{"991825827": 1}'])
def test_a_file_that_cannot_be_read_stops_the_start_with_one_line(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "owners.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(OwnersFileError, match="VARSEL_OWNERS_FILE") as refused:
        OwnersFile(path)

    assert "\n" not in str(refused.value)
