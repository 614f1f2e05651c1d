"""What is changed of the registers is still so when they are started again."""

import json
from pathlib import Path

import pytest

from entrypoints.sandbox.registers import Grant, Holdings, PersonChange, RegistersInUseError
from entrypoints.wiring.registries import sample_holdings

KARI, FIRM = "15859010099", "314022009"


def everything(holdings: Holdings) -> tuple[object, object]:
    persons, addresses = holdings.persons, holdings.addresses
    told = json.loads(addresses.page(0, 5000, str))["entries"]
    return [json.loads(persons.page(each)) for each in range(0, 300, 100)], told


def changed(folder: Path) -> tuple[object, object]:
    with sample_holdings(folder, people=100, organisations=10) as holdings:
        holdings.change_person(KARI, PersonChange(email="kari.new@post.example.no"))
        holdings.change_organisation(FIRM, email="new@fjell.example.no")
        holdings.remove_organisation("314023005")
        return everything(holdings)


def test_what_was_changed_is_changed_and_has_its_place(tmp_path: Path) -> None:
    before = changed(tmp_path)

    with sample_holdings(tmp_path) as holdings:
        assert everything(holdings) == before


def test_what_was_permitted_and_withdrawn_stays_so(tmp_path: Path) -> None:
    given, taken = (Grant(each, FIRM, "tax-2026", "read") for each in ("20003333", "20001111"))
    with sample_holdings(tmp_path) as holdings:
        holdings.permit(given)
        holdings.permit(taken, withdrawn=True)

    with sample_holdings(tmp_path) as holdings:
        assert holdings.grants.permits(given)
        assert not holdings.grants.permits(taken)


def test_a_change_that_was_not_written_down_to_its_end_was_none(tmp_path: Path) -> None:
    before = changed(tmp_path)
    with (tmp_path / "changes.jsonl").open("ab") as file:
        file.write(b'{"person":{"personidentifikator":')

    with sample_holdings(tmp_path) as holdings:
        assert everything(holdings) == before
        change = holdings.change_person(KARI, PersonChange(reserved=True))
    with sample_holdings(tmp_path) as holdings:
        assert holdings.persons.newest == change


def test_more_people_come_after_what_was_changed_so_that_followers_hear_of_them(
    tmp_path: Path,
) -> None:
    changed(tmp_path)
    with sample_holdings(tmp_path, people=150, organisations=20) as holdings:
        assert holdings.persons.newest == 24 + 100 + 1 + 50
        page = json.loads(holdings.persons.page(125))
        assert len(page["list"]) == 50
        later = json.loads(holdings.addresses.page(0, 5000, str))["entries"][-10:]
    with sample_holdings(tmp_path) as holdings:
        assert json.loads(holdings.persons.page(125)) == page
        assert json.loads(holdings.addresses.page(0, 5000, str))["entries"][-10:] == later


def test_two_do_not_keep_in_one_folder(tmp_path: Path) -> None:
    with sample_holdings(tmp_path), pytest.raises(RegistersInUseError, match="stop them first"):
        sample_holdings(tmp_path)


def test_the_folder_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "registers"
    with sample_holdings(folder):
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "changes.jsonl").stat().st_mode & 0o077 == 0
