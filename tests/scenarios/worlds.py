"""The worlds in which stories are told: all in memory, or PostgreSQL with real mail and SMS servers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec
import uvicorn
from msgspec import structs

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.installation import InMemoryInstallation
from adapters.memory.registries import (
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
    registries,
)
from adapters.memory.send_condition import InMemorySendCondition
from adapters.registries.importing import ImportSummary
from application.assembly import Policy, assemble
from application.ordering.order_service import OrderService
from application.ports.decision_point import DecisionPoint, Question
from application.ports.owner_ledger import QuotaLimit
from application.ports.provider import OutboundEmail
from application.ports.registries import ProfileRegistry
from application.ports.report_inbox import Report
from application.queries.audit import AuditQueries
from application.queries.lookup import LookupQueries
from application.queries.orders import OrderQueries
from application.queries.resolution import ResolutionQueries
from domain.contact_point import BusinessRecord, PersonRecord, ProfileRecord, RegisteredAddress
from domain.order.events import Failure, OrderId, ReportedState
from domain.order.order import Order
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from entrypoints.bootstrap import Running, api, wired
from entrypoints.sandbox import CatchAll, Credentials, Pace, ReportTarget, caught_messages
from entrypoints.settings import Settings
from entrypoints.supervisor import listen
from entrypoints.wiring.providers import LINK_REPORTS, MAIL_REPORTS
from entrypoints.wiring.registries import importer, load_samples
from tests.adapters.registries.pages import krr, person


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message where it was sent to."""

    to: str
    subject: str | None
    body: str


class World(Protocol):
    """Somewhere orders can be placed, and messages arrive."""

    ordering: OrderService
    reading: OrderQueries
    auditing: AuditQueries
    lookup: LookupQueries
    resolution: ResolutionQueries

    async def finished(self, order_id: OrderId) -> Order:
        """Let time pass until the order needs nothing more."""
        ...

    def arrived(self) -> Sequence[Arrived]:
        """Every message that has arrived, oldest first."""
        ...

    def soon(self) -> datetime:
        """A moment a little later."""
        ...

    async def krr_changes(self, number: str, *, reserved: str) -> None:
        """Have the contact register say of a person whether they are reserved, in whatever word."""
        ...

    async def krr_says(
        self, number: str, *, email: str, mobile: str, language: str | None = None
    ) -> None:
        """Have the contact register say where a person is reached, and in which language they read."""
        ...

    async def settled(self) -> None:
        """Return when everything that has happened is known to whoever looks addresses up."""
        ...


CONFIRMED = datetime(2026, 11, 1, 8, tzinfo=UTC)


def known(address: str) -> RegisteredAddress:
    return RegisteredAddress(address=Contact(address), confirmed_at=CONFIRMED)


PERSONS = {
    "15859010099": PersonRecord(email=known("kari@post.example.no"), mobile=known("+4740000001")),
    "06927530250": PersonRecord(
        is_reserved=True, can_be_notified=False, mobile=known("+4740000002")
    ),
}
BUSINESSES = {
    OrganisationNumber("314022009"): BusinessRecord(
        origin=OrganisationNumber("314022009"),
        emails=[known("post@fjell.example.no")],
        mobiles=[known("+4740000010")],
    )
}
USERS = {
    (OrganisationNumber("314022009"), "tax-2026"): [
        ProfileRecord(user="20001111", email=known("ola@fjell.example.no")),
        ProfileRecord(user="20003333", email=known("not.authorised@fjell.example.no")),
    ],
    # This one has no official address.
    (OrganisationNumber("314023072"), "tax-2026"): [
        ProfileRecord(user="20006666", email=known("user@kontor.example.no")),
    ],
}
PERMITTED = [
    Question(user, OrganisationNumber(organisation), "tax-2026", "read")
    for user, organisation in (("20001111", "314022009"), ("20006666", "314023072"))
]


