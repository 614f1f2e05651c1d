"""Whom support asks about, and in what period."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from litestar.types import Scope

from domain.personal import Identifier
from domain.recipient import Organisation, OrganisationNumber, Person
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.parameters import moment_of, parameters

PERSON_HEADER: Final = "NationalIdentityNumber"
ORGANISATION_HEADER: Final = "OrganizationNumber"

_BY_DEFAULT: Final = timedelta(days=7)
_YEARS: Final = 10


def read_person(scope: Scope) -> Person:
    """Read which person is asked about.

    Raises:
        InvalidRequestError: the header is missing, given more than once, or holds no number.
    """
    return Person(Identifier(_number(scope, PERSON_HEADER, check.person_number)))


def read_organisation(scope: Scope) -> Organisation:
    """Read which organisation is asked about.

    Raises:
        InvalidRequestError: the header is missing, given more than once, or holds no number.
    """
    number = _number(scope, ORGANISATION_HEADER, check.organisation_number)
    return Organisation(OrganisationNumber(number))


def read_period(query: bytes, now: datetime) -> tuple[datetime, datetime]:
    """Read from when on, and before when.

    Raises:
        InvalidRequestError: a moment cannot be read or has no zone, lies in the future or more than
            ten years back, or the period is none.
    """
    faults, given = Faults(), parameters(query)
    since = moment_of(given, "from", "From", faults)
    until = moment_of(given, "to", "To", faults)
    faults.raise_any()
    earliest = _years_before(now)
    if since is not None and since < earliest:
        faults.broken("From", f"the period must not begin more than {_YEARS} years ago")
    for moment, key in ((since, "From"), (until, "To")):
        if moment is not None and moment > now:
            faults.broken(key, "the moment must not lie in the future")
    begins, ends = since or now - _BY_DEFAULT, until or now
    if begins >= ends:
        if since is None:
            faults.broken(
                "To", f"without a from, the period begins {_BY_DEFAULT.days} days ago; end it later"
            )
        else:
            faults.broken("From", "the period must begin before it ends")
    faults.raise_any()
    return begins, ends


def _years_before(now: datetime) -> datetime:
    try:
        return now.replace(year=now.year - _YEARS)
    except ValueError:  # the 29th of February
        return now.replace(year=now.year - _YEARS, day=28)


def _number(scope: Scope, header: str, rule: Callable[[str, Faults, str], str]) -> str:
    wanted = header.lower().encode()
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    faults = Faults()
    if len(given) != 1:
        faults.broken(header, f"give one header {header}")
    number = rule(given[0].strip(), faults, header) if len(given) == 1 else ""
    faults.raise_any()
    return number
