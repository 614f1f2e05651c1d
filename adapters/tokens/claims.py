"""What a genuine token claims, read strictly, and the rules that claims must keep."""

import re
from datetime import datetime
from typing import Final

import msgspec

from adapters.tokens.issuers import Issuer
from adapters.tokens.organisations import AUTHORITY, PREFIX, is_organisation_number
from application.ports.token_verifier import InvalidTokenError

_LONGEST_NAME: Final = 256


class _Organisation(msgspec.Struct):
    authority: str
    ID: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that mean something here; others may stand beside them."""

    iss: str
    exp: float
    iat: float
    nbf: float | msgspec.UnsetType = msgspec.UNSET
    aud: str | list[str] | msgspec.UnsetType = msgspec.UNSET
    jti: str | msgspec.UnsetType = msgspec.UNSET
    client_id: str | msgspec.UnsetType = msgspec.UNSET
    token_type: str | msgspec.UnsetType = msgspec.UNSET
    scope: str | msgspec.UnsetType = msgspec.UNSET
    altinn_scope: str | msgspec.UnsetType = msgspec.field(
        name="urn:altinn:scope", default=msgspec.UNSET
    )
    consumer: _Organisation | msgspec.UnsetType = msgspec.UNSET
    supplier: _Organisation | msgspec.UnsetType = msgspec.UNSET
    delegation_source: str | msgspec.UnsetType = msgspec.UNSET
    org: str | msgspec.UnsetType = msgspec.field(name="urn:altinn:org", default=msgspec.UNSET)
    org_number: str | msgspec.UnsetType = msgspec.field(
        name="urn:altinn:orgNumber", default=msgspec.UNSET
    )
    app: str | msgspec.UnsetType = msgspec.field(name="urn:altinn:app", default=msgspec.UNSET)
    pid: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    acr: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    level: msgspec.Raw | msgspec.UnsetType = msgspec.field(
        name="urn:altinn:authlevel", default=msgspec.UNSET
    )
    user: msgspec.Raw | msgspec.UnsetType = msgspec.field(
        name="urn:altinn:userid", default=msgspec.UNSET
    )
    cnf: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode = msgspec.json.Decoder(Claims).decode

# The claim that msgspec complains of, and the check that it belongs to.
_at = re.compile(r"at `\$\.([^`.\[]+)").search
_missing = re.compile(r"missing required field `(\w+)`").search
_REASONS: Final = {
    "exp": "lifetime_malformed",
    "iat": "lifetime_malformed",
    "nbf": "lifetime_malformed",
    "aud": "audience_malformed",
    "jti": "token_id_malformed",
    "client_id": "client_id_malformed",
    "token_type": "token_type",
    "scope": "scope_malformed",
    "urn:altinn:scope": "scope_malformed",
    "consumer": "consumer_malformed",
    "supplier": "supplier_malformed",
    "delegation_source": "delegation_source",
}


def read_claims(payload: bytes) -> Claims:
    """The claims of a token whose signature has been verified."""
    try:
        return _decode(payload)
    except msgspec.ValidationError as error:
        raise InvalidTokenError(_reason(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidTokenError("claims_malformed") from None


def _reason(words: str) -> str:
    named = _at(words) or _missing(words)
    return _REASONS.get(named[1], "claims_malformed") if named else "claims_malformed"


def check_lifetime(claims: Claims, issuer: Issuer, now: datetime) -> None:
    """Whether a token lives now, and no longer than its issuer's tokens may."""
    moment = now.timestamp()
    if not 0 < claims.exp - claims.iat <= issuer.max_lifetime:
        raise InvalidTokenError("lifetime")
    if claims.iat > moment + issuer.leeway:
        raise InvalidTokenError("issued_in_future")
    if claims.nbf is not msgspec.UNSET and claims.nbf > moment + issuer.leeway:
        raise InvalidTokenError("not_yet_valid")
    if claims.exp <= moment - issuer.leeway:
        raise InvalidTokenError("expired")


def check_use(claims: Claims, issuer: Issuer) -> None:
    """Whether a token is for us, and for whoever bears it."""
    if issuer.audience is not None:
        audience = [claims.aud] if isinstance(claims.aud, str) else (claims.aud or [])
        if issuer.audience not in audience:
            raise InvalidTokenError("audience")
    if claims.token_type is not msgspec.UNSET and claims.token_type.lower() != "bearer":
        raise InvalidTokenError("token_type")
    if claims.cnf is not msgspec.UNSET:
        raise InvalidTokenError("proof_of_possession")


def consumer(claims: Claims) -> str | None:
    """The number of the organisation that owns the token."""
    if claims.consumer is msgspec.UNSET:
        return None
    return _number(claims.consumer, "consumer")


def supplier(claims: Claims, issuer: Issuer) -> str | None:
    """The number of the supplier that acts for the owner, by a delegation we know of."""
    if claims.supplier is msgspec.UNSET:
        return None
    number = _number(claims.supplier, "supplier")
    if claims.delegation_source not in issuer.delegation_sources:
        raise InvalidTokenError("delegation_source")
    return number


def _number(organisation: _Organisation, role: str) -> str:
    if organisation.authority != AUTHORITY:
        raise InvalidTokenError(f"{role}_authority")
    number = organisation.ID.removeprefix(PREFIX)
    if not organisation.ID.startswith(PREFIX) or not is_organisation_number(number):
        raise InvalidTokenError(f"{role}_number")
    return number


def scopes(claims: Claims) -> frozenset[str]:
    """The scopes of a token, each whole; Altinn's own claim goes before the common one."""
    text = claims.scope if claims.altinn_scope is msgspec.UNSET else claims.altinn_scope
    return frozenset() if text is msgspec.UNSET else frozenset(text.split(" ")) - {""}


def short(text: str | msgspec.UnsetType, reason: str) -> str | None:
    """A name that is kept in histories: printable and of bounded length."""
    if text is msgspec.UNSET:
        return None
    if not 0 < len(text) <= _LONGEST_NAME or not text.isascii() or not text.isprintable():
        raise InvalidTokenError(reason)
    return text


def raw(claim: msgspec.Raw | msgspec.UnsetType) -> object:
    """A claim that only some tokens need, whatever it is; None where there is none."""
    return None if claim is msgspec.UNSET else msgspec.json.decode(claim)
