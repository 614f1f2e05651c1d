"""Organisations by the ids under which clients of the profile know parties.

An organisation's id is made of its number, and the number can be read from it again: nobody has to be
asked which is which, and it is the same in every installation. It is a UUID of version 8, whose bits are
the application's own (RFC 9562 § 5.8); the last nine digits are the number.
"""

import re
from typing import Final
from uuid import UUID

from domain.recipient import OrganisationNumber
from entrypoints.http.validation.errors import InvalidRequestError

_PREFIX: Final = "76617273-656c-8000-8000-000"
"""`varsel` in ASCII, and what makes it a UUID of version 8."""
_PARTY: Final = re.compile(rf"{_PREFIX}([0-9]{{9}})")
_NUMBER: Final = re.compile(r"[0-9]{9}")
_NOBODY: Final = UUID(int=0)


class UnknownPartyError(Exception):
    """No organisation has this id."""


def party_uuid(organisation: OrganisationNumber) -> UUID:
    """The id of an organisation."""
    return UUID(f"{_PREFIX}{organisation}")


def read_party(text: str) -> OrganisationNumber:
    """Read which organisation an id is of.

    Raises:
        InvalidRequestError: it is no UUID, or that of nobody.
        UnknownPartyError: it is no organisation's.
    """
    try:
        party = UUID(text)
    except ValueError:
        raise InvalidRequestError({"partyUuid": ["the id is no UUID"]}) from None
    if party == _NOBODY:
        raise InvalidRequestError({"partyUuid": ["Party UUID cannot be empty."]})
    if (match := _PARTY.fullmatch(str(party))) is None:
        raise UnknownPartyError
    return OrganisationNumber(match[1])


def read_organisation_number(text: str) -> OrganisationNumber:
    """Read an organisation number.

    Raises:
        UnknownPartyError: it is none.
    """
    if _NUMBER.fullmatch(text) is None:
        raise UnknownPartyError
    return OrganisationNumber(text)
