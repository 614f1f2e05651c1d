"""The composition root: the one place where ports meet adapters."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import msgspec
import structlog
from litestar.types import ASGIApp
from psycopg_pool import AsyncConnectionPool

from adapters.attachments.http_attachments import HttpAttachments
from adapters.channels.dsn import read_dsn
from adapters.channels.kannel import KannelProvider
from adapters.channels.kannel_reports import read_kannel_report
from adapters.channels.link_mobility import LinkMobilityProvider
from adapters.channels.link_reports import acknowledgement, read_link_reports
from adapters.channels.smtp import SmtpProvider
from adapters.channels.smtp_session import SmtpTimeouts, Tls
from adapters.conditions.http_send_condition import HttpSendCondition
from adapters.event_store.agenda import PostgresAgenda
from adapters.event_store.agenda_rebuild import AgendaRebuilt, rebuild_agenda
from adapters.event_store.appender import Appender
from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.repository import PostgresOrderRepository, read_placed
from adapters.event_store.sealing import Sealer
from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.owner_ledger.postgres import PostgresOwnerLedger
from adapters.postgres import migrate, open_pool, refuse_unsafe
from adapters.postgres.listening import Listener
from adapters.projections.delivery_reference import (
    DeliveryReferenceProjection,
    PostgresReportInbox,
)
from adapters.projections.notification_result import (
    NotificationResultProjection,
    PostgresResultIndex,
)
from adapters.projections.order_index import OrderIndexProjection, PostgresOrderIndex
from adapters.projections.recipient_index import (
    PostgresRecipientIndex,
    RecipientIndexProjection,
)
from adapters.projections.runner import ProjectionRunner
from adapters.projections.status_feed import PostgresStatusFeed, StatusFeedProjection
from adapters.provider_ledger.postgres import PostgresProviderLedger
from adapters.registries.feeds import sync_businesses, sync_krr
from adapters.registries.importing import KINDS, SAMPLES, ImportSummary, Kind, RegistryImporter
from adapters.registries.local_copies import (
    PostgresBusinessRegistry,
    PostgresExternalIdentityRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
    PostgresProfileRegistry,
)
from adapters.registries.party_register import PartyRegister
from adapters.tokens.development import DevelopmentIssuer, refuse_development_issuer
from adapters.tokens.discovery import Discovery, metadata_url
from adapters.tokens.issuers import Issuer
from adapters.tokens.issuers import Kind as IssuerKind
from adapters.tokens.keys import JwksKeys
from adapters.tokens.maskinporten import ClientKeyError, MaskinportenClient
from adapters.tokens.owners_file import OwnersFile
from adapters.tokens.verifier import JwtVerifier
from application.auditing import AuditingService
from application.caller import CONDITION, Caller
from application.counting import CountingService
from application.dispatching import DispatchService
from application.following import FollowingService
from application.handing_over import HandOver, Timing
from application.health import HealthService
from application.instant import InstantService
from application.limiting import EVERYBODY, LimitingService
from application.looking_up import ContactLookUp, Registries
from application.noting import NotingService
from application.ordering import OrderingService
from application.placing import OrderNames
from application.ports.attachments import Attachments
from application.ports.owner_ledger import Ceiling
from application.ports.provider import Provider
from application.ports.registries import NameRegistry
from application.ports.token_verifier import TokenVerifier
from application.reading import ReadingService
from application.reporting import ReportingService
from application.supporting import SupportService
from domain.channel import Channel
from entrypoints.http import services as http
from entrypoints.http.app import create_app
from entrypoints.http.bodies import BodyLimits
from entrypoints.http.gate import log_served
from entrypoints.http.internal import Internal
from entrypoints.http.kannel_reports import KANNEL_REPORTS, KannelReports
from entrypoints.http.metrics import Metrics
from entrypoints.http.reports import EmailReports, SmsReports
from entrypoints.http.requests import Rules
from entrypoints.settings import SettingError, Settings

log = structlog.get_logger()

SMTP: Final = "smtp"
LINK: Final = "link_mobility"
KANNEL: Final = "kannel"
KRR_SCOPES: Final = " ".join(
    f"krr:global/{name}.read" for name in ("digitalpost", "kontaktinformasjon", "hentendring")
)
"""What the change feed of the contact register is read with."""
ISSUER: Final = "/development/"
"""The path below which the development issuer tells of itself."""

_POOL: Final = 4

Pool = AsyncConnectionPool[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The application, wired to the world."""

    ordering: OrderingService
    instant: InstantService
    reading: ReadingService
    auditing: AuditingService
    following: FollowingService
    counting: CountingService
    supporting: SupportService
    reporting: ReportingService
    dispatching: DispatchService
    projecting: ProjectionRunner
    limiting: LimitingService
    noting: NotingService
    health: HealthService
    verifier: TokenVerifier


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def development_issuer(data: Path, base_url: str) -> DevelopmentIssuer:
    """The issuer of tokens for trying things out, by its key in the data folder."""
    return DevelopmentIssuer(data / "development-issuer.pem", f"{base_url}{ISSUER}")


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
            database=settings.database_url,
            is_allowed_anywhere=settings.development_issuer_anywhere,
        )


