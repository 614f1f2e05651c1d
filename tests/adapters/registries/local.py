"""The local copies and the profiles of one database, put together as the service does it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

from adapters.event_store.envelope import ProfileEventMapper
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.profiles import PostgresProfileRepository, read_registered
from adapters.event_store.sealing import Sealer
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.postgres.listening import Listener
from adapters.postgres.pool import Pool
from adapters.projections.profile_registration import (
    PostgresProfileIndex,
    ProfileRegistrationProjection,
)
from adapters.projections.runner import ProjectionRunner
from adapters.registries.importing import RegistryImporter
from adapters.registries.replicas import PostgresProfileRegistry
from adapters.registries.sealing import RecordSealer
from application.envelope import SERVICE
from application.profiles.handed_in import HandedIn, HandInService
from application.profiles.profile_ids import ProfileIds
from tests.adapters.registries.sealed import SEALER

VAULT: Final = InMemoryKeyVault()
"""The keys of every database of these tests."""
_MAPPER: Final = ProfileEventMapper(Sealer(VAULT))


def profile_index(pool: Pool) -> PostgresProfileIndex:
    """Who registered what, by the log; it is read from where the last reader left it."""
    runner = ProjectionRunner(pool, Listener(str(pool.conninfo)), [ProfileRegistrationProjection()])
    return PostgresProfileIndex(pool, runner, partial(read_registered, _MAPPER))


def profile_registry(pool: Pool) -> PostgresProfileRegistry:
    """The same, and what of it is uncertain."""
    return PostgresProfileRegistry(pool, profile_index(pool))


@asynccontextmanager
async def hand_in_service(pool: Pool) -> AsyncIterator[HandInService]:
    """Takes registrations over into profiles."""
    appender = Appender(str(pool.conninfo))
    await appender.start()
    try:
        profiles = PostgresProfileRepository(
            appender=appender, pool=pool, mapper=_MAPPER, clock=_now, next_id=uuid4
        )
        yield HandInService(profiles=profiles, ids=ProfileIds(VAULT), clock=_now)
    finally:
        await appender.stop()


def registry_importer(pool: Pool, sealer: RecordSealer = SEALER) -> RegistryImporter:
    """Writes the local copies, and hands in what persons registered."""

    async def hand_in(entries: Sequence[HandedIn]) -> None:
        async with hand_in_service(pool) as service:
            await service.take_over(entries, by=SERVICE, reason="a test")

    return RegistryImporter(pool, sealer, hand_in)


def _now() -> datetime:
    return datetime.now(UTC)
