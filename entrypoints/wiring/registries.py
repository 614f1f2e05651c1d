"""The registers: local copies, how they are filled, and the one that is asked over HTTP."""

import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from adapters.address_changes.postgres import PostgresAddressChanges
from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.event_store.postgres.appender import Appender
from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.postgres import open_pool
from adapters.postgres.listening import Listener
from adapters.postgres.pool import Pool
from adapters.projections.recipient_index import hashed_identity
from adapters.registries.address_register import HttpAddressRegister
from adapters.registries.anew import AnewFeed, CopiesBeside, Replaced
from adapters.registries.carrying_over import carry_over_profiles
from adapters.registries.copies import PostgresRegistryCopies
from adapters.registries.feeds import BusinessesFeed, KrrFeed
from adapters.registries.importing import (
    KINDS,
    SAMPLES,
    ImportSummary,
    Kind,
    RegistryImporter,
    RegistryStatus,
)
from adapters.registries.party_ids import PartyRegisterIds
from adapters.registries.party_register import PartyRegister
from adapters.registries.put import Put, as_it_is, beside
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresExternalIdentityRegistry,
    PostgresNameRegistry,
    PostgresOfficialAddresses,
    PostgresPersonRegistry,
    PostgresProfileRegistry,
    PostgresUnitRegistry,
)
from adapters.registries.schedule import PostgresSyncSchedule
from adapters.registries.sealing import RecordSealer
from adapters.registries.units_file import UnitsImporter
from adapters.tokens.maskinporten import NoTokenError
from application.delivery.contact_lookup import Registries
from application.envelope import SERVICE, Actor
from application.operations.health import ChangesHealth, CopyHealth, changes_health, copy_health
from application.operations.unread_entries import UnreadEntryService
from application.ports.address_register import AddressRegister
from application.ports.decision_point import DecisionPoint
from application.ports.key_vault import KeyVault
from application.ports.official_addresses import OfficialAddresses
from application.ports.party_ids import PartyIds
from application.ports.profiles import ProfileIndex
from application.ports.registries import NameRegistry
from application.ports.registry_copies import RegistryCopies
from application.ports.registry_feed import RegistryFeed, UnansweredFeedError
from application.ports.sync_schedule import SyncSchedule
from application.profiles.handed_in import HandedIn, HandInService
from application.profiles.profile_ids import ProfileIds
from application.registries.sync import Progress, RegistrySync, SyncPolicy
from application.setting import SettingError
from domain.recipient import Organisation, Person
from entrypoints.sandbox.registers import (
    ADDRESSES,
    AUTHORIZE,
    KRR,
    PARTY_REGISTER,
    Holdings,
    Samples,
)
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.store import key_vault, profile_repository, recorder
from entrypoints.wiring.tokens import (
    businesses_token,
    businesses_write_token,
    constant,
    krr_token,
)

FOLLOWED: Final[Mapping[str, str]] = {
    "VARSEL_KRR_URL": KRR,
    "VARSEL_BUSINESSES_URL": ADDRESSES,
    "VARSEL_BUSINESSES_WRITE_URL": "",
    "VARSEL_PARTY_REGISTER_URL": PARTY_REGISTER,
    "VARSEL_DECISION_POINT_URL": AUTHORIZE,
}
"""By which settings the stand-ins for the registers are followed, and at which of their paths."""
_IMPORTED: Final = "imported from a file of profiles"
_OF_BEFORE: Final = "registered before profiles stood in the log (carried over)"