class MemoryWorld:
    """Everything in memory; time passes when somebody waits."""

    def __init__(
        self,
        *,
        deduplication_window: timedelta | None = None,
        quota_limits: Mapping[str, QuotaLimit] | None = None,
    ) -> None:
        self._now = datetime(2026, 11, 24, 9, tzinfo=UTC)
        memory = InMemoryInstallation(clock=self.clock, deduplication_window=deduplication_window)
        self.orders, self.agenda, self.inbox = memory.orders, memory.agenda, memory.inbox
        self.owner_records, self.agreements = memory.owner_records, memory.agreements
        self.mail, self.sms = memory.mail, memory.sms
        self.copies, self.profiles = memory.copies, memory.profiles
        self._persons = InMemoryPersonRegistry(PERSONS)
        self.decision_point = InMemoryDecisionPoint(PERMITTED)
        self.ports = replace(
            memory.ports,
            registries=registries(
                persons=self._persons,
                businesses=BUSINESSES,
                profiles=InMemoryProfileRegistry(USERS),
                decision_point=self.decision_point,
                names={"15859010099": "Kari Nordmann"},
            ),
            condition=InMemorySendCondition(lambda url: not url.endswith("/no")),
        )
        self._policy = Policy(quota_limits=quota_limits or {})
        self._assemble()

    def redirect(
        self, decision_point: DecisionPoint, profiles: ProfileRegistry | None = None
    ) -> None:
        """Have others decide from now on who may act for whom, and know who registered."""
        known = self.ports.registries
        changed = replace(known, decision_point=decision_point, profiles=profiles or known.profiles)
        self.ports = replace(self.ports, registries=changed)
        self._assemble()

    def _assemble(self) -> None:
        application = assemble(self.ports, self._policy)
        self.ordering = application.ordering
        self.instant = application.instant
        self.reading = application.orders
        self.auditing = application.audit
        self.lookup, self.resolution = application.lookup, application.resolution
        self.reporting = application.delivery_reports
        self.dispatching = application.dispatcher

    def soon(self) -> datetime:
        return self.clock() + timedelta(hours=1)

    async def krr_changes(self, number: str, *, reserved: str) -> None:
        self._persons.know(
            number,
            structs.replace(
                PERSONS[number],
                is_reserved=reserved == "JA",
                is_uncertain=reserved not in ("JA", "NEI"),
            ),
        )

    async def krr_says(
        self, number: str, *, email: str, mobile: str, language: str | None = None
    ) -> None:
        record = PersonRecord(email=known(email), mobile=known(mobile), language=language)
        self._persons.know(number, record)

    async def settled(self) -> None:
        """Return: here the log is read by whoever asks."""

    def clock(self) -> datetime:
        """Tell the time; each look takes a millisecond."""
        self._now += timedelta(milliseconds=1)
        return self._now

    def pass_time(self, by: timedelta) -> None:
        self._now += by

    async def work_until(self, moment: datetime) -> None:
        """Carry out whatever becomes due before a moment, each at its time."""
        while self._now < moment:
            await self.dispatching.run_until_idle()
            due = await self.agenda.next_due()
            self._now = max(self._now, min(due or moment, moment))

    async def deliver(self) -> None:
        """Report every message that has left as delivered, but for those that bounce."""
        await self.reporting.keep(
            [
                _bounced(provider.name, letter.token)
                if letter.to.text.startswith("bounce@")
                else Report(
                    provider=provider.name,
                    reference=letter.token,
                    state=ReportedState.DELIVERED,
                    code="delivered",
                )
                for provider in (self.mail, self.sms)
                for letter in provider.carried
            ]
        )
        await self.reporting.take_down()

    async def finished(self, order_id: OrderId) -> Order:
        for _ in range(300):
            await self.dispatching.run_until_idle()
            await self.deliver()
            order = (await self.orders.load([order_id]))[order_id]
            if order.is_finished:
                return order
            due = await self.agenda.next_due()
            self._now = max(self._now, due or self._now)
        raise AssertionError("the order does not finish")

    def arrived(self) -> Sequence[Arrived]:
        letters = sorted([*self.mail.carried, *self.sms.carried], key=lambda each: each.send_before)
        return [
            Arrived(
                each.to.text,
                each.subject.text if isinstance(each, OutboundEmail) else None,
                each.body.text,
            )
            for each in letters
        ]


def _bounced(provider: str, token: str) -> Report:
    return Report(
        provider=provider,
        reference=token,
        state=ReportedState.FAILED,
        code="5.1.1",
        failure=Failure.BOUNCED,
    )


