"""The keys in an issuer's key set (RFC 7517), and which of them may verify a token."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

MOST_KEYS: Final = 20
MOST_BYTES: Final = 64 * 1024

_LONGEST_KID: Final = 128
_FEWEST_BITS: Final = 2048
_MOST_BITS: Final = 4096
_LEAST_EXPONENT: Final = 65537
_LONGEST_EXPONENT: Final = 8


class UnusableKeySetError(Exception):
    """What an issuer published is not a key set that can be used."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key by which an issuer signs, and the one algorithm that it is for, if it says so."""

    public: RSAKey
    algorithm: str | None
    material: tuple[str, str]


@dataclass(frozen=True, slots=True)
class UnsuitableKey:
    """A key that an issuer publishes, and by which no token is accepted."""

    why: str


class _Jwk(msgspec.Struct):
    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    n: str | None = None
    e: str | None = None
    d: str | None = None


class _Jwks(msgspec.Struct):
    keys: list[_Jwk]


_decode = msgspec.json.Decoder(_Jwks).decode


def read_key_set(text: bytes) -> Mapping[str, SigningKey | UnsuitableKey]:
    """The keys of a set by their ids; a key without an id is never found, so it is left out.

    Raises:
        UnusableKeySetError: the set is malformed, too large, or has no key to verify by.
    """
    if len(text) > MOST_BYTES:
        raise UnusableKeySetError("the key set is too large")
    try:
        published = _decode(text).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnusableKeySetError("the key set is malformed") from None
    if len(published) > MOST_KEYS:
        raise UnusableKeySetError("the key set has too many keys")
    keys: dict[str, SigningKey | UnsuitableKey] = {}
    for jwk in published:
        if jwk.kid is not None and 0 < len(jwk.kid) <= _LONGEST_KID:
            keys[jwk.kid] = UnsuitableKey("twice") if jwk.kid in keys else _read(jwk)
    if not any(isinstance(key, SigningKey) for key in keys.values()):
        raise UnusableKeySetError("the key set has no key to verify by")
    return keys


def _read(jwk: _Jwk) -> SigningKey | UnsuitableKey:
    if jwk.kty != "RSA" or jwk.n is None or jwk.e is None:
        return UnsuitableKey("kind")
    if jwk.use != "sig":
        return UnsuitableKey("use")
    if jwk.d is not None:
        return UnsuitableKey("private")
    try:
        modulus, exponent = _number(jwk.n), _number(jwk.e)
    except ValueError:
        return UnsuitableKey("numbers")
    if not _FEWEST_BITS <= modulus.bit_length() <= _MOST_BITS:
        return UnsuitableKey("size")
    if len(jwk.e) > _LONGEST_EXPONENT or exponent < _LEAST_EXPONENT or exponent % 2 == 0:
        return UnsuitableKey("exponent")
    try:
        public = RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e})
        _ = public.public_key
    except (JoseError, ValueError):
        return UnsuitableKey("numbers")
    return SigningKey(public, jwk.alg, (jwk.n, jwk.e))


def _number(text: str) -> int:
    padded = text + "=" * (-len(text) % 4)
    return int.from_bytes(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
