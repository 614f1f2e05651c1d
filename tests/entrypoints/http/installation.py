"""The API over the application's own services, with everything outside in memory."""

import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from litestar.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from adapters.channels.kannel.kind import DOOR as KANNEL
from adapters.channels.link_mobility.kind import DOOR as LINK
from adapters.channels.smtp.kind import DOOR as MAIL
from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.installation import InMemoryInstallation
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.registries import InMemoryPersonRegistry, registries
from adapters.memory.send_condition import InMemorySendCondition
from adapters.tables.parquet import write_parquet
from adapters.webhooks.http_receivers import WebhookSigner
from application.assembly import Application, Policy, Ports, assemble
from application.caller import (
    COMPOSED,
    CONTACT_POINTS,
    CREATE,
    END_USER,
    LOOKUP,
    SUPPORT,
    Assurance,
    Caller,
    EndUser,
)
from application.envelope import Role
from application.operations.health import ProjectionStanding
from application.ports.act_log import RecordedAct
from application.ports.owner_ledger import QuotaLimit
from application.ports.party_ids import PartyIds
from application.ports.provider_kind import Acknowledgement, Login, Reporting, Secret
from application.ports.recording import Recording
from application.ports.registries import ProfileRegistry
from application.ports.report_inbox import Report
from application.ports.token_verifier import (
    InvalidTokenError,
    NoOwnerError,
    NotAPersonError,
    TokenVerifier,
    VerificationUnavailableError,
)
from application.ports.unread_mail import MailRead, UnreadKind
from application.ports.webhooks import WebhookClient
from application.turns import OwnersTurns
from contracts.order_repository_contract import SetClock
from domain.contact_point import BusinessRecord, PersonRecord, RegisteredAddress
from domain.order.events import Failure, OrderPlaced, ReportedState
from domain.personal import Contact, Identifier
from domain.recipient import OrganisationNumber
from entrypoints.http.app import create_app
from entrypoints.http.internal.routes import Internal
from entrypoints.http.statistics.routes import Metrics
from entrypoints.http.validation.rules import Rules
from entrypoints.http.webhooks.responses import webhook_challenge, webhook_message
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import BAKERY, KARI, NOON, OLA

BASE_URL = "https://varsel.example.no"
V1 = "/notifications/api/v1"
TTD = {"authorization": "Bearer ttd"}
SKD = {"authorization": "Bearer skd"}
COMPOSER = {"authorization": "Bearer composer"}
SUPPORTER = {"authorization": "Bearer supporter"}
LOOKER = {"authorization": "Bearer looker"}
SERVICE = {"authorization": "Bearer service"}
HERSELF = {"authorization": "Bearer kari"}
HIMSELF = {"authorization": "Bearer ola"}

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
    "Bearer looker": Caller(owner="ttd", scopes=frozenset({LOOKUP})),
    "Bearer service": Caller(
        owner="digdir", client_id="altinn-notifications", scopes=frozenset({CONTACT_POINTS})
    ),
    "Bearer scopeless": Caller(owner="ttd", scopes=frozenset({"altinn:other", CREATE + "x"})),
}

PEOPLE = {
    "Bearer kari": EndUser(
        person=KARI.number,
        user=Identifier("20001111"),
        level=Assurance.SUBSTANTIAL,
        client_id="client-2",
        token_id="token-2",
        scopes=frozenset({END_USER}),
    ),
    "Bearer ola": EndUser(person=OLA.number, level=Assurance.HIGH, scopes=frozenset({END_USER})),
    "Bearer unsure": EndUser(person=KARI.number, level=Assurance.LOW, scopes=frozenset({END_USER})),
    "Bearer clientless": EndUser(person=KARI.number, level=Assurance.HIGH),
}
"""People who logged in, with whichever token."""


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
            case [token], [] if token in PEOPLE:
                raise NoOwnerError("person")
            case [], []:
                raise InvalidTokenError("no_credential")
            case _:
                raise InvalidTokenError("unknown")

    async def verify_person(self, *, authorization: Sequence[str]) -> EndUser:
        match list(authorization):
            case ["Bearer keyless"]:
                raise VerificationUnavailableError("https://issuer.example.no")
            case [token] if token in PEOPLE:
                return PEOPLE[token]
            case [token] if token in CALLERS or token == "Bearer nobody":
                raise NotAPersonError("owner")
            case []:
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


def in_database(memory: Ports, store: PostgresStore) -> Ports:
    """The same, with what stands on the event store in PostgreSQL."""
    return replace(
        memory,
        orders=store.orders,
        agenda=store.agenda,
        inbox=store.inbox,
        webhooks=store.webhooks,
        order_index=store.index,
        chains=store.chains,
        recipients=store.recipients,
        dialogues=store.dialogues,
        results=store.results,
        suppressions=store.suppressions,
        feed=store.feed,
    )


