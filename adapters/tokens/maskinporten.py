"""Tokens that others expect of us, from Maskinporten, by a signed grant (RFC 7523).

A grant lives for less than two minutes and is used once; a token is kept for as long as it is good.
"""

import asyncio
import secrets
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey
from msgspec import Struct

from adapters.tokens.discovery import Discovery, GrantRefusedError, IssuerUnreachableError

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GRANT_LIVES: Final = 100
_BEFORE_ITS_END: Final = 15
"""Seconds before its end in which a token is not shown any more: it must still be good on arrival."""
_SMALLEST: Final = 2048
_TO_DO: Final = {
    "invalid_client": "see that it knows our client, and that client's key, by the ids in the settings",
    "invalid_grant": "see that our clock is right, and that our key is the one that it knows",
    "unauthorized_client": "have it allow our client to ask for tokens",
    "invalid_scope": "have it give our client the scope that is asked for",
}
"""What an operator can do, by what the issuer says (RFC 6749 § 5.2)."""


class ClientKeyError(Exception):
    """Our client's key cannot be used; the text is one line for operators."""


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: int = 120


class NoTokenError(IssuerUnreachableError):
    """No token can be had; the text is one line for operators: of which issuer, why, what to do."""

    def __init__(self, issuer: str, why: IssuerUnreachableError) -> None:
        code = why.code if isinstance(why, GrantRefusedError) else None
        do = _TO_DO.get(code or "", "try again later")
        super().__init__(f"the issuer {issuer} gives us no token: {why}; {do}")


_decode = msgspec.json.Decoder(_Token).decode


class MaskinportenClient:
    """Gets tokens; of many who need the same at once only one asks."""

    def __init__(
        self,
        discovery: Discovery,
        *,
        client_id: str,
        key_file: Path,
        key_id: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the client's key in hand.

        Raises:
            ClientKeyError: there is no private RSA key of at least 2048 bits in the file.
        """
        self._discovery = discovery
        self._client_id = client_id
        self._key = _read(key_file)
        self._key_id = key_id
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}
        self._asking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def token(self, scope: str) -> str:
        """A token with a scope, or with several, parted by spaces.

        Raises:
            NoTokenError: none can be had now.
        """
        async with self._asking[scope]:
            token, good_until = self._tokens.get(scope, ("", 0.0))
            if self._clock() < good_until:
                return token
            try:
                told = await self._told(scope)
            except IssuerUnreachableError as why:
                raise NoTokenError(self._discovery.issuer, why) from None
            self._tokens[scope] = (
                told.access_token,
                self._clock() + told.expires_in - _BEFORE_ITS_END,
            )
            return told.access_token

    async def _told(self, scope: str) -> _Token:
        answer = await self._discovery.ask_for_token(lambda: self._grant(scope))
        try:
            return _decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise IssuerUnreachableError("its token is malformed") from None

    def _grant(self, scope: str) -> Mapping[str, str]:
        now = int(self._clock())
        header: dict[str, Any] = {"alg": "RS256"}
        if self._key_id is not None:
            header["kid"] = self._key_id
        claims = {
            "aud": self._discovery.issuer,
            "iss": self._client_id,
            "scope": scope,
            "iat": now,
            "exp": now + _GRANT_LIVES,
            "jti": secrets.token_urlsafe(16),
        }
        assertion = jws.serialize_compact(header, msgspec.json.encode(claims), self._key)
        return {"grant_type": GRANT, "assertion": assertion}


def _read(file: Path) -> RSAKey:
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):
            key = RSAKey.import_key(file.read_bytes())  # a short one is refused below
    except (JoseError, OSError, ValueError):
        raise ClientKeyError(f"{file} holds no RSA key that can be read (PEM)") from None
    if not key.is_private or key.raw_value.key_size < _SMALLEST:
        raise ClientKeyError(f"{file} must hold a private RSA key of at least {_SMALLEST} bits")
    return key
