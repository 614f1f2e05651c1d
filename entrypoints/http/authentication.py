"""Who is calling, and whether they may."""

import re
from typing import Final

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Scope

from application.caller import CREATE, Caller
from application.ports.token_verifier import TokenVerifier
from application.recorded import Actor, Role
from entrypoints.http.refusals import MissingScopeError, NotAcceptableError

COOKIE: Final = "AltinnStudioRuntime"
"""The cookie in which a browser bears a token; an `Authorization` header goes before it."""


_TAKEN: Final = frozenset({"*/*", "application/*", "application/json", "text/json"})
_REFUSING: Final = re.compile(r"q\s*=\s*0(\.0*)?")


class Doorkeeper:
    """Lets callers in whose token is good and allows what they ask for."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def admit(self, scope: Scope, needed: str = CREATE) -> Caller:
        """Verify who calls, and that they hold the scope that is needed.

        Raises:
            NotAcceptableError: the caller would not understand the answer.
            InvalidTokenError: there is no good token.
            NoOwnerError: the token names no owner.
            MissingScopeError: the token does not allow this.
            VerificationUnavailableError: nobody can tell now.
        """
        _check_acceptance(scope)
        authorization: list[str] = []
        platform: list[str] = []
        in_cookies: list[str] = []
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization.append(value.decode("latin-1"))
            elif name == b"platformaccesstoken":
                platform.append(value.decode("latin-1"))
            elif name == b"cookie":
                in_cookies += _in_cookie(value.decode("latin-1"))
        caller = await self._verifier.verify(
            authorization=authorization or in_cookies, platform_access_token=platform
        )
        scope["user"] = caller
        if not caller.may(needed):
            raise MissingScopeError
        return caller

    async def guard(
        self,
        connection: ASGIConnection,  # type: ignore[type-arg]  # as Litestar spells a guard
        handler: BaseRouteHandler,  # noqa: ARG002  # as Litestar spells a guard
    ) -> None:
        """Admit callers to Litestar's routes; they are `request.user` afterwards."""
        is_asking_for_methods = connection.scope.get("method") == "OPTIONS"
        if not is_asking_for_methods:
            await self.admit(connection.scope)


def _check_acceptance(scope: Scope) -> None:
    """See that the caller takes JSON; nothing said means anything (RFC 9110 § 12.5.1)."""
    accepted = [value for name, value in scope["headers"] if name == b"accept"]
    ranges = [each for value in accepted for each in value.decode("latin-1").split(",")]
    if any(ranges) and not any(map(_takes_json, ranges)):
        raise NotAcceptableError


def _takes_json(media_range: str) -> bool:
    kind, *parameters = [each.strip().lower() for each in media_range.split(";")]
    is_refused = any(_REFUSING.fullmatch(each) for each in parameters)
    return kind in _TAKEN and not is_refused


def _in_cookie(cookies: str) -> list[str]:
    """The tokens in a cookie header (RFC 6265 § 4.2), as an `Authorization` header would say them.

    A page elsewhere cannot place orders with it: what is posted must be said to be JSON, which a
    browser asks us about first, and we allow nobody.
    """
    pairs = (each.strip().partition("=") for each in cookies.split(";"))
    return [f"Bearer {value}" for name, _, value in pairs if name == COOKIE]


def actor(caller: Caller) -> Actor:
    """The caller as histories name them."""
    return Actor(
        role=Role.OWNER,
        name=caller.owner,
        organisation=caller.organisation,
        supplier=caller.supplier,
        client=caller.client_id,
        token=caller.token_id,
    )