async def bring_schema_up_to_date(database: str) -> Sequence[str]:
    """Apply the migrations that are missing, and tell which."""
    return await migrate(database)


@asynccontextmanager
async def importer(database: str) -> AsyncIterator[RegistryImporter]:
    """Lend the importer of registry pages."""
    pool = await open_pool(database, size=1, name="varsel registry")
    async with pool:
        yield RegistryImporter(pool)


async def load_samples(database: str) -> Mapping[Kind, ImportSummary]:
    """Load the invented people and firms."""
    async with importer(database) as loading:
        return {kind: await loading.import_files(kind, SAMPLES[kind]) for kind in KINDS}


async def sync_registry(settings: Settings, kind: Kind, database: str) -> ImportSummary:
    """Bring a local copy up to its register's own feed.

    Raises:
        SettingError: the settings do not say where the feed is.
        RegistryUnavailableError: the register gave no answer; what was imported before stays.
        UnreadablePageError: its answer is no page of the feed.
    """
    async with importer(database) as loading:
        if kind == "krr" and settings.krr_url is not None:
            return await sync_krr(loading, settings.krr_url, _krr_token(settings))
        if kind == "businesses" and settings.businesses_url is not None:
            return await sync_businesses(loading, settings.businesses_url)
    raise SettingError(f"VARSEL_{kind.upper()}_URL says where the feed is; it is missing")


async def agenda_anew(settings: Settings, database: str) -> AgendaRebuilt:
    """Make the agenda anew from the histories, while the service goes on."""
    pool = await open_pool(database, size=2, name="varsel agenda")
    async with pool:
        return await rebuild_agenda(pool, EnvelopeMapper(Sealer(_vault(settings))), clock=utc_now)


@asynccontextmanager
async def agenda(database: str) -> AsyncIterator[PostgresAgenda]:
    """Lend the agenda to an operator."""
    pool = await open_pool(database, size=1, name="varsel orders")
    async with pool:
        yield PostgresAgenda(pool, Listener(database))


@asynccontextmanager
async def projections(settings: Settings, database: str) -> AsyncIterator[ProjectionRunner]:
    """Lend the projections."""
    pool = await open_pool(database, size=2, name="varsel projections")
    async with pool:
        yield _projections(pool, Listener(database), _vault(settings))


@asynccontextmanager
async def auditing(settings: Settings, database: str) -> AsyncIterator[AuditingService]:
    """Lend the auditor's view of the histories."""
    pool = await open_pool(database, size=1, name="varsel audit")
    async with pool:
        yield AuditingService(orders=_orders(Appender(database), pool, _vault(settings)))


def _vault(settings: Settings) -> FileKeyVault:
    return FileKeyVault(settings.key_file or settings.data / "keys.json")


