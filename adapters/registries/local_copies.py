"""The registries' ports, answered from the local copies; one query for everybody who is asked about.

Whether an address can be used is judged when it is read, by the rule of today: a page is imported
once, and what was said of it then (`email_is_valid` and its like) is for processes of an earlier
release.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, LiteralString
from urllib.parse import unquote_plus

import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.registries.parties import bare
from application.mail_address import is_mailbox
from application.mobile_number import is_valid, normalise
from application.ports.order_repository import StoreUnavailableError
from application.ports.registries import RegistryUnavailableError
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.personal import Contact
from domain.recipient import OrganisationNumber

_PERSONS: Final[LiteralString] = """
SELECT number, is_deleted, is_reserved, can_be_notified, email, email_confirmed_at,
       mobile, mobile_confirmed_at
  FROM krr_person WHERE number = ANY(%b::text[])
"""
_MAIN_UNITS: Final[LiteralString] = """
SELECT number, main_unit FROM business_unit WHERE number = ANY(%b::text[]) AND main_unit IS NOT NULL
"""
_ADDRESSES: Final[LiteralString] = """
SELECT organisation, channel, address FROM business_address
 WHERE organisation = ANY(%b::text[]) ORDER BY organisation, registry_id
"""
_PROFILES: Final[LiteralString] = """
SELECT p.organisation, p.user_id,
       CASE WHEN p.email_is_verified THEN p.email END,
       CASE WHEN p.mobile_is_verified THEN p.mobile END,
       EXISTS (SELECT FROM user_grant g
                WHERE g.organisation = p.organisation AND g.user_id = p.user_id
                  AND g.resource = %(resource)s AND g.action = %(action)s)
  FROM user_profile p
 WHERE p.organisation = ANY(%(numbers)s)
   AND (p.resources = '{}' OR %(resource)s = ANY(p.resources))
 ORDER BY p.organisation, p.user_id
"""
_USERS: Final[LiteralString] = (
    "SELECT username, email, mobile FROM self_identified_user WHERE username = ANY(%s)"
)
_NAMES: Final[LiteralString] = """
SELECT number, name FROM business_unit WHERE number = ANY(%(all)s)
   AND NOT EXISTS (SELECT FROM party_name p WHERE p.number = business_unit.number)
UNION ALL SELECT number, name FROM party_name WHERE number = ANY(%(all)s)
"""

_EMAIL_URN: Final = "urn:altinn:person:idporten-email:"
_USERNAME_URNS: Final = (
    "urn:altinn:person:legacy-selfidentified:",
    "urn:altinn:party:username:",
    "urn:altinn:username:",
)

Pool = AsyncConnectionPool[Any]


@asynccontextmanager
async def _asking(pool: Pool, registry: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    try:
        async with reaching(pool) as connection:
            yield connection
    except StoreUnavailableError:
        raise RegistryUnavailableError(registry) from None


class PostgresPersonRegistry:
    """KRR, by its local copy."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        async with _asking(self._pool, "krr") as connection:
            cursor = await connection.execute(_PERSONS, (list(numbers),), binary=True)
            return {row[0]: _person(row) for row in await cursor.fetchall()}


def _person(row: tuple[Any, ...]) -> PersonRecord:
    _, is_deleted, is_reserved, can_be_notified, *addresses = row
    email, email_at, mobile, mobile_at = addresses
    return PersonRecord(
        is_deleted=is_deleted,
        is_reserved=is_reserved,
        can_be_notified=can_be_notified,
        email=_email(email, email_at),
        mobile=_mobile(mobile, mobile_at),
    )


def _email(address: str | None, confirmed_at: datetime | None = None) -> RegisteredAddress | None:
    if not address:
        return None
    return RegisteredAddress(
        address=Contact(address), is_valid=is_mailbox(address), confirmed_at=confirmed_at
    )


