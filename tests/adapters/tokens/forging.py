"""Tokens of every kind, genuine and otherwise, made without the library that verifies them."""

import base64
import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapters.tokens.issuers import Issuer
from adapters.tokens.keys import StaticKeys

NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW: Final = int(NOON.timestamp())

ALTINN: Final = "https://platform.example.no/authentication/api/v1/openid/"
MASKINPORTEN: Final = "https://maskinporten.example.no/"
IDPORTEN = "https://idporten.example.no"
AUDIENCE: Final = "https://varsel.example.no/"

TTD: Final = "991825827"
SKD: Final = "974761076"
SUPPLIER: Final = "310028142"

GONE: Final = object()
"""In the place of a value: the name is left out."""

_HASHES: Final = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}


@functools.cache
def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of this name: the same one always."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def jwk(name: str, *, kid: str, bits: int = 2048, **other: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    public = key(name, bits).public_key().public_numbers()
    described = {"kty": "RSA", "use": "sig", "kid": kid}
    return described | {"n": number(public.n), "e": number(public.e)} | other


def key_set(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**values, **changes}.items() if value is not GONE}


def organisation(identity: str, authority: str = "iso6523-actorid-upis") -> dict[str, str]:
    return {"authority": authority, "ID": identity}


def header(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return changed({"alg": "RS256", "typ": "JWT", "kid": "one"}, changes)


def altinn(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    claims = {
        "iss": ALTINN,
        "scope": "altinn:serviceowner/notifications.create",
        "consumer": organisation(f"0192:{TTD}"),
        "urn:altinn:org": "ttd",
        "urn:altinn:orgNumber": TTD,
        "urn:altinn:authenticatemethod": "maskinporten",
        "urn:altinn:authlevel": 3,
        "sid": "5b9d",
        "iat": NOW - 60,
        "nbf": NOW - 60,
        "exp": NOW + 1740,
        "jti": "altinn-1",
    }
    return changed(claims, changes or {})


def maskinporten(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    claims = {
        "iss": MASKINPORTEN,
        "client_amr": "private_key_jwt",
        "token_type": "Bearer",
        "aud": AUDIENCE,
        "consumer": organisation(f"0192:{TTD}"),
        "scope": "altinn:serviceowner/notifications.create",
        "client_id": "7f3c-client",
        "iat": NOW - 1,
        "exp": NOW + 119,
        "jti": "maskinporten-1",
    }
    return changed(claims, changes or {})


def idporten(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    claims = {
        "iss": IDPORTEN,
        "aud": AUDIENCE,
        "sub": "pairwise-1",
        "pid": "15859010099",
        "acr": "idporten-loa-substantial",
        "client_id": "client-1",
        "consumer": organisation(f"0192:{TTD}"),
        "token_type": "Bearer",
        "scope": "altinn:portal/enduser",
        "iat": NOW - 60,
        "exp": NOW + 540,
        "jti": "idporten-1",
    }
    return changed(claims, changes or {})


def platform(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    claims = {
        "iss": "ttd",
        "urn:altinn:app": "bygg",
        "aud": "altinn.no",
        "iat": NOW - 1,
        "nbf": NOW - 1,
        "exp": NOW + 299,
    }
    return changed(claims, changes or {})


def token(
    claims: Mapping[str, Any] | str,
    *,
    head: Mapping[str, Any] | str | None = None,
    signer: str = "genuine",
    bits: int = 2048,
) -> str:
    """A token with these claims, or this very text, signed as its header says."""
    if head is None:
        head = header()
    algorithm = "RS256" if isinstance(head, str) else str(head.get("alg"))
    written = [part if isinstance(part, str) else json.dumps(part) for part in (head, claims)]
    signed = ".".join(b64(part.encode()) for part in written)
    scheme = _HASHES.get(algorithm, _HASHES["RS256"])
    signature = key(signer, bits).sign(signed.encode(), padding.PKCS1v15(), scheme)
    return f"{signed}.{b64(signature)}"


GENUINE_KEYS: Final = (
    jwk("genuine", kid="one"),
    jwk("genuine", kid="only-384", alg="RS384"),
    jwk("genuine", kid="for-encryption", use="enc"),
    jwk("genuine", kid="of-no-use", use=None),
    jwk("genuine", kid="elliptic", kty="EC"),
    jwk("small", kid="small", bits=1024),
    jwk("genuine", kid="twice"),
    jwk("stranger", kid="twice"),
    jwk("genuine", kid="weak-exponent", e=number(3)),
)


def issuers() -> tuple[Issuer, ...]:
    """Trusted issuers of every kind, with the same keys."""
    keys = StaticKeys(key_set(*GENUINE_KEYS))
    return (
        Issuer(kind="altinn", name=ALTINN, keys=keys),
        Issuer(kind="maskinporten", name=MASKINPORTEN, keys=keys, audience=AUDIENCE),
        Issuer(kind="platform", name="ttd", keys=keys),
        Issuer(kind="idporten", name=IDPORTEN, keys=keys, audience=AUDIENCE),
    )
