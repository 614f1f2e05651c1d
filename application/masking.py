"""Addresses and numbers as they are shown: recognised by who knows them already, and never whole.

    kari@example.no → k***@e***.no        +4799999123 → +47 *** ** 123

However long a part is, as many stars stand in its place. Of a part so short that one letter would be much
of it, nothing is shown.
"""

from typing import Final

from application.phone_number import parts
from domain.personal import Contact

_HIDDEN: Final = "***"
_ENOUGH: Final = 3
"""Of a word of fewer letters than this none is shown."""
_LAST: Final = 3
_ENOUGH_DIGITS: Final = 2 * _LAST
"""Of a number of fewer digits than this, after its country's, none is shown."""


def masked(address: Contact) -> str:
    """An address of which enough is shown to be recognised by who knows it."""
    if address.is_erased:
        return address.text
    local, at, domain = address.text.strip().rpartition("@")
    return f"{_word(local)}@{_domain(domain)}" if at else _number(domain)


def _word(text: str) -> str:
    shown = text[:1] if len(text) >= _ENOUGH and text[:1].isalnum() else ""
    return f"{shown}{_HIDDEN}"


def _domain(text: str) -> str:
    name, _, top = text.rpartition(".")
    return f"{_word(name)}.{top}" if name and top.isalpha() else _HIDDEN


def _number(text: str) -> str:
    known = parts(text)
    if known is None:
        return _HIDDEN
    country, rest = known
    if len(rest) < _ENOUGH_DIGITS:
        return f"+{country} {_HIDDEN}"
    return f"+{country} {_HIDDEN} ** {rest[-_LAST:]}"
