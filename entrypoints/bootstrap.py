"""The composition root: the one place where ports meet adapters."""

import os
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import uuid4

from litestar.types import ASGIApp

from adapters.conditions.http_send_condition import HttpSendCondition
from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.event_store.postgres.appender import Appender
from adapters.owner_ledger.postgres import PostgresOwnerLedger
from adapters.postgres import Succession, open_pool, refuse_unsafe
from adapters.postgres.listening import Listener
from adapters.projections.chain_index import PostgresChainIndex
from adapters.projections.delivery_reference import PostgresReportInbox
from adapters.projections.notification_result import PostgresResultIndex
from adapters.projections.order_index import PostgresOrderIndex
from adapters.projections.recipient_index import PostgresRecipientIndex
from adapters.projections.runner import ProjectionRunner
from adapters.projections.status_feed import PostgresStatusFeed
from adapters.provider_ledger.postgres import PostgresProviderLedger
from adapters.tokens.development import refuse_development_issuer
from adapters.unread_mail.postgres import PostgresUnreadMails
from adapters.webhooks.http_receivers import HttpReceivers, WebhookSigner
from adapters.webhooks.postgres import PostgresWebhooks
from application.delivery.contact_lookup import ContactLookUp
from application.delivery.delivery_reports import ReportingService
from application.delivery.dispatcher import Dispatcher
from application.delivery.handover import HandOver
from application.delivery.provider_health_log import NotingService
from application.operations.health import HealthService
from application.ordering.admission import Admission
from application.ordering.instant_order_service import InstantService
from application.ordering.order_ids import OrderNames
from application.ordering.order_service import OrderingService
from application.ports.token_verifier import TokenVerifier
from application.queries.audit import AuditingService
from application.queries.orders import ReadingService
from application.queries.statistics import CountingService
from application.queries.status_feed import FollowingService
from application.queries.support import SupportService
from application.suspended_owners import StoppedOwners
from application.webhooks.publisher import TellingService
from application.webhooks.subscriptions import SubscribingService
from entrypoints.http import services as http
from entrypoints.http.app import create_app
from entrypoints.http.internal.routes import Internal
from entrypoints.http.openapi.schemas import Sizes
from entrypoints.http.statistics.routes import Metrics
from entrypoints.http.transport.bodies import BodyLimits
from entrypoints.http.transport.middleware import log_served
from entrypoints.http.webhooks.responses import webhook_challenge, webhook_message
from entrypoints.settings import SettingError, Settings
from entrypoints.wiring.agreements import agreements
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.providers import email_reports, kannel_reports, providers, sms_reports
from entrypoints.wiring.registries import registries
from entrypoints.wiring.rules import ceilings, limits, rules, timing
from entrypoints.wiring.store import (
    key_vault,
    order_repository,
    projection_runner,
    recorder,
    refuse_unsafe_database,
)
from entrypoints.wiring.tokens import condition_token, documents, verifier

_POOL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The application, wired to the world."""

    ordering: OrderingService
    instant: InstantService
    reading: ReadingService
    auditing: AuditingService
    following: FollowingService
    subscribing: SubscribingService
    telling: TellingService
    counting: CountingService
    supporting: SupportService
    reporting: ReportingService
    dispatching: Dispatcher
    projecting: ProjectionRunner
    noting: NotingService
    health: HealthService
    verifier: TokenVerifier
    webhook_key: bytes


def refuse_unsafe_start(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse settings under which the service would lose events or let strangers in.

    Raises:
        UnsafeSettingError: readers would skip events.
        DevelopmentIssuerRefusedError: strangers could get tokens.
    """
    refuse_unsafe(environ)
    if settings.development_issuer:
        refuse_development_issuer(
            host=settings.host,
            public_url=settings.public_url,
            database=settings.database_url,
            is_allowed_anywhere=settings.development_issuer_anywhere,
        )


@asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
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
        orders = order_repository(appender, pool, vault)
        agenda = PostgresAgenda(pool, listener)
        look_up = ContactLookUp(registries(settings, pool))
        # Of its own, so that a projection that is slow keeps nobody from reading orders.
        projecting_pool = await open_pool(
            settings.database_url,
            size=1,
            most=_POOL,
            name="varsel projections",
            succession=succession,
        )
        await stack.enter_async_context(projecting_pool)
        projecting = projection_runner(projecting_pool, listener, vault)
        condition = HttpSendCondition(
            allowed_hosts=settings.condition_hosts,
            token=condition_token(settings),
            token_hosts=settings.condition_token_hosts,
        )
        stack.push_async_callback(condition.aclose)
        following = FollowingService(
            orders=orders, feed=PostgresStatusFeed(pool, projecting), clock=utc_now
        )
        signer = WebhookSigner(vault)
        webhooks = PostgresWebhooks(pool)
        receivers = HttpReceivers(signer, permitted=settings.webhook_hosts)
        stack.push_async_callback(receivers.aclose)
        names = OrderNames(vault)
        acts = recorder(pool)
        process = f"{socket.gethostname()} {os.getpid()}"
        ledger = PostgresOwnerLedger(pool)
        stopped = StoppedOwners(ledger, utc_now)
        agreed = agreements(settings)
        admission = Admission(
            ledger=ledger, stopped=stopped, clock=utc_now, ceilings=ceilings(settings)
        )
        most = limits(settings)
        hand_over = HandOver(
            orders=orders,
            providers=providers(settings, stack),
            clock=utc_now,
            chance=random.random,
            agreements=agreed,
            timing=timing(settings),
            limits=most,
        )
        instant = InstantService(
            orders=orders,
            names=names,
            hand_over=hand_over,
            admission=admission,
            agreements=agreed,
            clock=utc_now,
            wait=timedelta(seconds=settings.instant_wait),
            limits=most,
        )
        stack.push_async_callback(instant.aclose)
        chains = PostgresChainIndex(pool, projecting)
        yield Services(
            ordering=OrderingService(
                orders=orders,
                look_up=look_up,
                names=names,
                chains=chains,
                admission=admission,
                agreements=agreed,
                clock=utc_now,
                next_id=uuid4,
                limits=most,
            ),
            instant=instant,
            reading=ReadingService(
                orders=orders, index=PostgresOrderIndex(pool, projecting), clock=utc_now
            ),
            auditing=AuditingService(orders=orders, recorder=acts),
            following=following,
            subscribing=SubscribingService(
                webhooks=webhooks, receivers=receivers, clock=utc_now, next_id=uuid4
            ),
            telling=TellingService(
                webhooks=webhooks,
                receivers=receivers,
                following=following,
                write=webhook_message,
                write_challenge=webhook_challenge,
                clock=utc_now,
                chance=random.random,
            ),
            counting=CountingService(
                orders=orders, results=PostgresResultIndex(pool, projecting), clock=utc_now
            ),
            supporting=SupportService(
                orders=orders,
                index=PostgresRecipientIndex(pool, projecting, vault),
                recorder=acts,
            ),
            reporting=ReportingService(
                inbox=PostgresReportInbox(pool, listener),
                orders=orders,
                unread=PostgresUnreadMails(pool, vault),
                clock=utc_now,
            ),
            dispatching=Dispatcher(
                orders=orders,
                agenda=agenda,
                look_up=look_up,
                condition=condition,
                hand_over=hand_over,
                stopped=stopped,
                chains=chains,
                clock=utc_now,
                worker=process,
            ),
            projecting=projecting,
            noting=NotingService(
                ledger=PostgresProviderLedger(pool),
                choice=hand_over.choice,
                clock=utc_now,
                next_id=uuid4,
                process=process,
            ),
            health=HealthService(
                agenda=agenda, projections=projecting, recorder=appender, clock=utc_now
            ),
            verifier=await verifier(settings, stack),
            webhook_key=signer.public_key,
        )


def api(settings: Settings, running: Services) -> ASGIApp:
    """The HTTP API over the application."""
    return create_app(
        services=http.Services(
            ordering=running.ordering,
            instant=running.instant,
            reading=running.reading,
            auditing=running.auditing,
            following=running.following,
            subscribing=running.subscribing,
            counting=running.counting,
            supporting=running.supporting,
            reporting=running.reporting,
            health=running.health,
        ),
        verifier=running.verifier,
        rules=partial(rules, settings),
        clock=utc_now,
        base_url=settings.base_url,
        webhook_key=running.webhook_key,
        limits=BodyLimits(max_bytes=settings.max_body),
        sms=sms_reports(settings),
        email=email_reports(settings),
        kannel=kannel_reports(settings),
        trigger_secret=settings.trigger_secret,
        own=Internal(secret=settings.internal_secret, owner=settings.internal_owner),
        figures=Metrics(
            key=settings.metrics_key,
            environment=settings.environment,
            write=_write_table,
            clock=utc_now,
        ),
        documents=documents(settings),
        sizes=Sizes(
            body=settings.max_body,
            recipients=settings.max_recipients,
            attachments=settings.max_attachments,
        ),
        observer=log_served if settings.access_log else None,
    )


async def _write_table(
    columns: Mapping[str, str], rows: AsyncIterator[Sequence[object]]
) -> tuple[bytes, int]:
    # Its library is large, and most processes never write a table.
    from adapters.tables.parquet import write_parquet  # noqa: PLC0415

    return await write_parquet(columns, rows)