class Installation:
    """A service whose clock the tests set."""

    def __init__(
        self,
        *,
        persons: Mapping[str, PersonRecord] | None = None,
        businesses: Mapping[OrganisationNumber, BusinessRecord] | None = None,
        quota_limits: Mapping[str, QuotaLimit] | None = None,
        repository: type[InMemoryOrderRepository] = InMemoryOrderRepository,
        profiles: ProfileRegistry | None = None,
        parties: PartyIds | None = None,
        decision_point: InMemoryDecisionPoint | None = None,
        store: PostgresStore | None = None,
        receivers: WebhookClient | None = None,
    ) -> None:
        self._clock = SetClock() if store is None else store.clock
        self.now = NOON
        self.condition: Callable[[str], bool] = lambda _: True
        self.decision_point = decision_point or InMemoryDecisionPoint()
        memory = InMemoryInstallation(clock=self._clock, repository=repository)
        ports = memory.ports if store is None else in_database(memory.ports, store)
        ports = replace(
            ports,
            registries=registries(
                persons=InMemoryPersonRegistry(PERSONS if persons is None else persons),
                businesses=BUSINESSES if businesses is None else businesses,
                profiles=profiles,
                decision_point=self.decision_point,
            ),
            parties=parties,
            projections=UpToDate(),
            condition=InMemorySendCondition(lambda url: self.condition(url)),  # noqa: PLW0108  # as it is then
            receivers=receivers or ports.receivers,
            webhook_message=webhook_message,
            webhook_challenge=webhook_challenge,
        )
        self.vault = memory.vault
        self.orders: Any = ports.orders
        self.agenda = ports.agenda
        self.inbox: Any = ports.inbox
        self.mail, self.sms = memory.mail, memory.sms
        self.unread = memory.unread
        self.ledger = memory.owners
        self.owner_records = memory.owner_records
        self.agreements = memory.agreements
        self.acts = memory.acts
        self.profiles = memory.profiles
        self.copies = memory.copies
        self.address_register = memory.address_register
        self.official_addresses = memory.official_addresses
        self.address_changes = memory.address_changes
        self.official_addresses.read_feed(self.now)
        self.application = assemble(
            ports, Policy(quota_limits=quota_limits or {}, nothing_after=timedelta())
        )
        self.turns = OwnersTurns()
        self.dispatching = self.application.dispatcher
        self.telling = self.application.webhook_publisher

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

    async def recorded_acts(self) -> Sequence[RecordedAct]:
        """What anybody did, the latest first."""
        return await self.acts.latest(
            roles=set(Role), since=datetime.min.replace(tzinfo=UTC), most=100
        )

    async def report(
        self, state: ReportedState = ReportedState.DELIVERED, failure: Failure | None = None
    ) -> None:
        """Report every message that has left."""
        await self.application.delivery_reports.keep(
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
        await self.application.delivery_reports.take_down()

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
            "application": self.application,
            "verifier": TokenTable(),
            "rules": self.rules,
            "clock": lambda: self.now,
            "base_url": BASE_URL,
            "webhook_key": WebhookSigner(self.vault).public_key,
            "reporting": REPORTING,
            "figures": self.figures(),
            "own": Internal(secret="own", owner="varsel"),
        }
        return create_app(**(arguments | changes))

    def client(
        self,
        *,
        verifier: TokenVerifier | None = None,
        **changes: Any,  # noqa: ANN401  # as above
    ) -> httpx.AsyncClient:
        """A client of the API, in process."""
        known = verifier or TokenTable()
        app = self.app(verifier=known, **changes) if changes else _as_asked(self, known)
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two spellings of ASGI
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)


_asked: ContextVar[Installation] = ContextVar("asked")
_known: ContextVar[TokenVerifier] = ContextVar("known")


def _as_asked(installation: Installation, verifier: TokenVerifier) -> ASGIApp:
    """The API that all share to whom nothing is changed: routes take longer to make than to ask."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked, known = _asked.set(installation), _known.set(verifier)
        try:
            await _shared_app()(scope, receive, send)
        finally:
            _asked.reset(asked)
            _known.reset(known)

    return app


class _Known:
    """Verifies as the installation does that is asked just then."""

    async def verify(
        self, *, authorization: Sequence[str], platform_access_token: Sequence[str]
    ) -> Caller:
        return await _known.get().verify(
            authorization=authorization, platform_access_token=platform_access_token
        )

    async def verify_person(self, *, authorization: Sequence[str]) -> EndUser:
        return await _known.get().verify_person(authorization=authorization)


class _Asked:
    """Stands for a part of the application that is asked just then."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever that part has
        return getattr(getattr(_asked.get().application, self._part), name)


class _Turns(OwnersTurns):
    @override
    @asynccontextmanager
    async def of(self, owner: str, *, is_large: bool) -> AsyncIterator[None]:
        async with _asked.get().turns.of(owner, is_large=is_large):
            yield


@functools.cache
def _shared_app() -> ASGIApp:
    parts: dict[str, Any] = {each.name: _Asked(each.name) for each in fields(Application)}
    return Installation().app(
        application=Application(**parts),
        verifier=_Known(),
        rules=lambda caller: _asked.get().rules(caller),
        clock=lambda: _asked.get().now,
        figures=Metrics(
            key="figures",
            environment="tests",
            write=write_parquet,
            clock=lambda: _asked.get().now,
        ),
        turns=_Turns(),
    )


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


GATEWAY = Login("gateway", "open")
REPORTING = [
    Reporting(
        door=replace(
            LINK,
            read=read_reports,
            acknowledgement=Acknowledgement(
                write=acknowledged,
                media_type="application/xml",
                words="An acknowledgement of each report.",
            ),
        ),
        credentials=GATEWAY,
    ),
    Reporting(door=replace(MAIL, open_reader=lambda: read_mail), credentials=Secret("letter")),
    Reporting(door=KANNEL, credentials=GATEWAY),
]
"""The doors of our own providers, behind which the words are those that the tests know."""
