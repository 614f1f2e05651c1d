"""An issuer of our own, to try the service without anybody else's; never in production.

It signs tokens of every kind, with a key that is made once. What it signs is verified as strictly
as everybody's tokens; only, they may live longer.
"""

import hashlib
import itertools
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import psycopg
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from adapters.tokens.issuers import DELEGATION_SOURCE, Issuer, Kind
from adapters.tokens.keys import StaticKeys
from adapters.tokens.organisations import AUTHORITY, PREFIX, with_check_digit
from application.caller import Assurance
from application.loopback import is_loopback
from domain.national_number import parse

MAX_LIFETIME: Final = 12 * 3600
LIFETIME: Final = 3600

OWNERS: Final[Mapping[str, str]] = {"991825827": "ttd"}
"""Owners by the numbers that everybody expects of them in tests."""

_BITS: Final = 2048
_INVENTED: Final = 30_000_000
"""Numbers of organisations that begin with 3 are given to invented ones."""


class DevelopmentIssuerRefusedError(Exception):
    """The development issuer cannot be had like this; the text is one line for operators."""


def number_of(owner: str) -> str:
    """The organisation number of an owner in tokens of this issuer: one of its own, and always the same."""
    for number, name in OWNERS.items():
        if name == owner:
            return number
    drawn = int.from_bytes(hashlib.sha256(owner.encode()).digest())
    candidates = (f"{_INVENTED + (drawn + each) % 10_000_000}" for each in itertools.count())
    return next(found for each in candidates if (found := with_check_digit(each)) is not None)