class RealWorld:
    """The service as it is put together to be run, in one process, with the catch-all servers."""

    def __init__(self, running: Running, settings: Settings) -> None:
        application = running.application
        self.ordering = application.ordering
        self.reading = application.orders
        self.auditing = application.audit
        self.lookup, self.resolution = application.lookup, application.resolution
        self._projecting = running.projecting
        self._mailbox = settings.data / "mailbox"
        self._settings = settings

    def soon(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=3)

    async def krr_changes(self, number: str, *, reserved: str) -> None:
        async with importer(self._settings, self._settings.database_url or "") as loading:
            after = int(await loading.cursor("krr") or 0)
            change = person(number, email="kari@post.example.no", reservasjon=reserved)
            page = krr(change, start=after, end=after + 1)
            await loading.import_page("krr", page, ImportSummary())

    async def krr_says(
        self, number: str, *, email: str, mobile: str, language: str | None = None
    ) -> None:
        spoken = {} if language is None else {"spraak": language}
        async with importer(self._settings, self._settings.database_url or "") as loading:
            after = int(await loading.cursor("krr") or 0)
            change = person(number, email=email, mobile=mobile, **spoken)
            page = krr(change, start=after, end=after + 1)
            await loading.import_page("krr", page, ImportSummary())

    async def user_registers(self, user: str, organisation: str, *, email: str) -> None:
        """Have a user register another address for an organisation."""
        registered = {
            "user": user,
            "organisation": organisation,
            "resources": ["urn:altinn:resource:tax-2026"],
            "email": email,
            "emailVerified": True,
        }
        async with importer(self._settings, self._settings.database_url or "") as loading:
            page = msgspec.json.encode({"profiles": [registered]})
            await loading.import_page("profiles", page, ImportSummary())

    async def settled(self) -> None:
        await self._projecting.catch_up("suppression")

    async def finished(self, order_id: OrderId) -> Order:
        async with asyncio.timeout(30):
            while True:
                order = await self.reading.order(order_id, "ttd")
                if order.is_finished:
                    return order
                await asyncio.sleep(0.02)

    def arrived(self) -> Sequence[Arrived]:
        caught = [*caught_messages(self._mailbox)]
        return [Arrived(each.to, each.subject, each.body.rstrip()) for each in reversed(caught)]


def settings_for(database: str, data: Path, listener: socket.socket) -> Settings:
    port = listener.getsockname()[1]
    return Settings(
        host="127.0.0.1",
        port=port,
        data=data,
        database_url=database,
        development_issuer=True,
        condition_hosts=("127.0.0.1",),
        sms_password="to the gateway",
        sms_report_password="from the gateway",
        email_report_secret="from the mail server",
        smtp_starttls=False,
        smtp_reply_timeout=10,
        sms_timeout=10,
        report_wait=2,
        outcome_slack=1,
        send_within=2,
        lease=2,
    )


def catch_all_for(settings: Settings) -> CatchAll:
    return CatchAll(
        settings.data / "mailbox",
        smtp_port=0,
        sms_port=0,
        mail_reports=ReportTarget.raw_mail(
            url=settings.base_url + MAIL_REPORTS, secret=settings.email_report_secret or ""
        ),
        sms_reports=ReportTarget.xml(
            url=settings.base_url + LINK_REPORTS,
            user=settings.sms_report_user,
            password=settings.sms_report_password or "",
        ),
        sms_credentials=Credentials(user=settings.sms_user, password=settings.sms_password or ""),
        pace=Pace(report=0.01, slow=0.5, late=0.5, delayed=0.2),
    )


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The test's process keeps its own."""


@asynccontextmanager
async def real_world(database: str, data: Path) -> AsyncIterator[RealWorld]:
    """The service in this process, on real sockets."""
    async with AsyncExitStack() as stack:
        listener = listen("127.0.0.1", _free_port())
        stack.callback(listener.close)
        settings = settings_for(database, data, listener)
        catch_all = await stack.enter_async_context(catch_all_for(settings))
        host, port = catch_all.smtp_address
        settings = replace(settings, smtp_url=f"smtp://{host}:{port}", sms_url=catch_all.sms_url)
        await load_samples(settings, database)
        running = await stack.enter_async_context(wired(settings))
        server = _Server(uvicorn.Config(api(settings, running), lifespan="off", log_config=None))
        tasks = [
            asyncio.create_task(server._serve([listener])),
            asyncio.create_task(running.application.dispatcher.run()),
            asyncio.create_task(running.application.delivery_reports.run()),
            asyncio.create_task(running.projecting.run()),
        ]
        try:
            yield RealWorld(running, settings)
        finally:
            server.should_exit = True
            await asyncio.wait_for(tasks[0], 10)
            for task in tasks[1:]:
                task.cancel()
            await asyncio.gather(*tasks[1:], return_exceptions=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