@asynccontextmanager
async def importer(
    settings: Settings, database: str, *, by: Actor = SERVICE, reason: str | None = None
) -> AsyncIterator[RegistryImporter]:
    """Lend the importer of registry pages; what persons registered is recorded as said by whom, and why."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(database, size=2, name="varsel registry")
        await stack.enter_async_context(pool)
        vault = await key_vault(settings, pool)

        async def hand_in(entries: Sequence[HandedIn]) -> None:
            appender = Appender(database)
            await appender.start()
            try:
                service = await handing_in(appender, pool, vault)
                await service.take_over(entries, by=by, reason=reason or _IMPORTED)
            finally:
                await appender.stop()

        yield RegistryImporter(pool, record_sealer(vault), hand_in)


@asynccontextmanager
async def units_importer(settings: Settings, database: str) -> AsyncIterator[UnitsImporter]:
    """Lend the importer of the open register's files."""
    async with await open_pool(database, size=1, name="varsel registry") as pool:
        yield UnitsImporter(pool, record_sealer(await key_vault(settings, pool)))


@asynccontextmanager
async def unread_entries(
    settings: Settings, database: str, *, by: Actor = SERVICE, reason: str | None = None
) -> AsyncIterator[UnreadEntryService]:
    """Lend what could not be read of the registers to an operator."""
    async with AsyncExitStack() as stack:
        entries = await stack.enter_async_context(
            importer(settings, database, by=by, reason=reason)
        )
        pool = await open_pool(database, size=1, name="varsel registry")
        await stack.enter_async_context(pool)
        vault = await key_vault(settings, pool)

        def identity_hash(about: Person | Organisation) -> str:
            return hashed_identity(vault, about).hex()

        yield UnreadEntryService(
            entries=entries, recorder=recorder(pool), identity_hash=identity_hash
        )


def sample_holdings(
    folder: Path | None = None,
    *,
    people: int = 0,
    organisations: int = 0,
    seed: int = 0,
    clock: Callable[[], datetime] = utc_now,
) -> Holdings:
    """What the stand-ins for the registers hold: the invented people and firms, and generated ones.

    Raises:
        RegistersInUseError: others keep what is changed in the same folder.
        UnknownError: that many cannot be generated.
    """
    addresses, units = SAMPLES["businesses"]
    samples = Samples(
        persons=SAMPLES["krr"][0].read_bytes(),
        addresses=addresses.read_bytes(),
        units=units.read_bytes(),
        names=SAMPLES["names"][0].read_bytes(),
        grants=SAMPLES["profiles"][0].read_bytes(),
    )
    return Holdings(
        samples,
        folder=folder,
        people=people,
        organisations=organisations,
        seed=seed,
        clock=clock,
    )


async def handing_in(appender: Appender, pool: Pool, vault: FileKeyVault) -> HandInService:
    """What registrations are handed in to, when those have been that stood in a table of their own before."""
    service = HandInService(
        profiles=profile_repository(appender, pool, vault), ids=ProfileIds(vault), clock=utc_now
    )
    await carry_over_profiles(pool, partial(service.take_over, by=SERVICE, reason=_OF_BEFORE))
    return service


async def load_samples(settings: Settings, database: str) -> Mapping[Kind, ImportSummary]:
    """Load the invented people and firms."""
    async with importer(settings, database) as loading:
        return {kind: await loading.import_files(kind, SAMPLES[kind]) for kind in KINDS}


async def load_unfollowed_samples(settings: Settings, database: str) -> None:
    """Load those samples that no stand-in tells of: profiles with their grants, and units."""
    _, units = SAMPLES["businesses"]
    async with importer(settings, database) as loading:
        await loading.import_files("profiles", SAMPLES["profiles"])
        await loading.import_files("businesses", [units])


def followed(settings: Settings, url: str) -> Mapping[str, str]:
    """Settings by which the stand-ins at a URL are followed, where the service's own name no others."""
    token = secrets.token_urlsafe(24)
    chosen: dict[str, str] = {}
    if settings.krr_url is None:
        chosen["VARSEL_KRR_URL"] = url + KRR
        chosen["VARSEL_KRR_TOKEN"] = settings.krr_token or token
    if settings.businesses_url is None:
        chosen["VARSEL_BUSINESSES_URL"] = url + ADDRESSES
        chosen["VARSEL_BUSINESSES_TOKEN"] = settings.businesses_token or token
    if settings.party_register_url is None:
        chosen["VARSEL_PARTY_REGISTER_URL"] = url + PARTY_REGISTER
        chosen["VARSEL_PARTY_REGISTER_TOKEN"] = settings.party_register_token or token
    if settings.decision_point_url is None:
        chosen["VARSEL_DECISION_POINT_URL"] = url + AUTHORIZE
    return chosen


