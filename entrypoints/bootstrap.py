"""The composition root: the one place where ports meet adapters."""

import asyncio
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from litestar.types import ASGIApp

from adapters.act_log.postgres import PostgresActLog
from adapters.address_changes.postgres import PostgresAddressChanges
from adapters.conditions.http_send_condition import HttpSendCondition
from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.event_store.postgres.appender import Appender
from adapters.owner_ledger.postgres import PostgresOwnerLedger
from adapters.postgres import Succession, open_pool, refuse_unsafe
from adapters.postgres.listening import Listener
from adapters.projections.chain_index import PostgresChainIndex
from adapters.projections.delivery_reference import PostgresReportInbox
from adapters.projections.dialogue_index import PostgresDialogueIndex
from adapters.projections.notification_result import PostgresResultIndex
from adapters.projections.order_index import PostgresOrderIndex
from adapters.projections.recipient_index import PostgresRecipientIndex
from adapters.projections.runner import ProjectionRunner
from adapters.projections.status_feed import PostgresStatusFeed
from adapters.projections.suppression import PostgresSuppressions
from adapters.provider_ledger.postgres import PostgresProviderHealthLog
from adapters.tokens.development import reach, refuse_development_issuer
from adapters.unread_mail.postgres import PostgresUnreadMails
from adapters.webhooks.http_receivers import HttpWebhookClient, WebhookSigner
from adapters.webhooks.postgres import PostgresWebhooks
from application.assembly import Application, Ports, assemble
from application.caller import Assurance
from application.known_owners import KnownOwners
from application.operations.owners import OwnerService
from application.ports.token_verifier import TokenVerifier
from application.setting import SettingError
from entrypoints.http.app import create_app
from entrypoints.http.internal.routes import Internal
from entrypoints.http.openapi.schemas import Sizes
from entrypoints.http.statistics.routes import Metrics
from entrypoints.http.transport.bodies import BodyLimits
from entrypoints.http.transport.middleware import log_served
from entrypoints.http.webhooks.responses import webhook_challenge, webhook_message
from entrypoints.settings import Settings
from entrypoints.wiring.agreements import agreements, import_owners_file
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.decision_point import decision_point
from entrypoints.wiring.providers import providers, reporting
from entrypoints.wiring.registries import (
    address_register,
    copies,
    feeds,
    handing_in,
    official_addresses,
    party_ids,
    registries,
    syncs,
)
from entrypoints.wiring.rules import policy, rules_by
from entrypoints.wiring.store import (
    key_vault,
    order_repository,
    owner_records,
    profile_index,
    profile_repository,
    projection_runner,
    recorder,
    refuse_unsafe_database,
)
from entrypoints.wiring.tokens import condition_token, documents, verifier

_POOL: Final = 4
_LEVELS_OF_ACCESS: Final = frozenset({"debug", "info"})
"""At other levels no log takes the line of a request, so none is prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The application, wired to the world, and what of the world a process runs or shows itself."""

    application: Application
    projecting: ProjectionRunner
    verifier: TokenVerifier
    webhook_key: bytes


