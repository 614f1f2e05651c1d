"""Mobile numbers, as senders write them and as registries hold them."""

import re
from typing import Final

import phonenumbers

_WRITTEN: Final = re.compile(r"(?:\+|00)[0-9][0-9 ()./-]*")
_NORWEGIAN_MOBILE: Final = re.compile(r"[49][0-9]{7}")


def normalise(text: str) -> str:
    """A registered number with its country code: `00` becomes `+`, a bare Norwegian mobile gets `+47`."""
    number = text.strip()
    if number.startswith("00"):
        return f"+{number[2:]}"
    if _NORWEGIAN_MOBILE.fullmatch(number):
        return f"+47{number}"
    return number


def is_valid(text: str) -> bool:
    """Whether the text is a telephone number with its country code, of a plan that is in use.

    It need not be of the kind called mobile: some countries do not tell them apart.
    """
    if _WRITTEN.fullmatch(text) is None:
        return False
    international = f"+{text[2:]}" if text.startswith("00") else text
    try:
        number = phonenumbers.parse(international, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)
