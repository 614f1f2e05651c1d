"""The registries' ports, answered from the local copies; one query for everybody who is asked about.

Whether an address can be used is judged when it is read, by the rule of today: a page is imported
once, and what was said of it then (`email_is_valid` and its like) is for processes of an earlier
release.

What stands in quarantine makes uncertain what it is about: that is told, and nothing known before it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from urllib.parse import unquote_plus

import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.mail_address import is_mailbox
from application.phone_number import is_valid, normalise
from application.ports.order_repository import StoreUnavailableError
from application.ports.profiles import ProfileIndex, Registered
from application.ports.registries import LEVELS, RegistryUnavailableError
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.personal import Contact
from domain.profile.events import ProfileAddress
from domain.recipient import OrganisationNumber

_PERSONS: Final[LiteralString] = """
SELECT number, is_deleted, is_reserved, can_be_notified, email, email_confirmed_at,
       mobile, mobile_confirmed_at, false AS is_uncertain
  FROM krr_person WHERE number = ANY(%(numbers)b::text[])
UNION ALL
SELECT whose, false, false, false, NULL, NULL, NULL, NULL, true
  FROM registry_quarantine WHERE part = 'persons' AND whose = ANY(%(numbers)b::text[])
 ORDER BY is_uncertain
"""
_MAIN_UNITS: Final[LiteralString] = """
SELECT number, main_unit, false AS is_uncertain
  FROM business_unit WHERE number = ANY(%(numbers)b::text[]) AND main_unit IS NOT NULL
UNION ALL
SELECT whose, '', true
  FROM registry_quarantine WHERE part = 'units' AND whose = ANY(%(numbers)b::text[])
"""
_ABOVE: Final[LiteralString] = """
WITH RECURSIVE above (number, unit, chain) AS (
    SELECT number, number COLLATE "C", '{}'::text[] COLLATE "C"
      FROM unnest(%(numbers)s::text[]) AS asked (number)
    UNION ALL
    SELECT a.number, u.main_unit, a.chain || u.main_unit
      FROM above a JOIN business_unit u ON u.number = a.unit
     WHERE u.main_unit <> a.number AND u.main_unit <> ALL(a.chain)
       AND cardinality(a.chain) < %(levels)s
       AND NOT EXISTS (SELECT FROM registry_quarantine q
                        WHERE q.part = 'units' AND q.whose = a.unit))
SELECT DISTINCT ON (number) number, chain
  FROM above WHERE chain <> '{}' ORDER BY number, cardinality(chain) DESC
"""
_ADDRESSES: Final[LiteralString] = """
SELECT organisation, registry_id, channel, address,
       EXISTS (SELECT FROM registry_quarantine q
                WHERE q.part = 'addresses'
                  AND (q.item = a.registry_id OR q.item IS NULL AND q.whose = a.organisation))
  FROM business_address a WHERE organisation = ANY(%(numbers)b::text[])
UNION ALL
SELECT whose, item, '', '', true
  FROM registry_quarantine WHERE part = 'addresses' AND whose = ANY(%(numbers)b::text[])
 ORDER BY organisation, registry_id
"""
_UNREAD_PROFILES: Final[LiteralString] = """
SELECT whose, item FROM registry_quarantine
 WHERE part = 'profiles' AND (whose = ANY(%(numbers)s) OR whose IS NULL AND item IS NOT NULL)
 ORDER BY whose, item
"""
_USERS: Final[LiteralString] = """
SELECT username, email, mobile, false AS is_uncertain
  FROM self_identified_user WHERE username = ANY(%(names)s)
UNION ALL
SELECT whose, NULL, NULL, true
  FROM registry_quarantine WHERE part = 'users' AND whose = ANY(%(names)s)
 ORDER BY is_uncertain
"""
_NAMES: Final[LiteralString] = """
SELECT number, name FROM business_unit WHERE number = ANY(%(all)s) AND name <> ''
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
            cursor = await connection.execute(_PERSONS, {"numbers": list(numbers)}, binary=True)
            return {row[0]: _person(row) for row in await cursor.fetchall()}


