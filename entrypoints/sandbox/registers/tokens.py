"""Maskinporten's part: a signed grant is answered with a token, which the registers ask for."""

import base64
import binascii
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME: Final = 120

_ALGORITHMS: Final = ("RS256", "RS384", "RS512")
_GRANT_LIVES: Final = 120
_LEEWAY: Final = 10
_REMEMBERED: Final = 10_000
"""So many grants are remembered, since none is taken twice."""


class GrantRefusedError(Exception):
    """A grant is not taken; its code is that of RFC 6749, and the text says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class TokenIssuer:
    """Issues tokens for grants, and knows its own again.

    Args:
        client_key: the public key by which grants must be signed (PEM); None takes them unsigned by
            anybody known.
        constant: tokens that are good for everything, and always.
        clock: tells the seconds since 1970.

    Raises:
        ValueError: the key is no RSA key.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        client_key: bytes | None = None,
        constant: Collection[str] = (),
    ) -> None:
        self._clock = clock
        try:
            self._client_key = None if client_key is None else RSAKey.import_key(client_key)
        except (JoseError, ValueError):
            raise ValueError("the client's key is no RSA key (PEM)") from None
        self._constant = [each.encode() for each in constant]
        self._own_key = OctKey.generate_key(256)
        self._seen: OrderedDict[str, None] = OrderedDict()

    def issue(self, form: Mapping[str, str], issuer: str) -> Mapping[str, Any]:
        """The answer to a grant, which must be for this issuer.

        Raises:
            GrantRefusedError: it is not taken.
        """
        if form.get("grant_type") != GRANT:
            raise GrantRefusedError("unsupported_grant_type", f"grant_type must be {GRANT}")
        claims = self._claims(form.get("assertion", ""))
        now = int(self._clock())
        self._judge(claims, issuer, now)
        token = {
            "iss": issuer,
            "scope": claims["scope"],
            "client_id": claims["iss"],
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(16),
        }
        signed = jws.serialize_compact({"alg": "HS256"}, msgspec.json.encode(token), self._own_key)
        return {
            "access_token": signed,
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": claims["scope"],
        }

    def refusal(self, token: str, scope: str | None) -> HTTPStatus | None:
        """With which status a token is refused where a scope is needed, or any; None where it is good."""
        if any(secrets.compare_digest(token.encode(), each) for each in self._constant):
            return None
        try:
            payload = jws.deserialize_compact(token, self._own_key, algorithms=["HS256"]).payload
        except (JoseError, ValueError):
            return HTTPStatus.UNAUTHORIZED
        claims = msgspec.json.decode(payload)
        if self._clock() >= claims["exp"]:
            return HTTPStatus.UNAUTHORIZED
        has_scope = scope is None or scope in claims["scope"].split()
        return None if has_scope else HTTPStatus.FORBIDDEN

    def _claims(self, assertion: str) -> Mapping[str, Any]:
        try:
            header, payload, _ = (_decoded(each) for each in assertion.split("."))
            told, claims = msgspec.json.decode(header), msgspec.json.decode(payload)
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise GrantRefusedError("invalid_grant", "the assertion is no JWT") from None
        if not isinstance(told, dict) or not isinstance(claims, dict):
            raise GrantRefusedError("invalid_grant", "the assertion is no JWT")
        if told.get("alg") not in _ALGORITHMS:
            raise GrantRefusedError("invalid_grant", "the assertion is not signed by RSA")
        if self._client_key is not None:
            try:
                jws.deserialize_compact(assertion, self._client_key, algorithms=[*_ALGORITHMS])
            except (JoseError, ValueError):
                raise GrantRefusedError(
                    "invalid_grant", "the assertion is not signed by the client's key"
                ) from None
        return claims

    def _judge(self, claims: Mapping[str, Any], issuer: str, now: int) -> None:
        audience = claims.get("aud")
        if issuer not in (audience if isinstance(audience, list) else [audience]):
            raise GrantRefusedError("invalid_grant", f"aud must be {issuer}")
        if not isinstance(claims.get("iss"), str) or not claims["iss"]:
            raise GrantRefusedError("invalid_client", "iss must be the client's id")
        begins, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(begins, int) or not isinstance(ends, int):
            raise GrantRefusedError("invalid_grant", "iat and exp must be times")
        if ends - begins > _GRANT_LIVES or not begins - _LEEWAY <= now <= ends + _LEEWAY:
            raise GrantRefusedError(
                "invalid_grant", f"a grant holds from iat to exp, for {_GRANT_LIVES} s at most"
            )
        if not isinstance(claims.get("scope"), str) or not claims["scope"].split():
            raise GrantRefusedError("invalid_scope", "scope must name what the token is for")
        once = claims.get("jti")
        if isinstance(once, str):
            if once in self._seen:
                raise GrantRefusedError("invalid_grant", "the grant was used before")
            self._seen[once] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
