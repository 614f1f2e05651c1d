"""The API over the application's own services, with everything outside in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
from litestar.types import ASGIApp

from adapters.channels.kannel.delivery_reports import read_kannel_report
from adapters.memory.act_log import InMemoryActLog
from adapters.memory.chain_index import InMemoryChainIndex
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import (
    InMemoryAgenda,
    InMemoryOrderIndex,
    InMemoryOrderRepository,
)
from adapters.memory.owner_agreements import InMemoryOwnerAgreements
from adapters.memory.owner_ledger import InMemoryOwnerLedger
from adapters.memory.provider import RecordingProvider
from adapters.memory.recipient_index import InMemoryRecipientIndex
from adapters.memory.registries import (
    InMemoryBusinessRegistry,
    InMemoryExternalIdentityRegistry,
    InMemoryNameRegistry,
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
)
from adapters.memory.report_inbox import InMemoryReportInbox
from adapters.memory.result_index import InMemoryResultIndex
from adapters.memory.send_condition import InMemorySendCondition
from adapters.memory.status_feed import InMemoryStatusFeed
from adapters.memory.unread_mail import InMemoryUnreadMails
from adapters.memory.webhooks import InMemoryReceivers, InMemoryWebhooks
from adapters.tables.parquet import write_parquet
from adapters.webhooks.http_receivers import WebhookSigner
from application.caller import COMPOSED, CREATE, SUPPORT, Caller
from application.delivery.contact_lookup import ContactLookUp, Registries
from application.delivery.delivery_reports import ReportingService
from application.delivery.dispatcher import Dispatcher
from application.delivery.handover import HandOver
from application.operations.health import HealthService, ProjectionStanding
from application.operations.recorder import ActRecorder
from application.ordering.admission import Admission
from application.ordering.instant_order_service import InstantService
from application.ordering.order_ids import OrderNames
from application.ordering.order_service import OrderingService
from application.ports.agenda import Agenda
from application.ports.chain_index import ChainIndex
from application.ports.order_index import OrderIndex
from application.ports.owner_ledger import Ceiling
from application.ports.recipient_index import RecipientIndex
from application.ports.recording import Recording
from application.ports.report_inbox import Report
from application.ports.result_index import ResultIndex
from application.ports.status_feed import StatusFeed
from application.ports.token_verifier import (
    InvalidTokenError,
    NoOwnerError,
    VerificationUnavailableError,
)
from application.ports.unread_mail import MailRead, UnreadKind
from application.ports.webhooks import NotTaken, Receivers, Webhooks
from application.queries.audit import AuditingService
from application.queries.orders import ReadingService
from application.queries.statistics import CountingService
from application.queries.status_feed import FollowingService
from application.queries.support import SupportService
from application.suspended_owners import StoppedOwners
from application.webhooks.publisher import TellingService
from application.webhooks.subscriptions import SubscribingService
from domain.channel import Channel
from domain.contact_point import BusinessRecord, PersonRecord, RegisteredAddress
from domain.order.events import Failure, OrderPlaced, ReportedState
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from entrypoints.http.app import create_app
from entrypoints.http.delivery_reports.kannel import KannelReports
from entrypoints.http.delivery_reports.routes import EmailReports, SmsReports
from entrypoints.http.internal.routes import Internal
from entrypoints.http.services import Services
from entrypoints.http.statistics.routes import Metrics
from entrypoints.http.validation.rules import Rules
from entrypoints.http.webhooks.responses import webhook_challenge, webhook_message
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.contracts.order_repository_contract import SetClock
from tests.samples import BAKERY, KARI, NOON, OLA

BASE_URL = "https://varsel.example.no"
V1 = "/notifications/api/v1"
TTD = {"authorization": "Bearer ttd"}
SKD = {"authorization": "Bearer skd"}
COMPOSER = {"authorization": "Bearer composer"}
SUPPORTER = {"authorization": "Bearer supporter"}

CALLERS = {
    "Bearer ttd": Caller(
        owner="ttd",
        organisation="991825827",
        client_id="client-1",
        token_id="token-1",
        scopes=frozenset({CREATE}),
    ),
    "Bearer skd": Caller(owner="skd", scopes=frozenset({CREATE})),
    "Bearer composer": Caller(owner="ttd", scopes=frozenset({COMPOSED})),
    "Bearer supporter": Caller(owner="digdir", scopes=frozenset({SUPPORT})),
    "Bearer scopeless": Caller(owner="ttd", scopes=frozenset({"altinn:other", CREATE + "x"})),
}


def registered(address: str) -> RegisteredAddress:
    """An address that was confirmed lately."""
    return RegisteredAddress(address=Contact(address), confirmed_at=NOON - timedelta(days=1))


PERSONS = {
    KARI.number.text: PersonRecord(email=registered("kari@example.org")),
    OLA.number.text: PersonRecord(is_reserved=True, can_be_notified=False),
}
BUSINESSES = {
    BAKERY.number: BusinessRecord(origin=BAKERY.number, mobiles=[registered("+46701740605")])
}


class TokenTable:
    """Knows the tokens of a table, and how verification goes wrong."""

    async def verify(
        self, *, authorization: Sequence[str], platform_access_token: Sequence[str]
    ) -> Caller:
        match list(authorization), list(platform_access_token):
            case [], ["app"]:
                return Caller(owner="ttd", credential="platform_access_token", app="app")
            case ["Bearer nobody"], []:
                raise NoOwnerError
            case ["Bearer keyless"], []:
                raise VerificationUnavailableError("https://issuer.example.no")
            case [token], [] if token in CALLERS:
                return CALLERS[token]
            case [], []:
                raise InvalidTokenError("no_credential")
            case _:
                raise InvalidTokenError("unknown")


@dataclass(frozen=True, slots=True)
class Recorded:
    """How the recording of what happens stands."""

    recording: Recording


class Punctual:
    """An agenda that is never behind."""

    async def age(self) -> timedelta:
        return timedelta(0)


class UpToDate:
    """Projections that are never behind."""

    async def standings(self) -> Sequence[ProjectionStanding]:
        return [
            ProjectionStanding(name="status_feed", events_behind=0, waiting_since=None, set_aside=0)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What an installation keeps, in memory or in a database."""

    clock: SetClock
    orders: Any
    agenda: Agenda
    index: OrderIndex
    chains: ChainIndex
    inbox: Any
    feed: StatusFeed
    recipients: RecipientIndex
    results: ResultIndex
    webhooks: Webhooks