def _orders(appender: Appender, pool: Pool, vault: FileKeyVault) -> PostgresOrderRepository:
    return PostgresOrderRepository(
        appender=appender,
        pool=pool,
        mapper=EnvelopeMapper(Sealer(vault)),
        clock=utc_now,
        next_id=uuid4,
    )


def _projections(pool: Pool, listener: Listener, vault: FileKeyVault) -> ProjectionRunner:
    open_placed = partial(read_placed, EnvelopeMapper(Sealer(vault)))
    return ProjectionRunner(
        pool,
        listener,
        [
            OrderIndexProjection(),
            DeliveryReferenceProjection(),
            StatusFeedProjection(),
            NotificationResultProjection(),
            RecipientIndexProjection(vault, open_placed),
        ],
    )


@asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
    """Wire the application to the world that the settings name, and let go of it afterwards.

    Raises:
        DatabaseUnreachableError, KeyFileError, SettingError: it cannot be wired; one line says why.
    """
    if settings.database_url is None:
        raise SettingError("VARSEL_DATABASE_URL is missing: name a PostgreSQL, or use `varsel up`")
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, size=_POOL, name="varsel")
        await stack.enter_async_context(pool)
        listener = Listener(
            settings.database_url, "varsel_events", "varsel_agenda", "varsel_reports"
        )
        await listener.start()
        stack.push_async_callback(listener.stop)
        appender = Appender(settings.database_url)
        await appender.start()
        stack.push_async_callback(appender.stop)
        vault = _vault(settings)
        orders = _orders(appender, pool, vault)
        agenda = PostgresAgenda(pool, listener)
        look_up = ContactLookUp(_registries(settings, pool))
        projecting = _projections(pool, listener, vault)
        condition = HttpSendCondition(
            allowed_hosts=settings.condition_hosts,
            token=_condition_token(settings),
            token_hosts=settings.condition_token_hosts,
        )
        stack.push_async_callback(condition.aclose)
        names = OrderNames(vault)
        process = f"{socket.gethostname()} {os.getpid()}"
        hand_over = HandOver(
            orders=orders,
            providers=await _providers(settings, stack),
            clock=utc_now,
            chance=random.random,
            timing=_timing(settings),
        )
        instant = InstantService(
            orders=orders,
            names=names,
            hand_over=hand_over,
            clock=utc_now,
            wait=timedelta(seconds=settings.instant_wait),
        )
        stack.push_async_callback(instant.aclose)
        yield Services(
            ordering=OrderingService(
                orders=orders, look_up=look_up, names=names, clock=utc_now, next_id=uuid4
            ),
            instant=instant,
            reading=ReadingService(orders=orders, index=PostgresOrderIndex(pool, projecting)),
            auditing=AuditingService(orders=orders),
            following=FollowingService(orders=orders, feed=PostgresStatusFeed(pool, projecting)),
            counting=CountingService(
                orders=orders, results=PostgresResultIndex(pool, projecting), clock=utc_now
            ),
            supporting=SupportService(
                orders=orders, index=PostgresRecipientIndex(pool, projecting, vault)
            ),
            reporting=ReportingService(inbox=PostgresReportInbox(pool, listener), orders=orders),
            dispatching=DispatchService(
                orders=orders,
                agenda=agenda,
                look_up=look_up,
                condition=condition,
                hand_over=hand_over,
                clock=utc_now,
                worker=process,
            ),
            projecting=projecting,
            limiting=LimitingService(
                ledger=PostgresOwnerLedger(pool), clock=utc_now, ceilings=_ceilings(settings)
            ),
            noting=NotingService(
                ledger=PostgresProviderLedger(pool),
                choice=hand_over.choice,
                clock=utc_now,
                next_id=uuid4,
                process=process,
            ),
            health=HealthService(agenda=agenda),
            verifier=await _verifier(settings, stack),
        )


