"""Whom a genuine token names, by the rules of its kind of issuer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, assert_never

from msgspec import UNSET

from adapters.tokens.claims import Claims, consumer, raw, scopes, short, supplier
from adapters.tokens.issuers import Issuer
from adapters.tokens.organisations import is_organisation_number
from application.caller import Assurance
from application.ports.token_verifier import InvalidTokenError, NoOwnerError
from domain.national_number import parse

_LEVELS: Final[Mapping[object, int]] = MappingProxyType(
    {
        "idporten-loa-low": Assurance.LOW,
        "idporten-loa-substantial": Assurance.SUBSTANTIAL,
        "idporten-loa-high": Assurance.HIGH,
        "Level3": Assurance.SUBSTANTIAL,
        "Level4": Assurance.HIGH,
    }
)
"""The levels of assurance as ID-porten names them, and named them; any other is none."""
_USER: Final = re.compile(r"[1-9][0-9]{0,18}")
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
    person: str | None = field(default=None, repr=False)
    """The national identity number of somebody who logged in."""
    user: str | None = field(default=None, repr=False)
    """Their user's id at Altinn."""
    level: int | None = None
    """How sure the login service was of them."""

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
        case "idporten":
            return _by_idporten(claims)
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

    People's tokens have none; they are genuine, and speak for no owner, whoever made their client.
    """
    organisation, acting = consumer(claims), supplier(claims, issuer)
    if claims.org is UNSET:
        return _of_person(claims)
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


def _by_idporten(claims: Claims) -> Identity:
    """An access token of the login service: for a person, whichever organisation made their client."""
    return _of_person(claims)


def _of_person(claims: Claims) -> Identity:
    number, user = raw(claims.pid), raw(claims.user)
    written = str(user) if isinstance(user, int | str) else ""
    return Identity(
        person=number if isinstance(number, str) and parse(number) is not None else None,
        user=written if _USER.fullmatch(written) else None,
        level=_level(raw(claims.level), raw(claims.acr)),
        client_id=_client_id(claims),
        token_id=_token_id(claims),
        scopes=scopes(claims),
    )


def _level(told: object, acr: object) -> int:
    """How sure the login service was, by Altinn's number for it if there is one; not at all if it is unheard of.

    Where there is a number, it alone counts: what the login service said before may be more than Altinn took.
    """
    if told is not None:
        return told if isinstance(told, int) and told in set(Assurance) else Assurance.LOW
    return _LEVELS.get(acr, Assurance.LOW) if isinstance(acr, str) else Assurance.LOW


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