def _mobile(written: str | None, confirmed_at: datetime | None = None) -> RegisteredAddress | None:
    number = normalise(written or "")
    if not number:
        return None
    return RegisteredAddress(
        address=Contact(number), is_valid=is_valid(number), confirmed_at=confirmed_at
    )


class PostgresBusinessRegistry:
    """The register of businesses' notification addresses, by its local copy."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        known: dict[str, list[tuple[str, RegisteredAddress]]] = defaultdict(list)
        async with _asking(self._pool, "business_register") as connection:
            cursor = await connection.execute(_MAIN_UNITS, (list(numbers),), binary=True)
            main_units = dict(await cursor.fetchall())
            asked = list({*numbers, *main_units.values()})
            cursor = await connection.execute(_ADDRESSES, (asked,), binary=True)
            for organisation, channel, address in await cursor.fetchall():
                registered = _email(address) if channel == "email" else _mobile(address)
                if registered is not None:
                    known[organisation].append((channel, registered))
        found: dict[OrganisationNumber, BusinessRecord] = {}
        for number in numbers:
            own, main_unit = known.get(number, []), main_units.get(number, "")
            inherited = known.get(main_unit, [])
            is_own = any(address.is_valid for _, address in own) or not inherited
            if addresses := own if is_own else inherited:
                found[number] = BusinessRecord(
                    origin=number if is_own else OrganisationNumber(main_unit),
                    emails=[address for channel, address in addresses if channel == "email"],
                    mobiles=[address for channel, address in addresses if channel == "sms"],
                )
        return found


class PostgresProfileRegistry:
    """What end users registered with this service, and what they were granted."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(
        self, numbers: Sequence[OrganisationNumber], resource: str, action: str
    ) -> Mapping[OrganisationNumber, Sequence[ProfileRecord]]:
        asked = {"numbers": list(numbers), "resource": bare(resource), "action": action}
        async with _asking(self._pool, "user_profile") as connection:
            cursor = await connection.execute(_PROFILES, asked)
            rows = await cursor.fetchall()
        found: dict[OrganisationNumber, list[ProfileRecord]] = defaultdict(list)
        for organisation, user, email, mobile, is_authorised in rows:
            found[OrganisationNumber(organisation)].append(
                ProfileRecord(
                    user=user,
                    is_authorised=is_authorised,
                    email=_email(email),
                    mobile=_mobile(mobile),
                )
            )
        return found


class PostgresExternalIdentityRegistry:
    """Those without a national number: an e-mail address is known by itself, a user name by the table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, urns: Sequence[str]) -> Mapping[str, ExternalRecord]:
        usernames = {urn: _username(urn) for urn in urns}
        async with _asking(self._pool, "login_service") as connection:
            cursor = await connection.execute(_USERS, (list(usernames.values()),))
            users = {row[0]: row[1:] for row in await cursor.fetchall()}
        found: dict[str, ExternalRecord] = {}
        for urn, username in usernames.items():
            email, mobile = users.get(username, (None, None))
            if urn.casefold().startswith(_EMAIL_URN):
                email = unquote_plus(urn[len(_EMAIL_URN) :])
            if email or mobile:
                found[urn] = ExternalRecord(
                    email=_email(email),
                    mobile=_mobile(mobile),
                )
        return found


def _username(urn: str) -> str:
    """Under which name a user is kept: `epost:` and the address for one known by e-mail."""
    folded = urn.casefold()
    if folded.startswith(_EMAIL_URN):
        return f"epost:{unquote_plus(folded[len(_EMAIL_URN) :])}"
    for prefix in _USERNAME_URNS:
        if folded.startswith(prefix):
            return unquote_plus(folded[len(prefix) :])
    return folded


class PostgresNameRegistry:
    """Names by local copies: the party register's own, and for other units those of their register."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(
        self, persons: Sequence[str], organisations: Sequence[OrganisationNumber]
    ) -> Mapping[str, str]:
        async with _asking(self._pool, "names") as connection:
            cursor = await connection.execute(_NAMES, {"all": [*persons, *organisations]})
            return dict(await cursor.fetchall())
