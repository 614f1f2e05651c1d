"""The provider of e-mails with a real Postfix, and what that tells afterwards."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, Final

import pytest
import trustme
import uvicorn
from typing_extensions import override

from adapters.channels.smtp.delivery_reports import read_mail
from adapters.channels.smtp.kind import DOOR
from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.session import Tls
from application.ports.provider import HandoverAccepted, OutboundEmail
from application.ports.provider_kind import Reporting, Secret
from application.ports.report_inbox import Report
from application.ports.unread_mail import UnreadKind
from contracts.provider_contract import ProviderContract, Stand, email_letter, outcome
from domain.order.events import Failure, ReportedState
from entrypoints.wiring.providers import MAIL_REPORTS
from tests.adapters.channels.postfix_server import (
    BOUNCES,
    REFUSED,
    Relay,
    World,
    running_postfix,
    running_world,
)
from tests.entrypoints.http.installation import Installation
from tests.missing import skipped_where_missing
from tests.service.installations import free_port

pytestmark = pytest.mark.service

SECRET: Final = "postfix-and-varsel"
PATIENCE: Final = 30.0
NOTIFICATIONS: Final = Path(__file__).parent / "notifications"
TOKEN: Final = "0123456789abcdef0123456789abcdef"

Reports = Queue[tuple[Mapping[str, str], bytes]]


@pytest.fixture(scope="module")
def reports() -> Iterator[tuple[str, Reports]]:
    """Where Postfix reports to, and what has come."""
    came: Reports = Queue()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.put((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/reports", came
        server.shutdown()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with running_world() as running:
        yield running


@pytest.fixture(scope="module")
def postfix(
    world: World,
    reports: tuple[str, Reports],
    authority: trustme.CA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Relay]:
    chain = tmp_path_factory.mktemp("tls") / "chain.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(chain))
    with (
        skipped_where_missing(),
        running_postfix(
            world, report_url=reports[0], secret=SECRET, chain=chain, expires=8
        ) as running,
    ):
        yield running


@asynccontextmanager
async def provider_at(relay: Relay, **settings: Any) -> AsyncIterator[SmtpProvider]:  # noqa: ANN401  # as the provider has them
    provider = SmtpProvider(
        "smtp",
        "127.0.0.1",
        relay.port,
        mail_domain="varsel.example",
        bounce_address=f"bounce@{BOUNCES}",
        clock=lambda: datetime.now(UTC),
        **{"tls": Tls.NONE, **settings},
    )
    yield provider
    await provider.aclose()


@pytest.fixture
async def provider(postfix: Relay) -> AsyncIterator[SmtpProvider]:
    async with provider_at(postfix) as provider:
        yield provider


class TestSmtpProviderWithPostfix(ProviderContract):
    @override
    @pytest.fixture
    async def stand(self, postfix: Relay, world: World, provider: SmtpProvider) -> Stand:
        postfix.handed_on()
        before = len(world.bodies)

        def carried() -> list[str]:
            postfix.handed_on()
            return [each.removesuffix("\r\n") for each in world.bodies[before:]]

        return Stand(provider, carried, REFUSED)


async def test_a_letter_reaches_postfix_over_tls(
    postfix: Relay, authority: trustme.CA, world: World
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with provider_at(postfix, tls=Tls.STARTTLS, ssl_context=context) as provider:
        letter = email_letter(body="Over TLS.")
        assert await outcome(provider, letter) == HandoverAccepted(letter.token)
    await _until_it_came(world, "Over TLS.")


async def _until_it_came(world: World, body: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(body in each for each in world.bodies):  # noqa: ASYNC110  # another thread's
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "to, told",
    [
        ("kari@mailbox.example", [(ReportedState.DELIVERED, "delivered 2.0.0", None)]),
        ("kari@example.no", [(ReportedState.RELAYED, "relayed 2.0.0", None)]),
        ("kåre@example.no", [(ReportedState.RELAYED, "relayed 2.0.0", None)]),
        ("nobody@example.no", [(ReportedState.FAILED, "failed 5.1.1", Failure.BOUNCED)]),
        ("full@example.no", [(ReportedState.FAILED, "failed 5.2.2", Failure.FAILED)]),
        (
            "later@example.no",
            [
                (ReportedState.DELAYED, "delayed 4.2.0", None),
                (ReportedState.RELAYED, "relayed 2.0.0", None),
            ],
        ),
        (
            "never@example.no",
            [
                (ReportedState.DELAYED, "delayed 4.2.0", None),
                (ReportedState.FAILED, "failed 4.2.0", Failure.EXPIRED_AT_PROVIDER),
            ],
        ),
    ],
    ids=["mailbox", "relayed", "international", "nobody", "full", "later", "never"],
)
async def test_what_became_of_a_letter_is_reported_of_its_attempt(
    provider: SmtpProvider,
    reports: tuple[str, Reports],
    to: str,
    told: list[tuple[ReportedState, str, Failure | None]],
) -> None:
    letter = email_letter(to)
    assert await outcome(provider, letter) == HandoverAccepted(letter.token)

    read = [await _report_of(letter, reports[1]) for _ in told]

    assert [(each.state, each.code, each.failure) for each in read] == told
    assert all(
        each.occurred_at is None or abs((each.occurred_at - datetime.now(UTC)).total_seconds()) < 60
        for each in read
    )


async def _report_of(letter: OutboundEmail, came: Reports) -> Report:
    """The next report of a letter; those of others are passed over."""
    while True:
        headers, body = await asyncio.to_thread(came.get, timeout=PATIENCE)
        assert headers["Authorization"] == f"Bearer {SECRET}"
        read = read_mail(body, provider="smtp")
        assert not isinstance(read, UnreadKind)
        for each in read:
            if each.reference == letter.token:
                return each


@pytest.fixture
def installation() -> Installation:
    return Installation()


@pytest.fixture
def door(installation: Installation) -> Iterator[str]:
    """The service's own door for reports, at a port."""
    port = free_port()
    app = installation.app(reporting=[Reporting(door=DOOR, credentials=Secret(SECRET))])
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None))
    serving = Thread(target=server.run)
    serving.start()
    yield f"http://127.0.0.1:{port}{MAIL_REPORTS}"
    server.should_exit = True
    serving.join(PATIENCE)


