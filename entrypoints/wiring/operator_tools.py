"""What an operator's commands are lent, each with few connections of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from adapters.act_log.postgres import PostgresActLog
from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.event_store.postgres.agenda_rebuild import AgendaRebuilt, rebuild_agenda
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.library_histories import LibraryHistories
from adapters.event_store.sealing import Sealer
from adapters.postgres import open_pool
from adapters.postgres.connecting import once_more
from adapters.postgres.listening import Listener
from adapters.projections.runner import ProjectionRunner
from adapters.projections.suppression import PostgresSuppressions, SuppressionProjection
from adapters.provider_ledger.postgres import PostgresProviderHealthLog
from adapters.registries.copies import PostgresRegistryCopies
from adapters.unread_mail.postgres import PostgresUnreadMails
from application.delivery.usable_copies import UsableCopies
from application.operations.operator import ActQueries, QuarantineService
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder
from application.operations.suppressions import SuppressionService
from application.queries.audit import AuditQueries
from application.queries.resolution import ResolutionQueries
from application.recorded_agreements import marks_of_test_recipients
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.rules import policy
from entrypoints.wiring.store import (
    key_vault,
    owner_records,
    projection_runner,
    recorder,
)

_PATIENCE: Final = 30.0
"""Seconds for which a command waits until a table made from the events is as far as the log."""


@asynccontextmanager
async def quarantine(database: str) -> AsyncIterator[QuarantineService]:
    """Lend the orders that nobody carries out any more to an operator."""
    async with await open_pool(database, size=1, name="varsel orders") as pool:
        agenda = PostgresAgenda(pool, Listener(database))
        yield QuarantineService(orders=agenda, recorder=recorder(pool))


async def agenda_anew(settings: Settings, database: str) -> AgendaRebuilt:
    """Rebuild the agenda from the histories, while the service goes on."""
    async with await open_pool(database, size=2, name="varsel agenda") as pool:
        return await rebuild_agenda(
            pool, EnvelopeMapper(Sealer(await key_vault(settings, pool))), clock=utc_now
        )


@asynccontextmanager
async def projections(settings: Settings, database: str) -> AsyncIterator[ProjectionRunner]:
    """Lend the projections."""
    async with await open_pool(database, size=2, name="varsel projections") as pool:
        yield projection_runner(pool, Listener(database), await key_vault(settings, pool))


@asynccontextmanager
async def auditing(settings: Settings, database: str) -> AsyncIterator[AuditQueries]:
    """Lend the auditor's view of the histories."""
    async with _histories(settings, database) as (histories, recording):
        yield AuditQueries(orders=histories, recorder=recording)


@asynccontextmanager
async def explaining(settings: Settings, database: str) -> AsyncIterator[ResolutionQueries]:
    """Lend what explains where recipients are notified."""
    async with (
        _histories(settings, database) as (histories, recording),
        await open_pool(database, size=1, name="varsel explain") as pool,
    ):
        agenda = PostgresAgenda(pool, Listener(database))
        copies = UsableCopies(
            PostgresRegistryCopies(pool),
            clock=utc_now,
            max_age=timedelta(seconds=settings.registry_max_age),
        )
        yield ResolutionQueries(orders=histories, agenda=agenda, copies=copies, recorder=recording)


@asynccontextmanager
async def _histories(
    settings: Settings, database: str
) -> AsyncIterator[tuple[LibraryHistories, ActRecorder]]:
    """Lend the histories, which are read by the eventsourcing library, and the record of who reads them."""
    async with await open_pool(database, size=1, name="varsel audit") as pool:
        mapper = EnvelopeMapper(Sealer(await key_vault(settings, pool)))
        async with pool.connection() as connection:
            leading = once_more(database, connection)
        appender = Appender(database)
        await appender.start()
        try:
            histories = LibraryHistories(leading, mapper=mapper, confirm=appender.confirm)
            yield histories, recorder(pool)
        finally:
            await appender.stop()


@asynccontextmanager
async def unread_mails(settings: Settings, database: str) -> AsyncIterator[PostgresUnreadMails]:
    """Lend the mails that nobody could read."""
    async with await open_pool(database, size=1, name="varsel reports") as pool:
        yield PostgresUnreadMails(pool, await key_vault(settings, pool))


@asynccontextmanager
async def owners(database: str) -> AsyncIterator[OwnerService]:
    """Lend the owners' records to an operator."""
    async with await open_pool(database, size=2, name="varsel owners") as pool:
        appender = Appender(database)
        await appender.start()
        try:
            records = await owner_records(appender, pool)
            yield OwnerService(records=records, recorder=recorder(pool))
        finally:
            await appender.stop()


@asynccontextmanager
async def owners_and_marks(
    settings: Settings, database: str
) -> AsyncIterator[tuple[OwnerService, Callable[[str], str]]]:
    """Lend the owners' records, and what test recipients are known by, which takes the key file."""
    async with await open_pool(database, size=1, name="varsel owners") as pool:
        mark = marks_of_test_recipients(await key_vault(settings, pool))
    async with owners(database) as service:
        yield service, mark


@asynccontextmanager
async def suppressions(settings: Settings, database: str) -> AsyncIterator[SuppressionService]:
    """Lend the addresses that bounced to an operator, as they are known now."""
    async with await open_pool(database, size=2, name="varsel suppressions") as pool:
        vault = await key_vault(settings, pool)
        projecting = projection_runner(pool, Listener(database), vault)
        await projecting.catch_up(SuppressionProjection.name, within=_PATIENCE)
        yield SuppressionService(
            suppressions=PostgresSuppressions(pool, vault),
            recorder=recorder(pool),
            clock=utc_now,
            suppress_for=policy(settings).suppress_for,
        )


@asynccontextmanager
async def acts(database: str) -> AsyncIterator[ActQueries]:
    """Lend the record of acts to an auditor."""
    async with await open_pool(database, size=1, name="varsel audit") as pool:
        yield ActQueries(log=PostgresActLog(pool))


@asynccontextmanager
async def act_recorder(database: str) -> AsyncIterator[ActRecorder]:
    """Lend the means to put an operator's act on record."""
    async with await open_pool(database, size=1, name="varsel acts") as pool:
        yield recorder(pool)


@asynccontextmanager
async def provider_ledger(database: str) -> AsyncIterator[PostgresProviderHealthLog]:
    """Lend the providers' ledger to an operator."""
    async with await open_pool(database, size=1, name="varsel providers") as pool:
        yield PostgresProviderHealthLog(pool)
