"""Who is calling, and whether they may."""

import re
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from litestar.types import Scope

from application.caller import CREATE, Assurance, Caller, EndUser
from application.envelope import Actor, Role
from application.ports.token_verifier import NotAPersonError, TokenVerifier
from entrypoints.http.transport.errors import (
    LevelTooLowError,
    MissingScopeError,
    NotAcceptableError,
)
from entrypoints.http.transport.mounting import Door

COOKIE: Final = "AltinnStudioRuntime"
"""The cookie in which a browser bears a token; an `Authorization` header goes before it."""

JSON_RANGES: Final = frozenset({"*/*", "application/*", "application/json", "text/json"})
HTML_RANGES: Final = frozenset({"*/*", "text/*", "text/html"})
"""What a client may say that it takes, where that is what it is given."""

_MOST_RANGES: Final = 64
"""So many are looked at; browsers name ten."""
_PORTS: Final = {"http": 80, "https": 443}
_REFUSING: Final = re.compile(r"q\s*=\s*0(\.0*)?")


class Authenticator:
    """Lets callers in whose token is good and allows what they ask for."""

    def __init__(self, verifier: TokenVerifier, base_url: str) -> None:
        """Take the verifier of tokens, and the address at which pages of our own lie."""
        self._verifier = verifier
        self._origin = _origin(base_url)

    async def authenticate(
        self, scope: Scope, needed: str = CREATE, *, gives: Collection[str] = JSON_RANGES
    ) -> Caller:
        """Verify who calls, that they hold the scope that is needed, and understand what is given.

        Raises:
            NotAcceptableError: the caller would not understand the answer.
            InvalidTokenError: there is no good token.
            NoOwnerError: the token names no owner.
            MissingScopeError: the token does not allow this.
            VerificationUnavailableError: nobody can tell now.
        """
        _check_acceptance(scope, gives)
        authorization, platform = self._tokens(scope)
        caller = await self._verifier.verify(
            authorization=authorization, platform_access_token=platform
        )
        scope["user"] = caller
        if not caller.may(needed):
            raise MissingScopeError(needed)
        return caller

    async def authenticate_person(self, scope: Scope, *, needed: str, level: Assurance) -> EndUser:
        """Verify which person calls, that they logged in surely enough, and that their client may ask.

        Raises:
            NotAcceptableError: the client would not understand the answer.
            InvalidTokenError: there is no good token.
            NotAPersonError: the token names no person.
            MissingScopeError: the token does not allow this.
            LevelTooLowError: the person did not log in surely enough.
            VerificationUnavailableError: nobody can tell now.
        """
        _check_acceptance(scope, JSON_RANGES)
        authorization, platform = self._tokens(scope)
        if platform and not authorization:
            await self._verifier.verify(authorization=[], platform_access_token=platform)
            raise NotAPersonError("platform_access_token")
        person = await self._verifier.verify_person(authorization=authorization)
        scope["user"] = person
        if not person.may(needed):
            raise MissingScopeError(needed)
        if person.level < level:
            raise LevelTooLowError(f"idporten-loa-{level.name.lower()}")
        return person

    def door(self, needed: str) -> Door:
        """Let in whom a scope allows what a route does; they are `request.user` afterwards."""

        async def door(scope: Scope) -> None:
            await self.authenticate(scope, needed)

        return door

    def door_for_people(self, needed: str, level: Assurance) -> Door:
        """Let in persons who logged in at a level; they are `request.user` afterwards."""

        async def door(scope: Scope) -> None:
            await self.authenticate_person(scope, needed=needed, level=level)

        return door

    def _tokens(self, scope: Scope) -> tuple[Sequence[str], Sequence[str]]:
        """What a request bears as a bearer token, and what as a platform access token."""
        authorization: list[str] = []
        platform: list[str] = []
        in_cookies: list[str] = []
        sites: list[bytes] = []
        origins: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization.append(value.decode("latin-1"))
            elif name == b"platformaccesstoken":
                platform.append(value.decode("latin-1"))
            elif name == b"cookie":
                in_cookies += _in_cookie(value.decode("latin-1"))
            elif name == b"sec-fetch-site":
                sites.append(value)
            elif name == b"origin":
                origins.append(value)
        # A page elsewhere can have a browser send the cookie, and the browser says where it lies.
        is_from_here = sites == [b"same-origin"] if sites else origins == [self._origin]
        return authorization or (in_cookies if is_from_here else []), platform


def _origin(base_url: str) -> bytes:
    """The origin of an address as browsers write it: without the port that goes without saying."""
    parts = urlsplit(base_url.lower())
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}".encode()


def _check_acceptance(scope: Scope, gives: Collection[str]) -> None:
    """See that the caller takes what is given; nothing said means anything (RFC 9110 § 12.5.1)."""
    accepted = [value for name, value in scope["headers"] if name == b"accept"]
    ranges = b",".join(accepted).decode("latin-1").split(",", _MOST_RANGES)[:_MOST_RANGES]
    if any(ranges) and not any(_takes(each, gives) for each in ranges):
        raise NotAcceptableError


def _takes(media_range: str, gives: Collection[str]) -> bool:
    kind, *parameters = [each.strip().lower() for each in media_range.split(";")]
    is_refused = any(_REFUSING.fullmatch(each) for each in parameters)
    return kind in gives and not is_refused


def _in_cookie(cookies: str) -> list[str]:
    """The tokens in a cookie header (RFC 6265 § 4.2), as an `Authorization` header would say them."""
    if COOKIE not in cookies:
        return []
    pairs = (each.strip().partition("=") for each in cookies.split(";"))
    return [f"Bearer {value}" for name, _, value in pairs if name == COOKIE]


def actor(caller: Caller, role: Role = Role.OWNER) -> Actor:
    """The caller as histories name them."""
    return Actor(
        role=role,
        name=caller.owner,
        organisation=caller.organisation,
        supplier=caller.supplier,
        client=caller.client_id,
        token=caller.token_id,
    )
