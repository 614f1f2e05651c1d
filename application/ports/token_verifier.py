"""Whether a token is genuine, and for whom it speaks."""

from collections.abc import Sequence
from typing import Protocol

from application.caller import Caller, EndUser


class InvalidTokenError(Exception):
    """There is no token that can be trusted."""

    def __init__(self, reason: str) -> None:
        super().__init__("there is no token that can be trusted")
        self.reason = reason
        """A stable code for operators and tests; it helps attackers, so no client is told."""


class NoOwnerError(Exception):
    """The token is genuine, but speaks for nobody who owns notifications here."""

    def __init__(self, reason: str = "owner_unknown") -> None:
        super().__init__("the token speaks for nobody who owns notifications here")
        self.reason = reason
        """A stable code for operators and tests; no client is told."""


class NotAPersonError(Exception):
    """The token is genuine, but does not speak for a person who logged in."""

    def __init__(self, reason: str) -> None:
        super().__init__("the token speaks for no person who logged in")
        self.reason = reason
        """A stable code for operators and tests; no client is told."""


class VerificationUnavailableError(Exception):
    """Nobody can tell at the moment whether the token is genuine; try again later."""

    def __init__(self, issuer: str) -> None:
        super().__init__(f"there are no keys of the issuer {issuer}")
        self.issuer = issuer


class TokenVerifier(Protocol):
    """Tells who is calling from the credentials of one request."""

    async def verify(
        self, *, authorization: Sequence[str], platform_access_token: Sequence[str]
    ) -> Caller:
        """The caller, from all values of the two headers in which credentials come.

        A verified platform access token names the owner, whatever stands beside it; one that
        cannot be verified refuses the request, whatever stands beside it. A bearer token beside
        a verified platform access token adds its scopes if it speaks for the same owner, or for
        a person, and nothing otherwise.

        Whether the owner is known and active is asked again each time.

        Raises:
            InvalidTokenError: there is no credential, or one that cannot be trusted.
            NoOwnerError: the token is genuine, and names no owner that is known and active.
            VerificationUnavailableError: it cannot be known now whether the token is genuine.
        """
        ...

    async def verify_person(self, *, authorization: Sequence[str]) -> EndUser:
        """The person who calls, from all values of the header `Authorization`.

        Of the token of an owner, of a client that acts for itself, and of somebody of whom it tells no
        national identity number it is not taken, however genuine.

        Raises:
            InvalidTokenError: there is no credential, or one that cannot be trusted.
            NotAPersonError: the token is genuine, and names no person.
            VerificationUnavailableError: it cannot be known now whether the token is genuine.
        """
        ...