async def sync_registry(
    settings: Settings,
    kind: Kind,
    database: str,
    *,
    again: bool = False,
    told: Callable[[Progress], None] = lambda _: None,
    waits: Callable[[], None] = lambda: None,
) -> Progress:
    """Bring a local copy up to its register's own feed now; `again` asks again for what could not be read.

    Raises:
        SettingError: the settings do not say where the feed is, or our client's key cannot be read.
        UnansweredFeedError: our own client gets no token to show there.
        RegistryUnavailableError: the register gave no answer; what was imported before stays.
        UnreadableFeedError: its answer is no page of the feed.
    """
    _refuse_without_feed(settings, kind)
    async with await open_pool(database, size=2, name="varsel registry") as pool:
        service = _syncing(settings, pool, feeds(settings, pool, await key_vault(settings, pool)))
        return await service.sync(kind, again=again, told=told, waits=waits)


async def reload_registry(
    settings: Settings,
    kind: Kind,
    database: str,
    *,
    starts_over: bool = False,
    told: Callable[[Progress], None] = lambda _: None,
    waits: Callable[[], None] = lambda: None,
) -> tuple[Progress, Replaced]:
    """Load a local copy anew, beside the one that is asked, whose place it takes at its register's end.

    One that was broken off goes on from where it was, unless it `starts_over`.

    Raises:
        SettingError, UnansweredFeedError, RegistryUnavailableError, UnreadableFeedError: as from
            `sync_registry`; the copy that is asked stays as it is.
    """
    _refuse_without_feed(settings, kind)
    async with await open_pool(database, size=2, name="varsel registry") as pool:
        beside_it = CopiesBeside(pool)
        vault = await key_vault(settings, pool)
        (following,) = [
            each for each in feeds(settings, pool, vault, put=beside) if each.registry == kind
        ]
        anew = AnewFeed(following, beside_it, starts_over=starts_over)
        done = await _syncing(settings, pool, [anew]).sync(kind, told=told, waits=waits)
        return done, anew.replaced or Replaced(0, 0)


def _refuse_without_feed(settings: Settings, kind: Kind) -> None:
    if {"krr": settings.krr_url, "businesses": settings.businesses_url}.get(kind) is None:
        raise SettingError(f"VARSEL_{kind.upper()}_URL says where the feed is; it is missing")


