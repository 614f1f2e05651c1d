"""Whom a genuine token names, by the rules of its kind of issuer."""

import re
from dataclasses import dataclass
from typing import Final, assert_never

from msgspec import UNSET

from adapters.tokens.claims import Claims, consumer, scopes, short, supplier
from adapters.tokens.issuers import Issuer
from adapters.tokens.organisations import is_organisation_number
from application.ports.token_verifier import InvalidTokenError, NoOwnerError

_SHORT_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a token says of its bearer; whether that is an owner here is another question."""

    organisation: str | None = None
    owner: str | None = None
    """The short name that the token itself gives to its owner."""
    supplier: str | None = None
    client_id: str | None = None
    token_id: str | None = None
    scopes: frozenset[str] = frozenset()
    app: str | None = None
    is_app: bool = False

    @property
    def is_person(self) -> bool:
        """Whether the token was made for somebody who logged in."""
        return self.organisation is None and self.owner is None


def is_short_name(name: str) -> bool:
    """Whether owners are called like this: by small letters, digits, dashes and underscores."""
    return _SHORT_NAME.fullmatch(name) is not None


def identify(claims: Claims, issuer: Issuer) -> Identity:
    """Read whom a token names; what does not fit its kind of issuer refuses it.

    A person never owns notifications, whichever organisation is named beside.
    """
    match issuer.kind:
        case "maskinporten":
            return _by_maskinporten(claims, issuer)
        case "altinn":
            return _by_altinn(claims, issuer)
        case "platform":
            return _by_platform(claims)
        case _:
            assert_never(issuer.kind)


def _by_maskinporten(claims: Claims, issuer: Issuer) -> Identity:
    organisation = consumer(claims)
    if organisation is None:
        raise InvalidTokenError("consumer_missing")
    acting = supplier(claims, issuer)
    if claims.pid is not UNSET:
        raise NoOwnerError("person")
    token_id = _token_id(claims)
    if token_id is None:
        raise InvalidTokenError("token_id_missing")
    return Identity(
        organisation=organisation,
        supplier=acting,
        client_id=_client_id(claims),
        token_id=token_id,
        scopes=scopes(claims),
    )


def _by_altinn(claims: Claims, issuer: Issuer) -> Identity:
    """An exchanged token, with the owner's short name only if the exchange knew a service owner.

    People's tokens have none; they are genuine, and speak for no owner.
    """
    organisation, acting = consumer(claims), supplier(claims, issuer)
    if claims.org is UNSET:
        return Identity(scopes=scopes(claims), token_id=_token_id(claims))
    if not is_short_name(claims.org):
        raise InvalidTokenError("owner_malformed")
    if claims.org_number is not UNSET:
        if not is_organisation_number(claims.org_number):
            raise InvalidTokenError("organisation_number")
        if organisation not in {None, claims.org_number}:
            raise InvalidTokenError("consumer_differs")
        organisation = claims.org_number
    if claims.pid is not UNSET:
        raise NoOwnerError("person")
    return Identity(
        organisation=organisation,
        owner=claims.org,
        supplier=acting,
        client_id=_client_id(claims),
        token_id=_token_id(claims),
        scopes=scopes(claims),
    )


def _by_platform(claims: Claims) -> Identity:
    """An app's token; its owner issued it, so the issuer's name is the owner's."""
    if not is_short_name(claims.iss):
        raise InvalidTokenError("owner_malformed")
    if claims.pid is not UNSET:
        raise NoOwnerError("person")
    return Identity(
        owner=claims.iss,
        token_id=_token_id(claims),
        app=short(claims.app, "app_malformed"),
        is_app=True,
    )


def _token_id(claims: Claims) -> str | None:
    return short(claims.jti, "token_id_malformed")


def _client_id(claims: Claims) -> str | None:
    return short(claims.client_id, "client_id_malformed")
