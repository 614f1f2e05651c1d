"""Tokens that must let nobody in, each with the check that refuses it and the reason it gives.

The checks, by number: 1 the outside of the token, 2 its header, 3 its type, 4 its issuer, 5 the id
of its key, 6 the key, 7 the signature, 8 its lifetime, 9 its audience, 10 the kind of token,
11 the consumer, 12 the supplier, 13 its scopes, 15 proof of possession, 16 persons, 17 its id.
(14, the owner, and 18, what cannot be known, have tests of their own.)
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.adapters.tokens.forging import (
    ALTINN,
    AUDIENCE,
    GONE,
    NOW,
    SUPPLIER,
    TTD,
    altinn,
    b64,
    header,
    key,
    maskinporten,
    organisation,
    platform,
    token,
)


class Hostile(NamedTuple):
    check: int
    reason: str
    words: str
    authorization: list[str]
    platform: list[str] = []  # noqa: RUF012  # a default of a tuple, never changed


def _bearer(check: int, reason: str, words: str, text: str) -> Hostile:
    return Hostile(check, reason, words, [f"Bearer {text}"])


def _of_altinn(check: int, reason: str, words: str, **claims: Any) -> Hostile:  # noqa: ANN401  # JSON
    named = {name.replace("__", ":"): value for name, value in claims.items()}
    return _bearer(check, reason, words, token(altinn(named)))


def _of_maskinporten(check: int, reason: str, words: str, **claims: Any) -> Hostile:  # noqa: ANN401  # JSON
    return _bearer(check, reason, words, token(maskinporten(claims)))


def _headed(check: int, reason: str, words: str, **changes: Any) -> Hostile:  # noqa: ANN401  # JSON
    return _bearer(check, reason, words, token(altinn(), head=header(**changes)))


def _of_an_app(check: int, reason: str, words: str, claims: Mapping[str, Any]) -> Hostile:
    return Hostile(check, reason, words, [], [token(platform(claims))])


def _text(claims: Mapping[str, Any], old: str, new: str) -> str:
    """Claims as JSON, with something in it that no writer of JSON would write."""
    text = json.dumps(claims)
    assert old in text
    return text.replace(old, new, 1)


def _hmac_with_the_public_key() -> str:
    written = [json.dumps(part).encode() for part in (header(alg="HS256"), altinn())]
    signed = ".".join(b64(part) for part in written)
    published = key("genuine").public_key()
    secret = published.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


GOOD: Final = token(altinn())
_HEAD, _PAYLOAD, _SIGNATURE = GOOD.split(".")
_LAST: Final = _SIGNATURE[-1]
# 256 bytes leave four bits of the last character unused; this sets one of them.
_NOT_CANONICAL: Final = _SIGNATURE[:-1] + chr(ord(_LAST) + 1)
_BYTES: Final = b64(b'{"iss":"\xff"}')

HOSTILE: Final = (
    Hostile(1, "no_credential", "no credential", []),
    Hostile(1, "credential_repeated", "the header twice", [f"Bearer {GOOD}"] * 2),
    Hostile(1, "credential_repeated", "two app tokens", [], ["a.b.c", "a.b.c"]),
    Hostile(1, "not_bearer", "another scheme", ["Basic dmFyc2VsOnZhcnNlbA=="]),
    Hostile(1, "not_bearer", "a scheme for proof of possession", [f"DPoP {GOOD}"]),
    Hostile(1, "not_bearer", "no scheme", [GOOD]),
    Hostile(1, "not_bearer", "an empty header", [""]),
    Hostile(1, "not_three_segments", "a scheme alone", ["Bearer "]),
    _bearer(1, "too_long", "longer than 8 KiB", token(altinn({"padding": "x" * 8192}))),
    _bearer(1, "not_three_segments", "two segments", f"{_HEAD}.{_PAYLOAD}"),
    _bearer(1, "not_three_segments", "five segments, as if encrypted", f"{GOOD}.a.b"),
    _bearer(1, "not_base64url", "an empty signature", f"{_HEAD}.{_PAYLOAD}."),
    _bearer(1, "not_base64url", "padding", f"{_HEAD}.{_PAYLOAD}.{_SIGNATURE}=="),
    _bearer(1, "not_base64url", "the alphabet of base64", f"{_HEAD}.{_PAYLOAD}.+/{_SIGNATURE}"),
    _bearer(1, "not_base64url", "a length that cannot be", f"{_HEAD}.{_PAYLOAD}.{_SIGNATURE}AAA"),
    _bearer(1, "not_base64url", "unused bits set", f"{_HEAD}.{_PAYLOAD}.{_NOT_CANONICAL}"),
    _bearer(1, "not_base64url", "a space before the token", f" {GOOD}"),
    _bearer(1, "not_base64url", "a line feed after the token", f"{GOOD}\n"),
    _bearer(1, "not_base64url", "letters beyond ASCII", f"{_HEAD}.{_PAYLOAD}.\u00e6{_SIGNATURE}"),
    _bearer(2, "header_malformed", "no JSON", token(altinn(), head="alg=RS256")),
    _bearer(2, "header_malformed", "a list", token(altinn(), head='["RS256"]')),
    _bearer(2, "header_malformed", "no algorithm", token(altinn(), head='{"kid":"one"}')),
    _bearer(
        2,
        "header_name_repeated",
        "two algorithms",
        token(altinn(), head='{"alg":"none","alg":"RS256","kid":"one"}'),
    ),
    _bearer(
        2,
        "header_name_repeated",
        "two keys, one of them spelt otherwise",
        token(altinn(), head='{"alg":"RS256","kid":"two","\\u006bid":"one"}'),
    ),
    _headed(2, "algorithm", "no signature wanted", alg="none"),
    _headed(2, "algorithm", "no signature wanted, in other letters", alg="NoNe"),
    _bearer(2, "algorithm", "the public key as a secret", _hmac_with_the_public_key()),
    _headed(2, "algorithm", "an algorithm that is not allowed", alg="PS256"),
    _headed(2, "algorithm", "an algorithm for other keys", alg="ES256"),
    _headed(2, "header_malformed", "an algorithm that is a list", alg=["RS256"]),
    _headed(2, "header_critical", "an extension that must be understood", crit=["exp"]),
    _headed(2, "header_critical", "a payload that is not encoded", b64=False),
    _headed(2, "header_key", "a key of its own", jwk={"kty": "RSA"}),
    _headed(2, "header_key", "an address of keys", jku="https://attacker.example.org/jwks"),
    _headed(2, "header_key", "an address of a certificate", x5u="https://attacker.example.org/"),
    _bearer(2, "header_key", "a certificate", token(maskinporten(), head=header(x5c=["MIIB"]))),
    _headed(3, "type", "a token of another use", typ="logout+jwt"),
    _headed(3, "type", "an empty type", typ=""),
    _headed(3, "header_malformed", "a type that is a number", typ=1),
    _bearer(4, "claims_malformed", "claims that are no JSON", token("iss=altinn")),
    _bearer(4, "claims_malformed", "claims that are a list", token("[]")),
    _bearer(4, "claims_malformed", "not UTF-8", f"{_HEAD}.{_BYTES}.{_SIGNATURE}"),
    _bearer(4, "claims_malformed", "as deep as it goes", token("[" * 4000)),
    _bearer(4, "claims_malformed", "something after the end", token(json.dumps(altinn()) + "{}")),
    _of_altinn(4, "issuer_missing", "no issuer", iss=GONE),
    _of_altinn(4, "issuer_missing", "several issuers", iss=[ALTINN]),
    _of_altinn(4, "issuer_unknown", "an issuer with a suffix", iss=f"{ALTINN}evil"),
    _of_altinn(4, "issuer_unknown", "an issuer without its slash", iss=ALTINN.rstrip("/")),
    _of_altinn(4, "issuer_unknown", "an issuer in capitals", iss=ALTINN.upper()),
    _of_altinn(4, "issuer_unknown", "an app's token as bearer", iss="ttd"),
    _of_an_app(4, "issuer_unknown", "an app of a stranger", {"iss": "stranger"}),
    _of_an_app(4, "issuer_unknown", "a bearer as an app's token", altinn()),
    _headed(5, "key_id_missing", "no key named", kid=GONE),
    _headed(5, "key_id_malformed", "an empty name of a key", kid=""),
    _headed(5, "key_id_malformed", "a long name of a key", kid="k" * 129),
    _headed(5, "header_malformed", "a number for a key", kid=1),
    _headed(5, "key_unknown", "a key that is unknown", kid="two"),
    _headed(5, "key_unknown", "a path for a key", kid="../../etc/passwd"),
    _headed(6, "key_unsuitable", "a key for encryption", kid="for-encryption"),
    _headed(6, "key_unsuitable", "a key for no stated use", kid="of-no-use"),
    _headed(6, "key_unsuitable", "a key of another kind", kid="elliptic"),
    _headed(6, "key_unsuitable", "a key for another algorithm", kid="only-384"),
    _headed(6, "key_unsuitable", "two keys of one name", kid="twice"),
    _headed(6, "key_unsuitable", "a key with a small exponent", kid="weak-exponent"),
    _bearer(
        6,
        "key_unsuitable",
        "a small key",
        token(altinn(), head=header(kid="small"), signer="small", bits=1024),
    ),
    _bearer(7, "signature", "another's signature", token(altinn(), signer="stranger")),
    _bearer(
        7,
        "signature",
        "claims that were changed",
        f"{_HEAD}.{b64(json.dumps(altinn({'urn:altinn:org': 'skd'})).encode())}.{_SIGNATURE}",
    ),
    _bearer(
        7,
        "signature",
        "an algorithm that was changed",
        f"{b64(json.dumps(header(alg='RS512')).encode())}.{_PAYLOAD}.{_SIGNATURE}",
    ),
    _bearer(7, "signature", "a signature cut short", f"{_HEAD}.{_PAYLOAD}.{_SIGNATURE[:100]}"),
    _of_altinn(8, "lifetime_malformed", "no end", exp=GONE),
    _of_altinn(8, "lifetime_malformed", "no beginning", iat=GONE),
    _of_altinn(8, "lifetime_malformed", "an end that is text", exp=str(NOW + 600)),
    _of_altinn(8, "lifetime_malformed", "an end that is true", exp=True),
    _of_altinn(8, "lifetime_malformed", "an end that is nothing", exp=None),
    _of_altinn(8, "lifetime_malformed", "a start that is text", nbf="now"),
    _of_altinn(8, "lifetime", "an end beyond all time", exp=1e308),
    _bearer(
        8,
        "lifetime_malformed",
        "an end beyond all numbers",
        token(_text(altinn({"exp": 1}), '"exp": 1', '"exp": 1e999')),
    ),
    _bearer(
        8,
        "claims_malformed",
        "an end that is not a number",
        token(_text(altinn({"exp": 1}), '"exp": 1', '"exp": NaN')),
    ),
    _of_altinn(8, "lifetime", "twenty years", exp=NOW + 20 * 365 * 86400),
    _of_altinn(8, "lifetime", "an hour and a second", iat=NOW, exp=NOW + 3601),
    _of_altinn(8, "lifetime", "an end before its beginning", exp=NOW - 61),
    _of_altinn(8, "expired", "the end was eleven seconds ago", exp=NOW - 11),
    _of_altinn(8, "expired", "the end was ten seconds ago", exp=NOW - 10),
    _of_altinn(8, "issued_in_future", "issued in eleven seconds", iat=NOW + 11),
    _of_altinn(8, "not_yet_valid", "valid in eleven seconds", nbf=NOW + 11),
    _bearer(
        8,
        "claim_repeated",
        "two ends",
        token(_text(altinn(), '"exp"', f'"exp": {NOW + 900}, "exp"')),
    ),
    _of_maskinporten(9, "audience", "for nobody", aud=GONE),
    _of_maskinporten(9, "audience", "for whoever", aud="unspecified"),
    _of_maskinporten(9, "audience", "for something below us", aud=f"{AUDIENCE}admin"),
    _of_maskinporten(9, "audience", "for us without our slash", aud=AUDIENCE.rstrip("/")),
    _of_maskinporten(9, "audience", "for others", aud=["https://a.example.no/", "b"]),
    _of_maskinporten(9, "audience", "for an empty list", aud=[]),
    _of_maskinporten(9, "audience_malformed", "for a number", aud=[1]),
    _of_maskinporten(10, "token_type", "a token of another type", token_type="DPoP"),
    _of_maskinporten(10, "token_type", "a type that is a list", token_type=["Bearer"]),
    _of_maskinporten(11, "consumer_missing", "no consumer", consumer=GONE),
    _of_maskinporten(11, "consumer_malformed", "a consumer that is text", consumer=f"0192:{TTD}"),
    _of_maskinporten(
        11,
        "consumer_authority",
        "a consumer of another authority",
        consumer=organisation(f"0192:{TTD}", "iso6523"),
    ),
    _of_maskinporten(
        11, "consumer_number", "a consumer abroad", consumer=organisation(f"0088:{TTD}")
    ),
    _of_maskinporten(
        11, "consumer_number", "a number of no stated register", consumer=organisation(TTD)
    ),
    _of_maskinporten(
        11, "consumer_number", "a wrong check digit", consumer=organisation("0192:991825828")
    ),
    _of_maskinporten(
        11,
        "consumer_number",
        "digits of another script",
        consumer=organisation("0192:99182582\u0667"),
    ),
    _of_maskinporten(
        11, "consumer_number", "a number too long", consumer=organisation(f"0192:{TTD}0")
    ),
    _bearer(
        11,
        "claim_repeated",
        "two numbers of a consumer",
        token(_text(maskinporten(), '"ID"', f'"ID": "0192:{SUPPLIER}", "ID"')),
    ),
    _of_altinn(
        11, "organisation_number", "a wrong check digit", urn__altinn__orgNumber="991825828"
    ),
    _of_altinn(11, "consumer_differs", "two owners", consumer=organisation(f"0192:{SUPPLIER}")),
    _of_altinn(11, "owner_malformed", "a short name with a line feed", urn__altinn__org="ttd\n"),
    _of_altinn(11, "owner_malformed", "an empty short name", urn__altinn__org=""),
    _of_maskinporten(
        12, "delegation_source", "a supplier by itself", supplier=organisation(f"0192:{SUPPLIER}")
    ),
    _of_maskinporten(
        12,
        "delegation_source",
        "a delegation from elsewhere",
        supplier=organisation(f"0192:{SUPPLIER}"),
        delegation_source="https://www.altinn.no.example.org",
    ),
    _of_maskinporten(
        12,
        "supplier_number",
        "a supplier with a wrong check digit",
        supplier=organisation("0192:310028143"),
        delegation_source="https://www.altinn.no",
    ),
    _of_maskinporten(
        12,
        "supplier_authority",
        "a supplier of another authority",
        supplier=organisation(f"0192:{SUPPLIER}", "none"),
        delegation_source="https://www.altinn.no",
    ),
    _of_maskinporten(12, "supplier_malformed", "a supplier that is nothing", supplier=None),
    _of_altinn(13, "scope_malformed", "scopes as a list", scope=["a"]),
    _of_altinn(13, "scope_malformed", "Altinn's scopes as a list", urn__altinn__scope=["a", "b"]),
    _of_maskinporten(15, "proof_of_possession", "bound to a certificate", cnf={"x5t#S256": "aa"}),
    _of_maskinporten(15, "proof_of_possession", "bound to nothing", cnf=None),
    _of_maskinporten(16, "person", "a person in a machine's token", pid="21858099999"),
    _of_altinn(16, "person", "a person who is an owner", pid="21858099999"),
    _of_an_app(16, "person", "a person who is an app", {"pid": "21858099999"}),
    _of_maskinporten(17, "token_id_missing", "no id", jti=GONE),
    _of_maskinporten(17, "token_id_malformed", "an id that is a number", jti=7),
    _of_maskinporten(17, "token_id_malformed", "an id that forges a line of log", jti="a\nb"),
    _of_maskinporten(17, "token_id_malformed", "an endless id", jti="j" * 257),
    _of_maskinporten(17, "client_id_malformed", "a client that is a list", client_id=["a"]),
    _of_an_app(17, "app_malformed", "an app that forges a line of log", {"urn:altinn:app": "a\rb"}),
)