class DevelopmentIssuer:
    """Issues tokens as Altinn, Maskinporten and apps' owners do.

    Args:
        key_file: where the key is; it is made, readable by us alone, if there is none.
        issuer: the name in its Altinn-like tokens; Maskinporten-like ones are issued under
            `maskinporten` below it, so that no token passes for one of the other kind.
        clock: tells the seconds since 1970.
    """

    def __init__(
        self, key_file: Path, issuer: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = _key(key_file)
        self._kid = f"development-{self._key.thumbprint()}"
        self._clock = clock
        self.names: Mapping[Kind, str | None] = {
            "altinn": issuer,
            "maskinporten": f"{issuer.rstrip('/')}/maskinporten/",
            "platform": None,
            "idporten": f"{issuer.rstrip('/')}/idporten/",
        }

    def issue(
        self,
        owner: str,
        organisation: str,
        scope: str,
        *,
        supplier: str | None = None,
        lifetime: int = LIFETIME,
    ) -> str:
        """A token as Altinn exchanges it for an owner's."""
        claims: dict[str, Any] = {
            "iss": self.names["altinn"],
            "scope": scope,
            "client_id": "development",
            "consumer": _organisation(organisation),
            "urn:altinn:org": owner,
            "urn:altinn:orgNumber": organisation,
            "urn:altinn:authenticatemethod": "maskinporten",
            "urn:altinn:authlevel": 3,
        }
        return self._sign(claims | _delegated(supplier), lifetime)

    def issue_maskinporten(
        self,
        organisation: str,
        scope: str,
        *,
        audience: str,
        supplier: str | None = None,
        lifetime: int = LIFETIME,
    ) -> str:
        """A token as Maskinporten gives it to an organisation."""
        claims: dict[str, Any] = {
            "iss": self.names["maskinporten"],
            "aud": audience,
            "scope": scope,
            "client_id": "development",
            "client_amr": "private_key_jwt",
            "token_type": "Bearer",
            "consumer": _organisation(organisation),
        }
        return self._sign(claims | _delegated(supplier), lifetime)

    def issue_platform(self, owner: str, app: str, *, lifetime: int = LIFETIME) -> str:
        """A platform access token of an owner's app."""
        return self._sign({"iss": owner, "urn:altinn:app": app}, lifetime)

    def issue_user(self, scope: str, *, lifetime: int = LIFETIME) -> str:
        """A token as Altinn gives it to somebody who logged in; it speaks for no owner."""
        claims = {
            "iss": self.names["altinn"],
            "urn:altinn:scope": scope,
            "urn:altinn:userid": 20000000,
            "urn:altinn:username": "development",
            "urn:altinn:partyid": 50000000,
            "urn:altinn:authenticatemethod": "BankID",
            "urn:altinn:authlevel": 3,
        }
        return self._sign(claims, lifetime)

    def issue_person(
        self,
        number: str,
        scope: str,
        *,
        audience: str,
        level: str = "substantial",
        user: str | None = None,
        lifetime: int = LIFETIME,
    ) -> str:
        """A token as ID-porten gives it to the client of somebody who logged in.

        With a user's id, one as Altinn exchanges it for that.

        Raises:
            ValueError: the number is none, or may be somebody's.
        """
        known = parse(number)
        if known is None or not known.is_synthetic:
            raise ValueError(
                "write the number of somebody invented, as 15859010099: those have 40, 65 or 80 added "
                "to the month"
            )
        claims: dict[str, Any] = {
            "pid": number,
            "acr": f"idporten-loa-{level}",
            "scope": scope,
            "client_id": "development",
        }
        if user is None:
            whose = {"iss": self.names["idporten"], "aud": audience, "token_type": "Bearer"}
            return self._sign(claims | whose, lifetime)
        exchanged = {
            "iss": self.names["altinn"],
            "urn:altinn:userid": user,
            "urn:altinn:authenticatemethod": "TestID",
            "urn:altinn:authlevel": int(Assurance[level.upper()]),
        }
        return self._sign(claims | exchanged, lifetime)

    def jwks(self) -> dict[str, Any]:
        """The key set by which its tokens are verified."""
        public = self._key.as_dict(private=False)
        described = {"kty": "RSA", "kid": self._kid, "use": "sig", "alg": "RS256"}
        return {"keys": [described | {"n": public["n"], "e": public["e"]}]}

    def metadata(self, jwks_uri: str) -> dict[str, str]:
        """What discovery of it finds, given where its key set is published."""
        return {"issuer": str(self.names["altinn"]), "jwks_uri": jwks_uri}

    def keys(self) -> StaticKeys:
        """The same key set, for a verifier in this process."""
        return StaticKeys(msgspec.json.encode(self.jwks()))

    def issuer(self, kind: Kind = "altinn", *, audience: str | None = None) -> Issuer:
        """How its tokens of one kind are trusted."""
        return Issuer(
            kind=kind,
            name=self.names[kind],
            keys=self.keys(),
            audience=audience,
            max_lifetime=MAX_LIFETIME,
        )

    def _sign(self, claims: Mapping[str, Any], lifetime: int) -> str:
        if not 0 < lifetime <= MAX_LIFETIME:
            raise ValueError(f"a token lives from 1 to {MAX_LIFETIME} seconds")
        now = int(self._clock())
        times = {"iat": now, "nbf": now, "exp": now + lifetime, "jti": secrets.token_urlsafe(16)}
        header = {"alg": "RS256", "typ": "JWT", "kid": self._kid}
        return jws.serialize_compact(header, msgspec.json.encode({**claims, **times}), self._key)


def _organisation(number: str) -> dict[str, str]:
    return {"authority": AUTHORITY, "ID": PREFIX + number}


def _delegated(supplier: str | None) -> dict[str, Any]:
    if supplier is None:
        return {}
    return {"supplier": _organisation(supplier), "delegation_source": DELEGATION_SOURCE}


def _key(file: Path) -> RSAKey:
    """The key on file. Of several processes that find none, one makes it and all use it."""
    if not file.exists():
        made = RSAKey.generate_key(_BITS).as_pem(private=True)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(made)
            # A link, unlike a rename, leaves alone what another process put there meanwhile.
            os.link(name, file)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
    try:
        return RSAKey.import_key(file.read_bytes())
    except (JoseError, OSError, ValueError):
        raise DevelopmentIssuerRefusedError(
            f"the development issuer's key cannot be read from {file}: remove the file, and a new "
            "key is made."
        ) from None


def refuse_development_issuer(
    *, host: str, public_url: str | None, database: str | None, is_allowed_anywhere: bool
) -> None:
    """Refuse the development issuer beside an address or a database that others can reach.

    Args:
        host: the address that the service listens on.
        public_url: the address by which clients reach it, through a proxy say; None if that is all.
        database: the PostgreSQL in use, as a URL or a connection string; None for our own.
        is_allowed_anywhere: whether the installation says that it is wanted all the same.

    Raises:
        DevelopmentIssuerRefusedError: the service must not start like this.
    """
    why = None if is_allowed_anywhere else reach(host, public_url, database)
    if why is not None:
        raise DevelopmentIssuerRefusedError(
            f"VARSEL_DEVELOPMENT_ISSUER is on, but {why}: whoever has a token of this issuer can "
            "act for any owner. Turn it off, or set VARSEL_DEVELOPMENT_ISSUER_ANYWHERE=1 "
            "if this installation holds nothing real."
        )


def reach(host: str, public_url: str | None, database: str | None) -> str | None:
    """How others than this machine are reached or can reach an installation; None if in no way."""
    if not is_loopback(host):
        return "the service listens on an address that others can reach"
    if public_url is not None and not is_loopback(urlsplit(public_url).hostname or ""):
        return "clients reach the service by an address that is not this machine's alone"
    if database is not None and not _is_local(database):
        return "the database is not on this machine"
    return None


def _is_local(database: str) -> bool:
    """Whether all hosts that PostgreSQL's client would try are this machine."""
    try:
        named = conninfo_to_dict(database)
    except psycopg.Error:
        return False
    # What the string leaves out, the client takes from its own environment (PGHOST and others).
    defaults = {
        option.keyword.decode(): option.val.decode()
        for option in pq.Conninfo.get_defaults()
        if option.val is not None
    }

    def told(option: str) -> str:
        return str(named.get(option) or defaults.get(option) or "")

    if told("service"):
        return False
    hosts = told("host").split(",") + told("hostaddr").split(",")
    return all(not host or host.startswith(("/", "@")) or is_loopback(host) for host in hosts)
