"""Numbers that nobody bears, found by their place in a row.

A person's number is a date of birth with 80 added to the month, three digits, and two control digits
that are made from the others. Which endings go with a date depends on two remainders of the date
alone; a small table of them gives any of millions of numbers at once, without keeping them.
An organisation's number begins with 3 and ends with a digit that is made from the others.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

MOST_PERSONS: Final = 9_000_000
MOST_ORGANISATIONS: Final = 2_000_000

_PERSON: Final = re.compile(r"[0-9]{11}")
_ORGANISATION: Final = re.compile(r"[0-9]{9}")
_ADDED_TO_MONTH: Final = 80
_MONTHS: Final = 12
_FIRST_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORGANISATION_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)
_MODULUS: Final = 11
_NO_DIGIT: Final = 10
_LENGTH_OF_DATE: Final = 6

_FIRST_BIRTH: Final = date(1930, 1, 1)
_LAST_BIRTH: Final = date(2009, 12, 31)
_BORN_A_DAY: Final = 390
"""Every date has at least so many endings."""
_SAMPLES_HAVE: Final = (*range(100, 110), *range(300, 310))
"""Those of the three digits that people in samples have; no generated person has them."""
_BEFORE_2000: Final = tuple(each for each in range(500) if each not in _SAMPLES_HAVE)
_SINCE_2000: Final = tuple(range(500, 1000))
_STEP: Final = 6_700_417
"""From one person to the next, through all the numbers there are; a prime that does not divide them."""

_FIRST_BLOCK: Final = 32_000
_IN_A_BLOCK: Final = 900


class _Day(NamedTuple):
    beginning: str
    endings: Sequence[str]


class PersonNumbers:
    """The numbers of generated persons; of one seed always the same, and in no order."""

    def __init__(self, seed: int = 0) -> None:
        self._numbers = ((_LAST_BIRTH - _FIRST_BIRTH).days + 1) * _BORN_A_DAY
        self._start = seed * 2_654_435_761 % self._numbers
        self._back = pow(_STEP, -1, self._numbers)

    def of(self, start: int, stop: int) -> list[str]:
        """The numbers of the persons from one place in the row to before another."""
        days, numbers = _days(), self._numbers
        at = (self._start + start * _STEP) % numbers
        found = []
        for _ in range(stop - start):
            day, ending = divmod(at, _BORN_A_DAY)
            beginning, endings = days[day]
            found.append(beginning + endings[ending])
            at = (at + _STEP) % numbers
        return found

    def place(self, number: str) -> int | None:
        """The place in the row of the person with a number; None if that is none of these numbers."""
        born = _date(number)
        if born is None or not _FIRST_BIRTH <= born <= _LAST_BIRTH:
            return None
        day = (born - _FIRST_BIRTH).days
        endings = _days()[day].endings[:_BORN_A_DAY]
        if number[_LENGTH_OF_DATE:] not in endings:
            return None
        at = day * _BORN_A_DAY + endings.index(number[_LENGTH_OF_DATE:])
        return (at - self._start) * self._back % self._numbers


def organisation_number(place: int) -> str:
    """The number of a generated organisation."""
    block, ending = divmod(place, _IN_A_BLOCK)
    beginning = str(_FIRST_BLOCK + block)
    return beginning + _organisation_endings(_weighed(beginning, _ORGANISATION_WEIGHTS))[ending]


def organisation_place(number: str) -> int | None:
    """The place in the row of the organisation with a number; None if that is none of these numbers."""
    if not is_organisation(number):
        return None
    beginning, ending = number[:5], number[5:]
    block = int(beginning) - _FIRST_BLOCK
    endings = _organisation_endings(_weighed(beginning, _ORGANISATION_WEIGHTS))[:_IN_A_BLOCK]
    if block < 0 or ending not in endings:
        return None
    return block * _IN_A_BLOCK + endings.index(ending)


def is_person(number: str) -> bool:
    """Whether this is the number of a person, real or invented, with its control digits."""
    if _PERSON.fullmatch(number) is None:
        return False
    endings = _control_digits(
        _weighed(number[:9], _FIRST_WEIGHTS), _weighed(number[:9], _SECOND_WEIGHTS)
    )
    return number[9:] == endings


def is_invented_person(number: str) -> bool:
    """Whether this is the number of a person whom the population register cannot know."""
    return is_person(number) and int(number[2:4]) > _MONTHS


def is_organisation(number: str) -> bool:
    """Whether this is the number of an organisation, with its check digit."""
    if _ORGANISATION.fullmatch(number) is None:
        return False
    return number[8:] == _check_digit(_weighed(number[:8], _ORGANISATION_WEIGHTS))


def _date(number: str) -> date | None:
    if _PERSON.fullmatch(number) is None:
        return None
    day, month, year = int(number[0:2]), int(number[2:4]) - _ADDED_TO_MONTH, int(number[4:6])
    century = 1900 if int(number[6:9]) < _SINCE_2000[0] else 2000
    try:
        return date(century + year, month, day)
    except ValueError:
        return None


@cache
def _days() -> Sequence[_Day]:
    """Every date of birth, and what numbers with it end with."""
    days = []
    for each in range((_LAST_BIRTH - _FIRST_BIRTH).days + 1):
        born = _FIRST_BIRTH + timedelta(days=each)
        beginning = f"{born.day:02}{born.month + _ADDED_TO_MONTH}{born.year % 100:02}"
        endings = _endings(
            _weighed(beginning, _FIRST_WEIGHTS),
            _weighed(beginning, _SECOND_WEIGHTS),
            _BEFORE_2000 if born.year < 2000 else _SINCE_2000,  # noqa: PLR2004  # the century
        )
        days.append(_Day(beginning, endings))
    return days


@cache
def _endings(first: int, second: int, middles: Sequence[int]) -> Sequence[str]:
    found = []
    for each in middles:
        middle = f"{each:03}"
        more = (
            first + _weighed(middle, _FIRST_WEIGHTS[_LENGTH_OF_DATE:]),
            second + _weighed(middle, _SECOND_WEIGHTS[_LENGTH_OF_DATE:]),
        )
        control = _control_digits(*more)
        if control is not None:
            found.append(middle + control)
    return found


def _control_digits(first: int, second: int) -> str | None:
    """Both, given how the digits before them weigh; None where there are none."""
    one = -first % _MODULUS
    two = -(second + _SECOND_WEIGHTS[-1] * one) % _MODULUS
    return None if _NO_DIGIT in (one, two) else f"{one}{two}"


@cache
def _organisation_endings(weight: int) -> Sequence[str]:
    found = []
    for each in range(1000):
        middle = f"{each:03}"
        check = _check_digit(weight + _weighed(middle, _ORGANISATION_WEIGHTS[5:]))
        if check is not None:
            found.append(middle + check)
    return found


def _check_digit(weight: int) -> str | None:
    digit = -weight % _MODULUS
    return None if digit == _NO_DIGIT else str(digit)


def _weighed(digits: str, weights: Sequence[int]) -> int:
    """The remainder of digits by their weights."""
    pairs = zip(digits, weights, strict=False)
    return sum(int(digit) * weight for digit, weight in pairs) % _MODULUS
