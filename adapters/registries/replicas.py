"""The registries' ports, answered from the local copies; one query for everybody who is asked about.

Whether an address can be used is judged when it is read, by the rule of today.

What stands in quarantine makes uncertain what it is about: that is told, and nothing known before it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final, LiteralString, NamedTuple, TypeVar
from urllib.parse import unquote_plus

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.gathering import Gatherer
from adapters.postgres.reaching import reaching
from adapters.registries.businesses import KeptAddress
from adapters.registries.krr import KeptPerson
from adapters.registries.parties import KeptUser
from adapters.registries.sealing import Kept, LostKeyError, RecordSealer
from adapters.registries.upserts import address_place
from application.mail_address import is_mailbox
from application.phone_number import is_valid, normalise
from application.ports.official_addresses import AddressesHeld
from application.ports.order_repository import StoreUnavailableError
from application.ports.profiles import ProfileIndex, Registered
from application.ports.registries import LEVELS, RegistryUnavailableError
from application.ports.registry_copies import BUSINESSES, KRR, PROFILES, RegistryCopies
from domain.channel import Channel
from domain.contact_point import (
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
)
from domain.official_address import HeldAddress, Place
from domain.personal import Contact
from domain.profile.events import ProfileAddress
from domain.recipient import OrganisationNumber

_PERSONS: Final[LiteralString] = """
SELECT number_hash, key_id, box FROM krr_person WHERE number_hash = ANY(%(hashes)b::bytea[])
UNION ALL
SELECT decode(whose, 'hex'), 0, NULL
  FROM registry_quarantine WHERE part = 'persons' AND whose IN (SELECT encode(each, 'hex')
       FROM unnest(%(hashes)b::bytea[]) AS asked (each))
"""
_MOVED: Final[LiteralString] = """
SELECT whose FROM registry_quarantine WHERE part = 'units' AND whose = ANY(%(numbers)b::text[])
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
SELECT organisation, registry_id, updated_at, key_id, box,
       EXISTS (SELECT FROM registry_quarantine q
                WHERE q.part = 'addresses'
                  AND (q.item = a.registry_id OR q.item IS NULL AND q.whose = a.organisation))
  FROM business_address a WHERE organisation = ANY(%(numbers)b::text[])
UNION ALL
SELECT whose, item, NULL, 0, NULL, true
  FROM registry_quarantine WHERE part = 'addresses' AND whose = ANY(%(numbers)b::text[])
 ORDER BY organisation, registry_id
"""
_UNREAD_PROFILES: Final[LiteralString] = """
SELECT whose, item FROM registry_quarantine
 WHERE part = 'profiles' AND (whose = ANY(%(numbers)s) OR whose IS NULL AND item IS NOT NULL)
 ORDER BY whose, item
"""
_USERS: Final[LiteralString] = """
SELECT username_hash, key_id, box
  FROM self_identified_user WHERE username_hash = ANY(%(hashes)b::bytea[])
UNION ALL
SELECT decode(whose, 'hex'), 0, NULL
  FROM registry_quarantine WHERE part = 'users' AND whose IN (SELECT encode(each, 'hex')
       FROM unnest(%(hashes)b::bytea[]) AS asked (each))
"""
_UNIT_NAMES: Final[LiteralString] = """
SELECT number, name FROM business_unit WHERE number = ANY(%(numbers)b::text[]) AND name <> ''
"""
_NAMES: Final[LiteralString] = """
SELECT number_hash, key_id, box FROM party_name WHERE number_hash = ANY(%(hashes)b::bytea[])
"""

_EMAIL_URN: Final = "urn:altinn:person:idporten-email:"
_USERNAME_URNS: Final = (
    "urn:altinn:person:legacy-selfidentified:",
    "urn:altinn:party:username:",
    "urn:altinn:username:",
)

_UNREAD: Final = (
    "told of a change of the organisation's addresses that could not be read: "
    "see `varsel registry status`"
)

Pool = AsyncConnectionPool[Any]
Connection = psycopg.AsyncConnection[Any]

_T = TypeVar("_T")

_LOST: Final = "was sealed under a key that is gone; put the key file back that has it"
_read_person = msgspec.json.Decoder(KeptPerson).decode
_read_address = msgspec.json.Decoder(KeptAddress).decode
_read_user = msgspec.json.Decoder(KeptUser).decode
_read_name = msgspec.json.Decoder(str).decode


@contextmanager
def _named(registry: str) -> Iterator[None]:
    """Call what keeps a registry from answering by the registry's name."""
    try:
        yield
    except StoreUnavailableError:
        raise RegistryUnavailableError(registry) from None
    except LostKeyError:
        raise RegistryUnavailableError(registry, _LOST) from None