def test_what_tells_of_no_notification_is_taken_from_postfix_and_kept_for_people(
    world: World, installation: Installation, door: str
) -> None:
    came = {
        "holiday_reply": ("kari@example.no", UnreadKind.AUTO_REPLY),
        "complaint": ("feedback@mailbox.example", UnreadKind.COMPLAINT),
        "foreign_bounce": ("", UnreadKind.FOREIGN),
        "persons_answer": ("kari@example.no", UnreadKind.UNCLEAR),
        "person_with_anothers_bounce": ("kari@example.no", UnreadKind.UNCLEAR),
        "qmail_bounced": ("", None),
    }
    with skipped_where_missing(), running_postfix(world, report_url=door, secret=SECRET) as relay:
        with smtplib.SMTP("127.0.0.1", relay.port) as session:
            for name, (sender, _) in came.items():
                content = (NOTIFICATIONS / f"{name}.eml").read_bytes()
                to = BOUNCES if name == "foreign_bounce" else f"+{TOKEN}@{BOUNCES}"
                session.sendmail(sender, f"bounce{to}" if "@" in to else f"info@{to}", content)
        relay.emptied()
        assert "status=deferred" not in relay.log

    kept = asyncio.run(installation.unread.latest(10))
    assert sorted(each.kind for each in kept) == sorted(kind for _, kind in came.values() if kind)
    (report,) = installation.inbox._kept
    assert (report.reference, report.state) == (TOKEN, ReportedState.FAILED)
