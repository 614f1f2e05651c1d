"""Organisation numbers, as tokens write them."""

from typing import Final

AUTHORITY: Final = "iso6523-actorid-upis"
"""The scheme by which tokens identify organisations (ISO 6523)."""

PREFIX: Final = "0192:"
"""The Norwegian register of legal entities within that scheme."""

_DIGITS: Final = frozenset("0123456789")
_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)


def is_organisation_number(number: str) -> bool:
    """Whether these are nine digits of which the last is the check digit of the others."""
    if len(number) != len(_WEIGHTS) + 1 or not _DIGITS.issuperset(number):
        return False
    return with_check_digit(number[:-1]) == number


def with_check_digit(digits: str) -> str | None:
    """The organisation number that begins with these eight digits; None if there is none."""
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    check = (11 - weighed % 11) % 11
    return f"{digits}{check}" if check < 10 else None  # noqa: PLR2004  # one digit