@asynccontextmanager
async def _asking(pool: Pool, registry: str) -> AsyncIterator[Connection]:
    with _named(registry):
        async with reaching(pool) as connection:
            yield connection


class _Copy:
    """What all copies have in common that are found by keyed hashes."""

    def __init__(self, pool: Pool, sealer: RecordSealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def _known(
        self,
        connection: Connection,
        kept: Kept,
        query: LiteralString,
        names: Collection[str],
        read: Callable[[bytes], _T],
    ) -> Mapping[str, _T | None]:
        """What is known of each, as it is read; None of those who are uncertain."""
        hashed = self._sealer.hashing(kept)
        by_hash = {hashed(each.encode()): each for each in names}
        cursor = await connection.execute(query, {"hashes": list(by_hash)}, binary=True)
        rows = await cursor.fetchall()
        opening = await self._sealer.opening(connection, {key_id for _, key_id, box in rows if box})
        known: dict[str, _T | None] = {}
        for name, key_id, box in rows:
            if box:
                content = opening.open(kept, name, key_id, box)
                known[by_hash[name]] = None if content is None else read(content)
        return known | {by_hash[name]: None for name, _, box in rows if not box}


class PostgresPersonRegistry(_Copy):
    """KRR, by its local copy; who is asked about at the same moment, is asked about at once."""

    def __init__(self, pool: Pool, sealer: RecordSealer) -> None:
        super().__init__(pool, sealer)
        self._gathered = Gatherer(self._records, befalls_all=StoreUnavailableError)

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        with _named(KRR):
            return await self._gathered.ask(numbers)

    async def _records(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        async with reaching(self._pool) as connection:
            found = await self._known(connection, "persons", _PERSONS, numbers, _person)
        return {number: _UNCERTAIN if each is None else each for number, each in found.items()}


_UNCERTAIN: Final = PersonRecord(is_uncertain=True, can_be_notified=False)


def _person(content: bytes) -> PersonRecord:
    known = _read_person(content)
    return PersonRecord(
        is_deleted=known.is_deleted,
        is_reserved=known.is_reserved,
        can_be_notified=known.can_be_notified,
        email=_email(known.email, known.email_confirmed_at),
        mobile=_mobile(known.mobile, known.mobile_confirmed_at),
        language=known.language,
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

    def __init__(self, pool: Pool, sealer: RecordSealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def find(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        known: dict[str, _Addresses] = defaultdict(_Addresses)
        async with _asking(self._pool, BUSINESSES) as connection:
            cursor = await connection.execute(_ABOVE, {"numbers": list(numbers), "levels": LEVELS})
            above: dict[str, Sequence[str]] = dict(await cursor.fetchall())
            asked = list({*numbers, *chain.from_iterable(above.values())})
            cursor = await connection.execute(_MOVED, {"numbers": asked}, binary=True)
            moved = {number for (number,) in await cursor.fetchall()}
            rows = await _addresses(connection, self._sealer, asked)
        for organisation, _, updated_at, address in rows:
            known[organisation].take(address, updated_at)
        found: dict[OrganisationNumber, BusinessRecord] = {}
        for number in numbers:
            units = [OrganisationNumber(each) for each in (number, *above.get(number, ()))]
            record = _nearest([(unit, known[unit]) for unit in units], moved)
            if record is not None:
                found[number] = record
        return found


def _nearest(
    units: Sequence[tuple[OrganisationNumber, "_Addresses"]], moved: Collection[str]
) -> BusinessRecord | None:
    """The addresses of the first of a unit and those above it that has any which can be used."""
    for unit, addresses in units:
        if addresses.has_usable:
            return addresses.record(unit)
        # Whether it has none of its own, or whose it has then, is not known.
        if addresses.is_uncertain or unit in moved:
            return addresses.record(unit, is_uncertain=True)
    (own, *above) = units
    return next((each.record(unit) for unit, each in (*above, own) if not each.is_empty), None)


async def _addresses(
    connection: Connection, sealer: RecordSealer, organisations: Sequence[str]
) -> Sequence[tuple[str, str, datetime | None, KeptAddress | None]]:
    """Organisations' addresses: whose, the register's name, when changed, and where; None if uncertain."""
    cursor = await connection.execute(_ADDRESSES, {"numbers": organisations}, binary=True)
    rows = await cursor.fetchall()
    key_ids = {key_id for *_, key_id, box, _ in rows if box is not None}
    opening = await sealer.opening(connection, key_ids)
    found: list[tuple[str, str, datetime | None, KeptAddress | None]] = []
    for organisation, registry_id, updated_at, key_id, box, is_uncertain in rows:
        content = None
        if not is_uncertain:
            place = address_place(registry_id, organisation)
            content = opening.open("addresses", place, key_id, box)
        kept = None if content is None else _read_address(content)
        found.append((organisation, registry_id, updated_at, kept))
    return found


class PostgresOfficialAddresses:
    """The same copy, with the register's own names of addresses."""

    def __init__(self, pool: Pool, sealer: RecordSealer, copies: RegistryCopies) -> None:
        self._pool = pool
        self._sealer = sealer
        self._copies = copies

    async def of(self, organisation: OrganisationNumber) -> AddressesHeld:
        # Before the copy is asked: what it tells may only be newer than that.
        standings = await self._copies.standings()
        read_at = next(
            (each.confirmed_at for each in standings if each.registry == BUSINESSES), None
        )
        async with _asking(self._pool, BUSINESSES) as connection:
            rows = await _addresses(connection, self._sealer, [organisation])
        held: list[HeldAddress] = []
        for _, registry_id, _, kept in rows:
            if kept is None:
                raise RegistryUnavailableError(BUSINESSES, _UNREAD)
            address = kept.address if kept.channel is Channel.EMAIL else normalise(kept.address)
            place = Place(channel=kept.channel, address=Contact(address))
            held.append(HeldAddress(registry_id=registry_id, place=place))
        return AddressesHeld(addresses=held, read_at=read_at)


@dataclass(slots=True)
class _Addresses:
    """The addresses of one unit."""

    emails: list[RegisteredAddress] = field(default_factory=list)
    mobiles: list[RegisteredAddress] = field(default_factory=list)
    is_uncertain: bool = False

    def take(self, known: KeptAddress | None, updated_at: datetime | None) -> None:
        """Take one more, and when it was changed; None if it is uncertain where it leads."""
        if known is None:
            self.is_uncertain = True
        elif known.channel is Channel.EMAIL and (email := _email(known.address, updated_at)):
            self.emails.append(email)
        elif known.channel is Channel.SMS and (mobile := _mobile(known.address, updated_at)):
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
        async with _asking(self._pool, BUSINESSES) as connection:
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
        async with _asking(self._pool, PROFILES) as connection:
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
            raise RegistryUnavailableError(PROFILES) from None


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
        user=told.user,
        person=told.person,
        email=_verified(email, told.email),
        mobile=_verified(mobile, told.mobile),
        language=told.language,
    )


def _verified(
    address: RegisteredAddress | None, told: ProfileAddress | None
) -> RegisteredAddress | None:
    if address is None or told is None:
        return None
    return msgspec.structs.replace(address, is_verified=told.is_verified)


class PostgresExternalIdentityRegistry(_Copy):
    """Those without a national number: an e-mail address is known by itself, a user name by the table."""

    async def find(self, urns: Sequence[str]) -> Mapping[str, ExternalRecord]:
        usernames = {urn: _username(urn) for urn in urns}
        async with _asking(self._pool, PROFILES) as connection:
            users = await self._known(
                connection, "users", _USERS, {*usernames.values()}, _read_user
            )
        found: dict[str, ExternalRecord] = {}
        for urn, username in usernames.items():
            user = users.get(username, _NOTHING)
            email, mobile = (None, None) if user is None else (user.email, user.mobile)
            if urn.casefold().startswith(_EMAIL_URN):
                email = unquote_plus(urn[len(_EMAIL_URN) :])
            if email or mobile or user is None:
                found[urn] = ExternalRecord(
                    email=_email(email), mobile=_mobile(mobile), is_uncertain=user is None
                )
        return found


_NOTHING: Final = KeptUser(None, None)
"""What is known of a user whom nobody knows."""


def _username(urn: str) -> str:
    """Under which name a user is kept: `epost:` and the address for one known by e-mail."""
    folded = urn.casefold()
    if folded.startswith(_EMAIL_URN):
        return f"epost:{unquote_plus(folded[len(_EMAIL_URN) :])}"
    for prefix in _USERNAME_URNS:
        if folded.startswith(prefix):
            return unquote_plus(folded[len(prefix) :])
    return folded


class PostgresNameRegistry(_Copy):
    """Names by local copies: the party register's own, and for other units those of their register."""

    async def find(
        self, persons: Sequence[str], organisations: Sequence[OrganisationNumber]
    ) -> Mapping[str, str]:
        asked = {*persons, *organisations}
        async with _asking(self._pool, "names") as connection:
            cursor = await connection.execute(_UNIT_NAMES, {"numbers": list(organisations)})
            of_units = dict(await cursor.fetchall())
            found = await self._known(connection, "names", _NAMES, asked, _read_name)
        return of_units | {number: name for number, name in found.items() if name is not None}