def _registries(settings: Settings, pool: Pool) -> Registries:
    names: NameRegistry = PostgresNameRegistry(pool)
    if settings.party_register_url is not None:
        names = PartyRegister(
            settings.party_register_url, _constant(settings.party_register_token or "")
        )
    return Registries(
        persons=PostgresPersonRegistry(pool),
        businesses=PostgresBusinessRegistry(pool),
        profiles=PostgresProfileRegistry(pool),
        externals=PostgresExternalIdentityRegistry(pool),
        names=names,
    )


def _client(settings: Settings) -> MaskinportenClient | None:
    """Our own client at Maskinporten, if we have one.

    Raises:
        SettingError: its key cannot be read.
    """
    address, client_id = settings.maskinporten_issuer, settings.maskinporten_client_id
    if address is None or client_id is None or settings.maskinporten_client_key is None:
        return None
    try:
        return MaskinportenClient(
            _discovery("maskinporten", address),
            client_id=client_id,
            key_file=settings.maskinporten_client_key,
            key_id=settings.maskinporten_client_key_id,
        )
    except ClientKeyError as problem:
        raise SettingError(f"VARSEL_MASKINPORTEN_CLIENT_KEY: {problem}") from None


def _discovery(kind: IssuerKind, address: str) -> Discovery:
    return Discovery(
        issuer=address, url=metadata_url(kind, address), allow_http=address.startswith("http:")
    )


def _condition_token(settings: Settings) -> Callable[[str], Awaitable[str]] | None:
    client = _client(settings)
    if client is None:
        return None

    async def for_host(host: str) -> str:  # noqa: ARG001  # the same for every host that expects one
        return await client.token(CONDITION)

    return for_host


def _krr_token(settings: Settings) -> Callable[[], Awaitable[str]]:
    client = _client(settings)
    if client is None or settings.krr_token is not None:
        return _constant(settings.krr_token or "")
    return partial(client.token, KRR_SCOPES)


def _ceilings(settings: Settings) -> Mapping[str, Ceiling]:
    recipients, segments = dict(settings.daily_recipients), dict(settings.daily_sms_segments)
    return {
        owner: Ceiling(
            recipients.get(owner, recipients.get(EVERYBODY)),
            segments.get(owner, segments.get(EVERYBODY)),
        )
        for owner in (EVERYBODY, *recipients, *segments)
    }


@asynccontextmanager
async def owner_ledger(database: str) -> AsyncIterator[PostgresOwnerLedger]:
    """Lend the owners' ledger to an operator."""
    pool = await open_pool(database, size=1, name="varsel owners")
    async with pool:
        yield PostgresOwnerLedger(pool)


@asynccontextmanager
async def provider_ledger(database: str) -> AsyncIterator[PostgresProviderLedger]:
    """Lend the providers' ledger to an operator."""
    pool = await open_pool(database, size=1, name="varsel providers")
    async with pool:
        yield PostgresProviderLedger(pool)


def _constant(token: str) -> Callable[[], Awaitable[str]]:
    async def give() -> str:
        return token

    return give


def _timing(settings: Settings) -> Timing:
    return Timing(
        send_within=timedelta(seconds=settings.send_within),
        slack=timedelta(seconds=settings.outcome_slack),
        report_wait=timedelta(seconds=settings.report_wait),
        lease=timedelta(seconds=settings.lease),
    )