def _person(row: tuple[Any, ...]) -> PersonRecord:
    _, is_deleted, is_reserved, can_be_notified, *addresses, is_uncertain = row
    email, email_at, mobile, mobile_at = addresses
    return PersonRecord(
        is_deleted=is_deleted,
        is_reserved=is_reserved,
        can_be_notified=can_be_notified,
        is_uncertain=is_uncertain,
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
        known: dict[str, _Addresses] = defaultdict(_Addresses)
        async with _asking(self._pool, "business_register") as connection:
            cursor = await connection.execute(_MAIN_UNITS, {"numbers": list(numbers)}, binary=True)
            units = await cursor.fetchall()
            main_units = {number: main_unit for number, main_unit, _ in units}
            moved = {number for number, _, is_uncertain in units if is_uncertain}
            asked = {"numbers": list({*numbers, *main_units.values()})}
            cursor = await connection.execute(_ADDRESSES, asked, binary=True)
            for organisation, _, channel, address, is_uncertain in await cursor.fetchall():
                known[organisation].take(channel, address, is_uncertain=is_uncertain)
        found: dict[OrganisationNumber, BusinessRecord] = {}
        for number in numbers:
            own, main_unit = known[number], OrganisationNumber(main_units.get(number, ""))
            if own.has_usable:
                found[number] = own.record(number)
            # Whether it has none of its own, or whose it has then, is not known.
            elif own.is_uncertain or number in moved:
                found[number] = own.record(number, is_uncertain=True)
            elif not (inherited := known[main_unit]).is_empty:
                found[number] = inherited.record(main_unit)
            elif not own.is_empty:
                found[number] = own.record(number)
        return found


@dataclass(slots=True)
class _Addresses:
    """The addresses of one unit."""

    emails: list[RegisteredAddress] = field(default_factory=list)
    mobiles: list[RegisteredAddress] = field(default_factory=list)
    is_uncertain: bool = False

    def take(self, channel: str, address: str, *, is_uncertain: bool) -> None:
        self.is_uncertain |= is_uncertain
        if is_uncertain:
            return
        if channel == "email" and (email := _email(address)):
            self.emails.append(email)
        elif channel == "sms" and (mobile := _mobile(address)):
            self.mobiles.append(mobile)

    @property
    def has_usable(self) -> bool:
        return any(each.is_valid for each in (*self.emails, *self.mobiles))

    @property
    def is_empty(self) -> bool:
        return not (self.emails or self.mobiles or self.is_uncertain)

    def record(self, origin: OrganisationNumber, *, is_uncertain: bool = False) -> BusinessRecord:
        return BusinessRecord(
            origin=origin,
            emails=self.emails,
            mobiles=self.mobiles,
            is_uncertain=is_uncertain or self.is_uncertain,
        )


class PostgresUnitRegistry:
    """Which units stand above others, by the local copy."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def main_units(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, Sequence[OrganisationNumber]]:
        asked = {"numbers": list(numbers), "levels": LEVELS}
        async with _asking(self._pool, "business_register") as connection:
            cursor = await connection.execute(_ABOVE, asked)
            return {
                OrganisationNumber(number): [OrganisationNumber(each) for each in above]
                for number, above in await cursor.fetchall()
            }


class PostgresProfileRegistry:
    """What persons registered with this service."""

    def __init__(self, pool: Pool, registered: ProfileIndex) -> None:
        self._pool = pool
        self._registered = registered

    async def find(
        self, numbers: Sequence[OrganisationNumber], resource: str
    ) -> Mapping[OrganisationNumber, Sequence[ProfileRecord]]:
        if not numbers:
            return {}
        asked = {"numbers": list(numbers)}
        async with _asking(self._pool, "user_profile") as connection:
            cursor = await connection.execute(_UNREAD_PROFILES, asked)
            unread = [_Unread(*row) for row in await cursor.fetchall()]
        found: dict[OrganisationNumber, dict[str, ProfileRecord]] = defaultdict(dict)
        for each in await self._registered_for(numbers):
            is_uncertain = each.is_uncertain or any(
                entry.is_about(each.organisation, each.user) for entry in unread
            )
            found[each.organisation][each.user] = _profile(
                each, resource, is_uncertain=is_uncertain
            )
        for entry in unread:
            if entry.whose is not None and entry.item is not None:
                unsure = ProfileRecord(user=entry.item, is_uncertain=True)
                found[OrganisationNumber(entry.whose)][entry.item] = unsure
        return {number: [users[user] for user in sorted(users)] for number, users in found.items()}

    async def _registered_for(self, numbers: Sequence[OrganisationNumber]) -> Sequence[Registered]:
        try:
            return await self._registered.registered_for(numbers)
        except StoreUnavailableError:
            raise RegistryUnavailableError("user_profile") from None


class _Unread(NamedTuple):
    """What an entry in quarantine tells of whom it is about."""

    whose: str | None
    item: str | None

    def is_about(self, organisation: str, user: str) -> bool:
        return self.whose in {organisation, None} and self.item in {user, None}


def _profile(told: Registered, resource: str, *, is_uncertain: bool) -> ProfileRecord:
    if is_uncertain:
        return ProfileRecord(user=told.user, is_uncertain=True)
    if not told.is_about(resource):
        return ProfileRecord(user=told.user, is_about_another=True)
    email = None if told.email is None else _email(told.email.address.text)
    mobile = None if told.mobile is None else _mobile(told.mobile.address.text)
    return ProfileRecord(
        user=told.user, email=_verified(email, told.email), mobile=_verified(mobile, told.mobile)
    )


def _verified(
    address: RegisteredAddress | None, told: ProfileAddress | None
) -> RegisteredAddress | None:
    if address is None or told is None:
        return None
    return replace(address, is_verified=told.is_verified)


class PostgresExternalIdentityRegistry:
    """Those without a national number: an e-mail address is known by itself, a user name by the table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, urns: Sequence[str]) -> Mapping[str, ExternalRecord]:
        usernames = {urn: _username(urn) for urn in urns}
        async with _asking(self._pool, "login_service") as connection:
            cursor = await connection.execute(_USERS, {"names": list(usernames.values())})
            users = {row[0]: row[1:] for row in await cursor.fetchall()}
        found: dict[str, ExternalRecord] = {}
        for urn, username in usernames.items():
            email, mobile, is_uncertain = users.get(username, (None, None, False))
            if urn.casefold().startswith(_EMAIL_URN):
                email = unquote_plus(urn[len(_EMAIL_URN) :])
            if email or mobile or is_uncertain:
                found[urn] = ExternalRecord(
                    email=_email(email),
                    mobile=_mobile(mobile),
                    is_uncertain=is_uncertain,
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