def in_memory(
    clock: SetClock, kind: type[InMemoryOrderRepository] = InMemoryOrderRepository
) -> Stores:
    """Everything in memory."""
    orders = kind(vault=InMemoryKeyVault(), clock=clock, next_id=uuid4)
    feed = InMemoryStatusFeed(orders)
    return Stores(
        clock=clock,
        orders=orders,
        agenda=InMemoryAgenda(orders),
        index=InMemoryOrderIndex(orders),
        chains=InMemoryChainIndex(orders),
        inbox=InMemoryReportInbox(orders),
        feed=feed,
        recipients=InMemoryRecipientIndex(orders),
        results=InMemoryResultIndex(orders),
        webhooks=InMemoryWebhooks(orders, feed),
    )


def in_database(store: PostgresStore) -> Stores:
    """Everything in PostgreSQL."""
    return Stores(
        clock=store.clock,
        orders=store.orders,
        agenda=store.agenda,
        index=store.index,
        chains=store.chains,
        inbox=store.inbox,
        feed=store.feed,
        recipients=store.recipients,
        results=store.results,
        webhooks=store.webhooks,
    )


class Installation:
    """A service whose clock the tests set."""

    def __init__(
        self,
        *,
        persons: Mapping[str, PersonRecord] | None = None,
        businesses: Mapping[OrganisationNumber, BusinessRecord] | None = None,
        ceilings: Mapping[str, Ceiling] | None = None,
        stores: Stores | None = None,
        receivers: Receivers | None = None,
    ) -> None:
        if stores is None:
            stores = in_memory(SetClock())
        self._clock = stores.clock
        self.now = NOON
        self.condition: Callable[[str], bool] = lambda _: True
        self.vault = InMemoryKeyVault()
        self.orders = stores.orders
        self.agenda = stores.agenda
        self.mail = RecordingProvider("smtp", Channel.EMAIL, clock=lambda: self.now)
        self.sms = RecordingProvider("link_mobility", Channel.SMS, clock=lambda: self.now)
        self.inbox = stores.inbox
        self.unread = InMemoryUnreadMails()
        look_up = ContactLookUp(
            Registries(
                persons=InMemoryPersonRegistry(PERSONS if persons is None else persons),
                businesses=InMemoryBusinessRegistry(
                    BUSINESSES if businesses is None else businesses
                ),
                profiles=InMemoryProfileRegistry(),
                externals=InMemoryExternalIdentityRegistry(),
                names=InMemoryNameRegistry(),
            )
        )
        self.ledger = InMemoryOwnerLedger()
        stopped = StoppedOwners(self.ledger, lambda: self.now)
        admission = Admission(
            ledger=self.ledger,
            stopped=stopped,
            clock=lambda: self.now,
            ceilings=ceilings or {},
        )
        names = OrderNames(self.vault)
        self.agreements = InMemoryOwnerAgreements()
        self.acts = InMemoryActLog()
        recorder = ActRecorder(log=self.acts, clock=lambda: self.now, next_id=uuid4)
        hand_over = HandOver(
            orders=self.orders,
            providers={Channel.EMAIL: [self.mail], Channel.SMS: [self.sms]},
            clock=lambda: self.now,
            chance=lambda: 0.5,
            agreements=self.agreements,
        )
        self.dispatching = Dispatcher(
            orders=self.orders,
            agenda=stores.agenda,
            look_up=look_up,
            condition=InMemorySendCondition(lambda url: self.condition(url)),  # noqa: PLW0108  # as it is then
            hand_over=hand_over,
            stopped=stopped,
            chains=stores.chains,
            clock=lambda: self.now,
            worker="tests",
        )
        following = FollowingService(orders=self.orders, feed=stores.feed, clock=lambda: self.now)
        receivers = receivers or InMemoryReceivers(nobody_answers)
        self.telling = TellingService(
            webhooks=stores.webhooks,
            receivers=receivers,
            following=following,
            write=webhook_message,
            write_challenge=webhook_challenge,
            clock=lambda: self.now,
            chance=lambda: 0.5,
        )
        self.services = Services(
            ordering=OrderingService(
                orders=self.orders,
                look_up=look_up,
                names=names,
                chains=stores.chains,
                admission=admission,
                agreements=self.agreements,
                clock=lambda: self.now,
                next_id=uuid4,
            ),
            instant=InstantService(
                orders=self.orders,
                names=names,
                hand_over=hand_over,
                admission=admission,
                agreements=self.agreements,
                clock=lambda: self.now,
            ),
            reading=ReadingService(orders=self.orders, index=stores.index, clock=lambda: self.now),
            auditing=AuditingService(orders=self.orders, recorder=recorder),
            following=following,
            subscribing=SubscribingService(
                webhooks=stores.webhooks,
                receivers=receivers,
                clock=lambda: self.now,
                next_id=uuid4,
            ),
            counting=CountingService(
                orders=self.orders,
                results=stores.results,
                clock=lambda: self.now,
            ),
            supporting=SupportService(
                orders=self.orders, index=stores.recipients, recorder=recorder
            ),
            reporting=ReportingService(
                inbox=self.inbox, orders=self.orders, unread=self.unread, clock=lambda: self.now
            ),
            health=HealthService(
                agenda=Punctual(),
                projections=UpToDate(),
                recorder=Recorded(Recording.UP),
                clock=lambda: self.now,
            ),
        )

    @property
    def now(self) -> datetime:
        """The time, as the tests have set it."""
        return self._clock.now

    @now.setter
    def now(self, moment: datetime) -> None:
        self._clock.now = moment

    def placed(self) -> Sequence[OrderPlaced]:
        """The first event of every order."""
        events = [each.event for each in self.orders.everything()]
        return [each for each in events if isinstance(each, OrderPlaced)]

    async def report(
        self, state: ReportedState = ReportedState.DELIVERED, failure: Failure | None = None
    ) -> None:
        """Report every message that has left."""
        await self.services.reporting.keep(
            [
                Report(
                    provider=each.name,
                    reference=letter.token,
                    state=state,
                    code="told",
                    failure=failure,
                )
                for each in (self.mail, self.sms)
                for letter in each.carried
            ]
        )
        await self.services.reporting.take_down()

    def rules(self, caller: Caller) -> Rules:
        """What requests are held to."""
        return Rules(
            owner=caller.owner,
            email_sender="noreply@altinn.cloud",
            sms_sender="Altinn",
        )

    def figures(self, *, key: str | None = "figures") -> Metrics:
        """How the figures are collected."""
        return Metrics(key=key, environment="tests", write=write_parquet, clock=lambda: self.now)

    def app(self, **changes: Any) -> ASGIApp:  # noqa: ANN401  # any argument of `create_app`
        """The API; `changes` replace its arguments."""
        arguments: dict[str, Any] = {
            "services": self.services,
            "verifier": TokenTable(),
            "rules": self.rules,
            "clock": lambda: self.now,
            "base_url": BASE_URL,
            "webhook_key": WebhookSigner(self.vault).public_key,
            "sms": SmsReports(
                user="gateway", password="open", read=read_reports, acknowledge=acknowledged
            ),
            "figures": self.figures(),
            "kannel": KannelReports(
                user="gateway",
                password="open",
                read=partial(read_kannel_report, provider="kannel"),
            ),
            "own": Internal(secret="own", owner="varsel"),
            "email": EmailReports(secret="letter", read=read_mail),
        }
        return create_app(**(arguments | changes))

    def client(self, **changes: Any) -> httpx.AsyncClient:  # noqa: ANN401  # as above
        """A client of the API, in process."""
        transport = httpx.ASGITransport(app=self.app(**changes))  # type: ignore[arg-type]  # two spellings of ASGI
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)


async def nobody_answers(url: str, message_id: str, body: bytes) -> NotTaken:  # noqa: ARG001  # whoever is called
    """Stand in for receivers that are away."""
    return NotTaken("not_reached")


def acknowledged(body: bytes) -> bytes:
    """An answer in which each line is acknowledged by its reference."""
    return b" ".join(b"OK " + line for line in body.split())


async def read_mail(body: bytes) -> MailRead:
    """One report for each line, but of `Hei`, and of what is no text, which tell of nothing."""
    try:
        return UnreadKind.UNCLEAR if body.startswith(b"Hei") else read_reports(body)
    except ValueError:
        return UnreadKind.UNCLEAR


def read_reports(body: bytes) -> Sequence[Report]:
    """One report for each line, by its reference."""
    if not body:
        raise ValueError("nothing is reported")
    return [
        Report(provider="gateway", reference=line, state=ReportedState.DELIVERED, code="DELIVRD")
        for line in body.decode().split()
    ]