async def _providers(
    settings: Settings, stack: AsyncExitStack
) -> Mapping[Channel, Sequence[Provider]]:
    providers: dict[Channel, Sequence[SmtpProvider | LinkMobilityProvider | KannelProvider]] = {}
    if settings.smtp_url is not None:
        attachments = HttpAttachments(
            hosts=settings.attachment_hosts,
            permitted=settings.attachment_local_hosts,
            max_file=settings.attachment_file_size,
            max_total=settings.attachments_size,
            seconds=settings.attachments_timeout,
        )
        stack.push_async_callback(attachments.aclose)
        relays = [settings.smtp_url, settings.smtp_url_2]
        providers[Channel.EMAIL] = [
            _smtp(settings, name, url, attachments) for name, url in _named(SMTP, relays)
        ]
    if settings.sms_url is not None:
        gateways = [settings.sms_url, settings.sms_url_2]
        logins = [
            (settings.sms_user, settings.sms_password),
            (settings.sms_user_2, settings.sms_password_2),
        ]
        providers[Channel.SMS] = [
            LinkMobilityProvider(
                name,
                url,
                username=username,
                password=password or "",
                clock=utc_now,
                timeout=settings.sms_timeout,
            )
            for (name, url), (username, password) in zip(
                _named(LINK, gateways), logins, strict=False
            )
        ]
    if settings.kannel_url is not None:
        kannel = KannelProvider(
            KANNEL,
            settings.kannel_url,
            username=settings.kannel_user,
            password=settings.kannel_password or "",
            report_url=f"{settings.base_url.rstrip('/')}{KANNEL_REPORTS}",
            report_username=settings.kannel_report_user,
            report_password=settings.kannel_report_password or "",
            clock=utc_now,
            timeout=settings.sms_timeout,
        )
        providers[Channel.SMS] = [*providers.get(Channel.SMS, ()), kannel]
    for several in providers.values():
        for each in several:
            stack.push_async_callback(each.aclose)
    return providers


def _named(kind: str, addresses: Sequence[str | None]) -> Sequence[tuple[str, str]]:
    """Providers of one kind by the names in histories: `smtp`, `smtp:2`."""
    return [
        (kind if number == 1 else f"{kind}:{number}", address)
        for number, address in enumerate(addresses, start=1)
        if address is not None
    ]


def _smtp(settings: Settings, name: str, url: str, attachments: Attachments) -> SmtpProvider:
    parts = urlsplit(url)
    is_implicit = parts.scheme == "smtps"
    tls = Tls.STARTTLS if settings.smtp_starttls else Tls.NONE
    return SmtpProvider(
        name,
        parts.hostname or "",
        parts.port or (465 if is_implicit else 587),
        mail_domain=settings.mail_domain,
        bounce_address=f"bounce@{settings.mail_domain}",
        clock=utc_now,
        tls=Tls.IMPLICIT if is_implicit else tls,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        connections=settings.smtp_connections,
        timeouts=SmtpTimeouts(
            final=settings.smtp_reply_timeout,
            content=min(180, settings.smtp_reply_timeout),
            command=min(30, settings.smtp_reply_timeout),
            connect=min(10, settings.smtp_reply_timeout),
        ),
        attachments=attachments,
    )


async def _verifier(settings: Settings, stack: AsyncExitStack) -> TokenVerifier:
    configured: Sequence[tuple[IssuerKind, str | None, str | None]] = (
        ("maskinporten", settings.maskinporten_issuer, settings.maskinporten_audience),
        ("altinn", settings.altinn_issuer, None),
        ("platform", settings.platform_issuer, None),
    )
    issuers: list[Issuer] = []
    fetching: list[Awaitable[None]] = []
    for kind, address, audience in configured:
        if address is None:
            continue
        keys = JwksKeys(_discovery(kind, address), file=settings.data / f"keys-of-{kind}.json")
        fetching.append(keys.start())
        stack.push_async_callback(keys.stop)
        issuers.append(
            Issuer(
                kind=kind,
                name=None if kind == "platform" else address,
                keys=keys,
                audience=audience,
                delegation_sources=frozenset(settings.maskinporten_delegation_sources),
            )
        )
    await asyncio.gather(*fetching)  # an issuer that hangs does not hold up the others
    if settings.development_issuer:
        development = development_issuer(settings.data, settings.base_url)
        issuers.append(development.issuer("altinn"))
        issuers.append(development.issuer("maskinporten", audience=settings.base_url))
        if settings.platform_issuer is None:
            issuers.append(development.issuer("platform"))
    owners, is_active = _owners(settings)
    return JwtVerifier(
        issuers=issuers,
        owners=owners,
        is_active=is_active,
        clock=utc_now,
        owner_is_organisation=settings.owner_is_organisation,
    )


