"""Who wants to be told what concerns an organisation: where in the log that stands, and nobody's words.

An address is read from the event that it was registered or confirmed by, where it lies sealed: it is kept
once, and erased once.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.projection import FeedEvent
from adapters.projections.runner import ProjectionRunner
from application.ports.profiles import Registered
from domain.profile.events import AddressesConfirmed, AddressesRegistered, ProfileAddress
from domain.recipient import OrganisationNumber

_PATIENCE: Final = 5.0

_TOPICS: Final = (
    "profile.addresses_registered",
    "profile.addresses_confirmed",
    "profile.addresses_withdrawn",
    "profile.settings_chosen",
    "profile.address_verified",
)

_REGISTER: Final[LiteralString] = """
INSERT INTO profile_registration
       (generation, profile_id, organisation, version, resources, email_is_verified, mobile_is_verified)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (generation, profile_id, organisation) DO UPDATE SET
    version = excluded.version, resources = excluded.resources,
    email_is_verified = excluded.email_is_verified, mobile_is_verified = excluded.mobile_is_verified
"""
_CONFIRM: Final[LiteralString] = """
UPDATE profile_registration SET version = %s
 WHERE generation = %s AND profile_id = %s AND organisation = %s
"""
_WITHDRAW: Final[LiteralString] = """
DELETE FROM profile_registration WHERE generation = %s AND profile_id = %s AND organisation = %s
"""
_SPEAK: Final[LiteralString] = """
INSERT INTO profile_language (generation, profile_id, language) VALUES (%s, %s, %s)
ON CONFLICT (generation, profile_id) DO UPDATE SET language = excluded.language
"""
_VERIFY: Final[Mapping[str, LiteralString]] = MappingProxyType(
    {
        "email": """
UPDATE profile_registration SET email_is_verified = true
 WHERE generation = %s AND profile_id = %s AND organisation = ANY(%s)
""",
        "sms": """
UPDATE profile_registration SET mobile_is_verified = true
 WHERE generation = %s AND profile_id = %s AND organisation = ANY(%s)
""",
    }
)
# Not prepared: a plan that was made when the log was short may read all of it for ever after.
_IS_BEHIND: Final[LiteralString] = """
SELECT (SELECT max(notification_id) FROM orders_events WHERE topic LIKE 'profile.%')
     > (SELECT coalesce(max(position), 0) FROM projection
         WHERE name = 'profile_registration' AND is_serving)
"""
_FIND: Final[LiteralString] = """
SELECT r.profile_id, r.organisation, r.version, r.resources, r.email_is_verified, r.mobile_is_verified,
       l.language
  FROM profile_registration r
  LEFT JOIN profile_language l ON (l.generation, l.profile_id) = (r.generation, r.profile_id)
  JOIN projection p
    ON p.name = 'profile_registration' AND p.is_serving AND p.generation = r.generation
 WHERE r.organisation = ANY(%s)
 ORDER BY r.organisation, r.profile_id
"""

Place: TypeAlias = tuple[UUID, int]
"""Which event of which profile."""
OpenRegistered: TypeAlias = Callable[
    [psycopg.AsyncConnection[Any], Sequence[Place]],
    Awaitable[Mapping[Place, AddressesRegistered | AddressesConfirmed]],
]
"""Opens the events that addresses were registered by; one that somebody has changed is absent."""


class _Address(Struct, frozen=True):
    is_verified: bool


class _Settings(Struct, frozen=True):
    language: str = ""


class _Told(Struct, frozen=True):
    """What events of profiles tell without their words."""

    organisation: str = ""
    resources: tuple[str, ...] = ()
    email: _Address | None = None
    mobile: _Address | None = None
    channel: str = ""
    organisations: tuple[str, ...] = ()
    settings: _Settings = _Settings()


class _State(Struct, frozen=True):
    event: _Told


_read = msgspec.json.Decoder(_State).decode


class ProfileRegistrationProjection:
    """Writes down which event of which profile says what is registered for an organisation."""

    name = "profile_registration"
    tables: Sequence[str] = ("profile_registration", "profile_language")
    topics: Collection[str] = _TOPICS
    read = topics
    channel = None
    is_waited_for = False

    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        """Write what each event leaves registered, one after another."""
        for event in events:
            await _write(connection, generation, event)
        return bool(events)


async def _write(
    connection: psycopg.AsyncConnection[Any], generation: int, event: FeedEvent
) -> None:
    of, told = (generation, event.order_id), _read(event.state).event
    match event.topic:
        case "profile.addresses_registered":
            email = None if told.email is None else told.email.is_verified
            mobile = None if told.mobile is None else told.mobile.is_verified
            said = (told.organisation, event.version, list(told.resources), email, mobile)
            await connection.execute(_REGISTER, (*of, *said))
        case "profile.addresses_confirmed":
            await connection.execute(_CONFIRM, (event.version, *of, told.organisation))
        case "profile.addresses_withdrawn":
            await connection.execute(_WITHDRAW, (*of, told.organisation))
        case "profile.settings_chosen":
            await connection.execute(_SPEAK, (*of, told.settings.language))
        case "profile.address_verified" if told.organisations:
            await connection.execute(_VERIFY[told.channel], (*of, list(told.organisations)))
        case _:
            pass


class PostgresProfileIndex:
    """Finds what is registered, after everything that was recorded before the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        open_registered: OpenRegistered,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the index on, or asks again later."""
        self._pool = pool
        self._runner = runner
        self._open = open_registered
        self._patience = patience

    async def registered_for(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Sequence[Registered]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_IS_BEHIND, prepare=False)
            is_behind = bool((await cursor.fetchone() or (None,))[0])
        if is_behind:
            await self._runner.catch_up(ProfileRegistrationProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIND, (list(organisations),))
            rows = await cursor.fetchall()
            opened = await self._open(connection, [(row[0], row[2]) for row in rows])
        found = (_registered(row, opened.get((row[0], row[2]))) for row in rows)
        return [each for each in found if each is not None]


def _registered(
    row: tuple[Any, ...], event: AddressesRegistered | AddressesConfirmed | None
) -> Registered | None:
    profile_id, organisation, _, resources, email_is_verified, mobile_is_verified, language = row
    if event is None:
        return Registered(organisation=organisation, user=str(profile_id), is_uncertain=True)
    if event.user.is_erased:
        return None
    return Registered(
        organisation=organisation,
        user=event.user.text,
        person=None if event.person is None or event.person.is_erased else event.person,
        resources=tuple(resources),
        email=_address(event.email, is_verified=email_is_verified),
        mobile=_address(event.mobile, is_verified=mobile_is_verified),
        language=language,
    )


def _address(told: ProfileAddress | None, *, is_verified: bool | None) -> ProfileAddress | None:
    if told is None or told.address.is_erased:
        return None
    return ProfileAddress(address=told.address, is_verified=bool(is_verified))