def refuse_unsafe_start(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse settings under which the service would lose events or let strangers in.

    Raises:
        UnsafeSettingError: readers would skip events.
        DevelopmentIssuerRefusedError: strangers could get tokens.
        SettingError: invented people and firms would be among real ones.
    """
    refuse_unsafe(environ)
    if settings.samples:
        refuse_sandbox(settings)
    if settings.development_issuer:
        refuse_development_issuer(
            host=settings.host,
            public_url=settings.public_url,
            database=settings.database_url,
            is_allowed_anywhere=settings.development_issuer_anywhere,
        )


def refuse_sandbox(settings: Settings) -> None:
    """Refuse stand-ins for the registers in an installation that is not this machine's alone.

    Raises:
        SettingError: says why it is not, and what to do.
    """
    why = reach(settings.host, settings.public_url, settings.database_url)
    if why is not None and not settings.development_issuer_anywhere:
        raise SettingError(
            f"the stand-ins for the registers tell of invented people and firms, but {why}: "
            "leave VARSEL_SAMPLES off and name the real registers, or set "
            "VARSEL_DEVELOPMENT_ISSUER_ANYWHERE=1 if this installation holds nothing real."
        )


@asynccontextmanager
async def wired(settings: Settings) -> AsyncIterator[Running]:
    """Wire the application to the world that the settings name, and let go of it afterwards.

    Raises:
        PostgresError, KeyFileError, SettingError: it cannot be wired; one line says why.
    """
    if settings.database_url is None:
        raise SettingError("VARSEL_DATABASE_URL is missing: name a PostgreSQL, or use `varsel up`")
    async with AsyncExitStack() as stack:
        succession = Succession()
        pool = await open_pool(
            settings.database_url, size=_POOL, name="varsel", succession=succession
        )
        await stack.enter_async_context(pool)
        await refuse_unsafe_database(pool)
        vault = await key_vault(settings, pool)
        listener = Listener(
            settings.database_url,
            "varsel_events",
            "varsel_agenda",
            "varsel_reports",
            succession=succession,
        )
        await listener.start()
        stack.push_async_callback(listener.stop)
        appender = Appender(settings.database_url, succession=succession)
        await appender.start()
        stack.push_async_callback(appender.stop)
        # Of its own, so that a projection that is slow keeps nobody from reading orders.
        projecting_pool = await open_pool(
            settings.database_url,
            size=1,
            most=_POOL,
            name="varsel projections",
            succession=succession,
        )
        await stack.enter_async_context(projecting_pool)
        # Of its own, and only while a register is followed: a page may take seconds.
        following_pool = await open_pool(
            settings.database_url,
            size=0,
            most=2,
            name="varsel registries",
            succession=succession,
        )
        await stack.enter_async_context(following_pool)
        projecting = projection_runner(projecting_pool, listener, vault)
        condition = HttpSendCondition(
            allowed_hosts=settings.condition_hosts,
            token=condition_token(settings),
            token_hosts=settings.condition_token_hosts,
        )
        stack.push_async_callback(condition.aclose)
        signer = WebhookSigner(vault)
        receivers = HttpWebhookClient(signer, permitted=settings.webhook_hosts)
        stack.push_async_callback(receivers.aclose)
        records = await owner_records(appender, pool)
        owners = OwnerService(records=records, recorder=recorder(pool))
        await import_owners_file(settings, owners, vault)
        known = KnownOwners(records, utc_now)
        await known.read()
        stack.push_async_callback(_ended, asyncio.create_task(known.follow()))
        await handing_in(appender, pool, vault)
        ports = Ports(
            orders=order_repository(appender, pool, vault),
            agenda=PostgresAgenda(pool, listener),
            recorder=appender,
            inbox=PostgresReportInbox(pool, listener),
            unread=PostgresUnreadMails(pool, vault),
            webhooks=PostgresWebhooks(pool),
            owners=PostgresOwnerLedger(pool),
            known_owners=known,
            provider_ledger=PostgresProviderHealthLog(pool),
            acts=PostgresActLog(pool),
            profiles=profile_repository(appender, pool, vault),
            vault=vault,
            order_index=PostgresOrderIndex(pool, projecting),
            chains=PostgresChainIndex(pool, projecting),
            recipients=PostgresRecipientIndex(pool, projecting, vault),
            dialogues=PostgresDialogueIndex(pool, projecting),
            results=PostgresResultIndex(pool, projecting),
            suppressions=PostgresSuppressions(pool, vault),
            feed=PostgresStatusFeed(pool, projecting),
            projections=projecting,
            registries=registries(
                settings,
                pool,
                vault,
                profile_index(pool, projecting, vault),
                decision_point(settings, pool, stack),
            ),
            copies=copies(pool),
            official_addresses=official_addresses(pool, vault),
            address_changes=PostgresAddressChanges(pool, vault),
            address_register=address_register(settings),
            parties=party_ids(settings),
            feeds=feeds(settings, following_pool, vault),
            syncs=syncs(pool),
            agreements=agreements(settings, known, vault),
            condition=condition,
            providers=providers(settings, stack),
            receivers=receivers,
            webhook_message=webhook_message,
            webhook_challenge=webhook_challenge,
            clock=utc_now,
            chance=random.random,
            draw_code=lambda: str(100_000 + secrets.randbelow(900_000)),
            next_id=uuid4,
            process=f"{socket.gethostname()} {os.getpid()}",
        )
        application = assemble(ports, policy(settings))
        stack.push_async_callback(application.instant.aclose)
        yield Running(
            application=application,
            projecting=projecting,
            verifier=await verifier(settings, stack, known),
            webhook_key=signer.public_key,
        )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def api(settings: Settings, running: Running) -> ASGIApp:
    """The HTTP API over the application."""
    leaves_lines = settings.access_log and settings.log_level in _LEVELS_OF_ACCESS
    return create_app(
        application=running.application,
        verifier=running.verifier,
        rules=rules_by(settings),
        clock=utc_now,
        base_url=settings.base_url,
        webhook_key=running.webhook_key,
        limits=BodyLimits(max_bytes=settings.max_body),
        reporting=reporting(settings),
        trigger_secret=settings.trigger_secret,
        own=Internal(secret=settings.internal_secret, owner=settings.internal_owner),
        figures=Metrics(
            key=settings.metrics_key,
            environment=settings.environment,
            write=_write_table,
            clock=utc_now,
        ),
        documents=documents(settings),
        level=Assurance[settings.end_user_level.upper()],
        sizes=Sizes(
            body=settings.max_body,
            recipients=settings.max_recipients,
            attachments=settings.max_attachments,
        ),
        observer=log_served if leaves_lines else None,
    )


async def _write_table(
    columns: Mapping[str, str], rows: AsyncIterator[Sequence[object]]
) -> tuple[bytes, int]:
    # Its library is large, and most processes never write a table.
    from adapters.tables.parquet import write_parquet  # noqa: PLC0415

    return await write_parquet(columns, rows)