def _owners(
    settings: Settings,
) -> tuple[Callable[[str], str | None], Callable[[str], bool] | None]:
    """Who is an owner now: by organisation number, and by short name.

    Without a file there are none but the one of the development issuer.
    """
    if settings.owners_file is not None:
        owners = OwnersFile(settings.owners_file)
        return owners.short_name, owners.is_active
    if settings.development_issuer:
        return {"991825827": "ttd"}.get, None
    return lambda _: None, lambda _: False


def api(settings: Settings, running: Services) -> ASGIApp:
    """The HTTP API over the application."""
    return create_app(
        services=http.Services(
            ordering=running.ordering,
            instant=running.instant,
            reading=running.reading,
            auditing=running.auditing,
            following=running.following,
            counting=running.counting,
            supporting=running.supporting,
            reporting=running.reporting,
            limiting=running.limiting,
            health=running.health,
        ),
        verifier=running.verifier,
        rules=partial(_rules, settings),
        base_url=settings.base_url,
        limits=BodyLimits(max_bytes=settings.max_body),
        sms=_sms_reports(settings),
        email=_email_reports(settings),
        kannel=_kannel_reports(settings),
        trigger_secret=settings.trigger_secret,
        own=Internal(secret=settings.internal_secret, owner=settings.internal_owner),
        figures=Metrics(
            key=settings.metrics_key,
            environment=settings.environment,
            write=_write_table,
            clock=utc_now,
        ),
        documents=_documents(settings),
        observer=log_served if settings.log_level == "debug" else None,
    )


async def _write_table(
    columns: Mapping[str, str], rows: AsyncIterator[Sequence[object]]
) -> tuple[bytes, int]:
    # Its library is large, and most processes never write a table.
    from adapters.tables.parquet import write_parquet  # noqa: PLC0415

    return await write_parquet(columns, rows)


def _rules(settings: Settings, caller: Caller) -> Rules:
    return Rules(
        now=utc_now(),
        owner=caller.owner,
        email_sender=settings.email_sender,
        sms_sender=settings.sms_sender,
        max_recipients=settings.max_recipients,
        max_attachments=settings.max_attachments,
        attachment_hosts=settings.attachment_hosts,
        delivery_policy=dict(settings.delivery_policies).get(caller.owner.lower()),
        stale_owners=frozenset(each.lower() for each in settings.stale_owners),
    )


def _sms_reports(settings: Settings) -> SmsReports | None:
    if settings.sms_report_password is None:
        return None
    return SmsReports(
        user=settings.sms_report_user,
        password=settings.sms_report_password,
        read=partial(read_link_reports, provider=LINK),
        acknowledge=acknowledgement,
    )


def _kannel_reports(settings: Settings) -> KannelReports | None:
    if settings.kannel_report_password is None:
        return None
    return KannelReports(
        user=settings.kannel_report_user,
        password=settings.kannel_report_password,
        read=partial(read_kannel_report, provider=KANNEL),
    )


def _email_reports(settings: Settings) -> EmailReports | None:
    if settings.email_report_secret is None:
        return None
    return EmailReports(secret=settings.email_report_secret, read=partial(read_dsn, provider=SMTP))


def _documents(settings: Settings) -> Mapping[str, bytes]:
    """What the development issuer tells of itself to whoever verifies its tokens."""
    if not settings.development_issuer:
        return {}
    development = development_issuer(settings.data, settings.base_url)
    keys_at = f"{ISSUER}jwks"
    metadata = development.metadata(f"{settings.base_url}{keys_at}")
    return {
        keys_at: msgspec.json.encode(development.jwks()),
        f"{ISSUER}.well-known/openid-configuration": msgspec.json.encode(metadata),
    }
