"""`varsel token`: a token of the development issuer."""

import sys
from dataclasses import replace
from typing import Annotated, Final

from cyclopts import Parameter

from adapters.tokens.owners_file import OwnersFileError
from application.caller import CREATE
from entrypoints.cli.app import settings_from
from entrypoints.cli.installation import running
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.tokens import development_issuer, organisation_of

__all__ = ["CREATE", "issue", "token"]

_HOUR: Final = 3600


def token(
    *,
    org: str = "ttd",
    org_number: str | None = None,
    scope: Annotated[str, Parameter(help="The scopes, separated by spaces.")] = CREATE,
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
    """
    sys.stdout.write(
        issue(owner=org, organisation=org_number, scope=scope, lifetime=lifetime) + "\n"
    )


def issue(*, owner: str, organisation: str | None = None, scope: str, lifetime: int = _HOUR) -> str:
    """A token of the development issuer of the service that runs here.

    Raises:
        Refusal: nothing runs here that would take it: no service, or one that knows no such owner.
    """
    settings, there = settings_from(), running()
    settings = replace(settings, owners_file=settings.owners_file or there.owners_file)
    if not there.issues_tokens:
        raise Refusal("the service that runs here does not issue tokens; get one from Maskinporten")
    try:
        return development_issuer(there.data, there.base_url).issue(
            owner, organisation_of(settings, owner, organisation), scope, lifetime=lifetime
        )
    except (OwnersFileError, ValueError) as problem:
        raise Refusal(str(problem)) from None
