"""The people, firms and facts that the tests talk about; every number is synthetic."""

from random import Random

from contracts.samples import (
    AUDITOR,
    BAKERY,
    KARI,
    NOON,
    OLA,
    ORDER_ID,
    REMINDER_MAIL,
    REMINDER_SMS,
    SKD,
    STRANGER,
    TTD,
    placed,
)

__all__ = [
    "AUDITOR",
    "BAKERY",
    "KARI",
    "NOON",
    "OLA",
    "ORDER_ID",
    "REMINDER_MAIL",
    "REMINDER_SMS",
    "SKD",
    "STRANGER",
    "TTD",
    "incompressible",
    "placed",
]


def incompressible(length: int) -> str:
    """A text that does not get shorter by being packed."""
    letters = [chr(each) for each in range(0x4E00, 0x9FA5)]
    return "".join(Random(7).choices(letters, k=length))  # noqa: S311  # for nobody to guess
