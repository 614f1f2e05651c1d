"""Read the number by which the population register knows a person.

Eleven digits: the day, month and year of birth, three more, and two control digits.
What was added to the day or the month tells the kind: 40 to the day is a D-number, given for a time
to people who are not residents; anything added to the month is a number outside the population
register, as invented persons have.

From 2032 the first control digit may leave a remainder of 1, 2 or 3 as well as 0, and the three
digits no longer tell the century. Whoever reads numbers must know both rules.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import islice
from typing import Final

_DIGITS: Final = re.compile(r"[0-9]{11}")
_BREAK: Final = r"[ \u00a0\u2009\u202f.\u002d\u2010-\u2013]|&(?:nbsp|thinsp|ndash|#160|#8209|#8211|#x(?:a0|2011|2013));"
"""What is written between the date and the rest: a space or a dash, in HTML also by name or number."""
_IN_TEXT: Final = re.compile(
    # That no digit stands before the first is looked at from there, and not at each letter of a text.
    rf"[0-9](?<![0-9][0-9])[0-9]{{5}}(?:{_BREAK})?[0-9]{{5}}(?![0-9])",
    re.IGNORECASE,
)
_WITHOUT_DIGITS: Final = re.compile(r"[^0-9]*+")
_JUDGED: Final = 1000
"""So many numbers of a text are judged; one that holds more of them is a list of something else."""
_FIRST_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_REMAINDERS_FROM_2032: Final = (1, 2, 3)
_DATE: Final = 6
_REST: Final = 5
_D_NUMBER: Final = 40
_MONTH_ADDITIONS: Final = (80, 65, 60, 40, 20, 0)
"""What the makers of test persons, and agencies with persons of their own, add to the month."""
_LEAP_YEAR: Final = 2000
"""The century is not known, so that 29 February is taken in every year."""


class ControlRule(Enum):
    """Under which rule the first control digit is right."""

    TODAY = "today"
    FROM_2032 = "from 2032"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NationalNumber:
    """A number that is well formed; whether anybody bears it, only the register knows."""

    digits: str
    is_d_number: bool
    month_addition: int
    """0 for whoever the population register knows."""
    rule: ControlRule

    @property
    def is_synthetic(self) -> bool:
        """Whether it is a number that the population register gives to nobody."""
        return self.month_addition != 0


def parse(text: str) -> NationalNumber | None:
    """Read a national identity number of any kind; None if the text is none."""
    if _DIGITS.fullmatch(text) is None:
        return None
    digits = [int(each) for each in text]
    remainder = _remainder(digits, _FIRST_WEIGHTS)
    if remainder == 0:
        rule = ControlRule.TODAY
    elif remainder in _REMAINDERS_FROM_2032:
        rule = ControlRule.FROM_2032
    else:
        return None
    if _remainder(digits, _SECOND_WEIGHTS) != 0:
        return None
    day, month = int(text[0:2]), int(text[2:4])
    is_d_number = day > _D_NUMBER
    if is_d_number:
        day -= _D_NUMBER
    addition = next((each for each in _MONTH_ADDITIONS if _is_day(day, month - each)), None)
    if addition is None:
        return None
    return NationalNumber(digits=text, is_d_number=is_d_number, month_addition=addition, rule=rule)


def stands_in(text: str) -> bool:
    """Whether a text holds a national identity number, in one or with a break after the date.

    A number of another kind may look like one: bank accounts have eleven digits, too, of which the last
    is made in the same way, so that one in seven does where it is written without its dots.
    """
    if _WITHOUT_DIGITS.fullmatch(text):
        return False  # as most texts are, and seen in half the time
    found = islice(_IN_TEXT.finditer(text), _JUDGED)
    return any(parse(each[0][:_DATE] + each[0][-_REST:]) is not None for each in found)


def _remainder(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False)) % 11


def _is_day(day: int, month: int) -> bool:
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        return False
    return True
