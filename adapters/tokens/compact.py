"""The outside of a token (RFC 7515): three segments, a header, and claims that are not believed yet.

Nothing here is known to be genuine. What can be refused before any key is looked up is refused here.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from adapters.tokens.issuers import Issuer
from application.ports.token_verifier import InvalidTokenError

LONGEST: Final = 8 * 1024

_SEGMENTS: Final = 3
_LONGEST_KID: Final = 128
_TYPES: Final = frozenset({"jwt", "at+jwt"})
_SCHEME: Final = "bearer "
_base64url = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_KEYS_OF_ITS_OWN: Final = ("jwk", "jku", "x5u")


class Header(msgspec.Struct, frozen=True):
    """What a token says about how it was signed."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    x5c: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Compact:
    """A token taken apart, nothing of it verified."""

    text: str = field(repr=False)
    header: Header
    issuer: str
    payload: bytes = field(repr=False)


class _Peek(msgspec.Struct):
    iss: str


_read_header = msgspec.json.Decoder(Header).decode
_peek = msgspec.json.Decoder(_Peek).decode


def bearer(authorization: Sequence[str]) -> str:
    """The token in the Authorization header, which stands exactly once."""
    if not authorization:
        raise InvalidTokenError("no_credential")
    if len(authorization) > 1:
        raise InvalidTokenError("credential_repeated")
    value = authorization[0]
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise InvalidTokenError("not_bearer")
    return value[len(_SCHEME) :]


def only(platform_access_token: Sequence[str]) -> str:
    """The token in the PlatformAccessToken header, which stands at most once."""
    if len(platform_access_token) != 1:
        raise InvalidTokenError("credential_repeated")
    return platform_access_token[0]


def take_apart(token: str) -> Compact:
    """Take a token apart, and refuse what no issuer would make."""
    if len(token) > LONGEST:
        raise InvalidTokenError("too_long")
    segments = token.split(".")
    if len(segments) != _SEGMENTS:
        raise InvalidTokenError("not_three_segments")
    header_text, payload, _ = (_decode(segment) for segment in segments)
    fields = _object(header_text, "header_malformed", "header_name_repeated")
    try:
        header = _read_header(header_text)
    except msgspec.ValidationError:
        raise InvalidTokenError("header_malformed") from None
    _check_fields(header, fields)
    claims = _object(payload, "claims_malformed", "claim_repeated")
    if not isinstance(claims.get("iss"), str):
        raise InvalidTokenError("issuer_missing")
    return Compact(token, header, claims["iss"], payload)


def check_header(token: Compact, issuer: Issuer) -> None:
    """Whether an issuer signs as this token's header says.

    Altinn writes the name of its certificate into `x5c`. It is never used.
    """
    if token.header.alg not in issuer.algorithms:
        raise InvalidTokenError("algorithm")
    if issuer.kind == "maskinporten" and token.header.x5c is not msgspec.UNSET:
        raise InvalidTokenError("header_key")


def key_id(header: Header) -> str:
    """The id of the key by which a token says it was signed."""
    if header.kid is None:
        raise InvalidTokenError("key_id_missing")
    if not 0 < len(header.kid) <= _LONGEST_KID:
        raise InvalidTokenError("key_id_malformed")
    return header.kid


def _decode(segment: str) -> bytes:
    """Read base64url that is written in the one way in which it may be."""
    if not _base64url(segment):
        raise InvalidTokenError("not_base64url")
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise InvalidTokenError("not_base64url") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != segment.encode("ascii"):
        raise InvalidTokenError("not_base64url")
    return data


class _RepeatedNameError(Exception):
    """A JSON object has a name twice, so readers may differ about what it says."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise _RepeatedNameError
    return names


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _object(text: bytes, malformed: str, repeated: str) -> dict[str, Any]:
    try:
        # The standard library's reader tells repeated names; msgspec's lets the last one win.
        read = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_constant)
    except _RepeatedNameError:
        raise InvalidTokenError(repeated) from None
    except (ValueError, RecursionError):
        raise InvalidTokenError(malformed) from None
    if not isinstance(read, dict):
        raise InvalidTokenError(malformed)
    return read


def _check_fields(header: Header, fields: dict[str, Any]) -> None:
    if "crit" in fields or "b64" in fields:
        raise InvalidTokenError("header_critical")
    if any(name in fields for name in _KEYS_OF_ITS_OWN):
        raise InvalidTokenError("header_key")
    if header.typ is not None and header.typ.lower() not in _TYPES:
        raise InvalidTokenError("type")