def _syncing(settings: Settings, pool: Pool, followed: Sequence[RegistryFeed]) -> RegistrySync:
    """Follows feeds for whoever asks for it by hand."""
    return RegistrySync(
        feeds=followed,
        schedule=PostgresSyncSchedule(pool),
        copies=copies(pool),
        clock=utc_now,
        chance=random.random,
        process=f"{socket.gethostname()} {os.getpid()} by hand",
        policy=SyncPolicy(interval=timedelta(seconds=settings.registry_interval)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryReport:
    """How the local copies are."""

    health: Sequence[CopyHealth]
    counted: Mapping[str, RegistryStatus]
    """What stands in each that was ever loaded."""
    waiting: Mapping[str, int]
    """How many orders wait for each."""
    anew: Mapping[str, str | None]
    """Which are being loaded anew, and how far each has come with it."""
    changes: ChangesHealth
    """How far changes of official addresses are."""


async def registry_status(settings: Settings, database: str) -> RegistryReport:
    """How each local copy is, what stands in those that were ever loaded, and who waits for them."""
    max_age = timedelta(seconds=settings.registry_max_age)
    async with await open_pool(database, size=1, name="varsel registry") as pool:
        turns = {each.registry: each for each in await syncs(pool).turns()}
        now = utc_now()
        health = [
            copy_health(each, turns.get(each.registry), now=now, max_age=max_age)
            for each in await copies(pool).standings()
        ]
        vault = await key_vault(settings, pool)
        loading = RegistryImporter(pool, record_sealer(vault), _hand_in_nothing)
        counted = {each.registry: each for each in await loading.status()}
        standing = await PostgresAddressChanges(pool, vault).standing()
        waiting = await PostgresAgenda(pool, Listener(database)).waiting()
        return RegistryReport(
            health=health,
            counted=counted,
            waiting=waiting,
            anew=await CopiesBeside(pool).positions(),
            changes=changes_health(standing, now=now),
        )


def feeds(
    settings: Settings, pool: Pool, vault: KeyVault, *, put: Put = as_it_is
) -> Sequence[RegistryFeed]:
    """The feeds that the settings name, of the copies to which queries are put.

    Raises:
        SettingError: the key of our own client cannot be read.
    """
    loading = RegistryImporter(pool, record_sealer(vault), _hand_in_nothing, put=put)
    named: list[RegistryFeed] = []
    if settings.krr_url is not None:
        token = _or_unanswered(krr_token(settings))
        named.append(KrrFeed(loading, settings.krr_url, token))
    if settings.businesses_url is not None:
        given = businesses_token(settings)
        named.append(
            BusinessesFeed(
                loading, settings.businesses_url, None if given is None else _or_unanswered(given)
            )
        )
    return named


async def _hand_in_nothing(entries: Sequence[HandedIn]) -> None:
    """No feed brings what persons registered."""


def _or_unanswered(give: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
    """Say of a token that is not to be had why the feed is not asked."""

    async def given() -> str:
        try:
            return await give()
        except NoTokenError as problem:
            raise UnansweredFeedError(str(problem)) from None

    return given


def syncs(pool: Pool) -> SyncSchedule:
    """When each register is followed, by whom, and what came of it."""
    return PostgresSyncSchedule(pool)


def copies(pool: Pool) -> RegistryCopies:
    """How the local copies stand."""
    return PostgresRegistryCopies(pool)


def record_sealer(vault: KeyVault) -> RecordSealer:
    """By which the local copies are sealed."""
    return RecordSealer(vault, clock=utc_now)


def registries(
    settings: Settings,
    pool: Pool,
    vault: KeyVault,
    registered: ProfileIndex,
    decision_point: DecisionPoint,
) -> Registries:
    """Where contact points and names are looked up, and who may act for whom."""
    sealer = record_sealer(vault)
    names: NameRegistry = PostgresNameRegistry(pool, sealer)
    if settings.party_register_url is not None:
        names = PartyRegister(
            settings.party_register_url, constant(settings.party_register_token or "")
        )
    return Registries(
        persons=PostgresPersonRegistry(pool, sealer),
        businesses=PostgresBusinessRegistry(pool, sealer),
        units=PostgresUnitRegistry(pool),
        profiles=PostgresProfileRegistry(pool, registered),
        decision_point=decision_point,
        externals=PostgresExternalIdentityRegistry(pool, sealer),
        names=names,
    )


def party_ids(settings: Settings) -> PartyIds | None:
    """Who knows by which ids others ask about organisations; None without a party register."""
    if settings.party_register_url is None:
        return None
    return PartyRegisterIds(
        settings.party_register_url, constant(settings.party_register_token or "")
    )


def official_addresses(pool: Pool, vault: KeyVault) -> OfficialAddresses:
    """Which addresses organisations have in their register, by its local copy."""
    return PostgresOfficialAddresses(pool, record_sealer(vault), copies(pool))


def address_register(settings: Settings) -> AddressRegister | None:
    """Who is told of changes of businesses' addresses; None where nobody is to be."""
    if settings.businesses_write_url is None:
        return None
    return HttpAddressRegister(settings.businesses_write_url, businesses_write_token(settings))
