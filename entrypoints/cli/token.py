"""`varsel token`: a token of the development issuer."""

import sys
from dataclasses import replace
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from adapters.tokens.owners_file import OwnersFileError
from application.caller import CREATE, END_USER
from entrypoints.cli.app import settings_from
from entrypoints.cli.installation import running
from entrypoints.cli.refusal import Refusal
from entrypoints.running import Running
from entrypoints.wiring.tokens import development_issuer, organisation_of

__all__ = ["CREATE", "issue", "issue_person", "token"]

_HOUR: Final = 3600


def token(
    *,
    org: str = "ttd",
    org_number: str | None = None,
    person: str | None = None,
    user: str | None = None,
    level: Literal["low", "substantial", "high"] = "substantial",
    scope: Annotated[str | None, Parameter(help="The scopes, separated by spaces.")] = None,
    lifetime: Annotated[
        int, Parameter(help="Seconds that the token lives, 43,200 at most.")
    ] = _HOUR,
) -> None:
    """Print a token of the development issuer, alone on the last line.

    Parameters
    ----------
    org
        The owner's short name.
    org_number
        The owner's organisation number: that of the owners file, or else an invented one.
    person
        The national identity number of somebody invented: the token is theirs, as ID-porten gives it
        when they log in, and no owner's.
    user
        Their user's id at Altinn: the token is as Altinn exchanges it.
    level
        How surely they logged in.
    """
    if person is None:
        told = issue(owner=org, organisation=org_number, scope=scope or CREATE, lifetime=lifetime)
    else:
        told = issue_person(
            person, scope=scope or END_USER, level=level, user=user, lifetime=lifetime
        )
    sys.stdout.write(f"{told}\n")


def issue_person(
    number: str, *, scope: str, level: str, user: str | None = None, lifetime: int = _HOUR
) -> str:
    """A token of the development issuer for somebody invented who logged in.

    Raises:
        Refusal: nothing runs here that would take it, or the number may be somebody's.
    """
    there = _issuing()
    try:
        return development_issuer(there.data, there.base_url).issue_person(
            number, scope, audience=there.base_url, level=level, user=user, lifetime=lifetime
        )
    except ValueError as problem:
        raise Refusal(str(problem)) from None


def issue(*, owner: str, organisation: str | None = None, scope: str, lifetime: int = _HOUR) -> str:
    """A token of the development issuer of the service that runs here.

    Raises:
        Refusal: nothing runs here that would take it: no service, or one that knows no such owner.
    """
    settings, there = settings_from(), _issuing()
    settings = replace(settings, owners_file=settings.owners_file or there.owners_file)
    try:
        return development_issuer(there.data, there.base_url).issue(
            owner, organisation_of(settings, owner, organisation), scope, lifetime=lifetime
        )
    except (OwnersFileError, ValueError) as problem:
        raise Refusal(str(problem)) from None


def _issuing() -> Running:
    """The installation that runs here, if it issues tokens.

    Raises:
        Refusal: none does.
    """
    there = running()
    if not there.issues_tokens:
        raise Refusal("the service that runs here does not issue tokens; get one from Maskinporten")
    return there
