"""Numbers of people and organisations that do not exist."""

import json

from adapters.registries.importing import SAMPLES
from adapters.tokens.organisations import is_organisation_number
from domain import national_number
from entrypoints.sandbox.registers.numbers import (
    PersonNumbers,
    is_invented_person,
    is_organisation,
    is_person,
    organisation_number,
    organisation_place,
)

MANY = 20_000


def test_every_generated_person_has_a_number_that_nobody_bears() -> None:
    found = PersonNumbers().of(0, MANY)

    read = [national_number.parse(each) for each in found]
    assert all(each is not None and each.month_addition == 80 for each in read)
    assert all(is_invented_person(each) for each in found)
    assert len(set(found)) == MANY


def test_a_number_tells_its_place_in_the_row() -> None:
    numbers = PersonNumbers(seed=7)

    assert [numbers.place(each) for each in numbers.of(4_000_000, 4_000_100)] == list(
        range(4_000_000, 4_000_100)
    )
    assert numbers.place("15859010099") is None
    assert numbers.place("no number") is None


def test_of_one_seed_the_numbers_are_always_the_same() -> None:
    assert PersonNumbers(seed=1).of(10, 20) == PersonNumbers(seed=1).of(0, 20)[10:]
    assert PersonNumbers(seed=1).of(0, 20) != PersonNumbers(seed=2).of(0, 20)


def test_neighbours_in_the_row_are_not_of_one_day() -> None:
    assert len({each[:6] for each in PersonNumbers().of(0, 100)}) > 90


def test_nobody_of_the_samples_is_generated() -> None:
    listed = json.loads(SAMPLES["krr"][0].read_bytes())["list"]
    persons = [each["personidentifikator"] for each in listed]

    assert all(PersonNumbers().place(each) is None for each in persons)
    assert all(is_invented_person(each) for each in persons)


def test_a_number_that_the_population_register_could_give_is_nobody_here() -> None:
    real = next(
        number
        for each in range(100_000)
        if is_person(number := f"010190{each:05}") and national_number.parse(number)
    )

    assert not is_invented_person(real)


def test_every_generated_organisation_has_a_number_with_its_check_digit() -> None:
    found = [organisation_number(each) for each in range(MANY)]

    assert all(is_organisation_number(each) and is_organisation(each) for each in found)
    assert [organisation_place(each) for each in found] == list(range(MANY))
    assert organisation_place("314022009") is None
    assert not is_organisation(found[0][:8] + str((int(found[0][8]) + 1) % 10))
