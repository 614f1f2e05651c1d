"""Webhooks are kept in PostgreSQL as in memory; receivers are called over real sockets."""

import asyncio
import base64
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import standardwebhooks
import trustme
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.status_feed import InMemoryStatusFeed
from adapters.memory.webhooks import InMemoryWebhookClient, InMemoryWebhooks
from adapters.webhooks.http_receivers import HttpWebhookClient, WebhookSigner
from application.ports.order_repository import OrderRepository
from application.ports.status_feed import StatusFeed
from application.ports.webhooks import DeliveryFailure, WebhookClient, Webhooks
from contracts.order_repository_contract import SetClock
from contracts.webhooks_contract import WebhookClientContract, WebhooksContract, leading_to
from tests.adapters.conditions.endpoint import NAME, Endpoint, Speak, answer, endpoint
from tests.adapters.conditions.hostile_urls import INSIDE
from tests.adapters.conditions.test_hostile_urls import REFUSED
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.debian import ProgramUnavailableError, environment, program
from tests.missing import skipped_where_missing
from tests.samples import NOON

SIGNER = WebhookSigner(InMemoryKeyVault())
BODY = b'{"type":"order.completed"}'
SECRET_ID = UUID("5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b")
_LIBRARY = "standardwebhooks@1.1.1"
_VERIFY = """
const { Webhook } = require("standardwebhooks");
const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(new Webhook(secret).verify(body, headers)));
"""


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official library for JavaScript, as npm installs it."""
    folder = tmp_path_factory.mktemp("javascript")
    with skipped_where_missing():
        npm = program("npm", "npm")
        try:
            subprocess.run(
                [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", _LIBRARY],
                cwd=folder,
                env=environment("npm"),
                capture_output=True,
                check=True,
                timeout=120,
            )
        except subprocess.SubprocessError as error:
            raise ProgramUnavailableError(f"npm cannot install {_LIBRARY}") from error
    return folder / "node_modules"


class TestPostgresWebhooks(WebhooksContract):
    @pytest.fixture
    async def store(self, database_url: str) -> AsyncIterator[PostgresStore]:
        async with open_store(database_url) as opened:
            yield opened

    @pytest.fixture
    def orders(self, store: PostgresStore) -> OrderRepository:
        return store.orders

    @pytest.fixture
    def feed(self, store: PostgresStore) -> StatusFeed:
        return store.feed

    @pytest.fixture
    def webhooks(self, store: PostgresStore) -> Webhooks:
        return store.webhooks


class TestInMemoryWebhooks(WebhooksContract):
    @pytest.fixture
    def orders(self) -> InMemoryOrderRepository:
        return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)

    @pytest.fixture
    def feed(self, orders: InMemoryOrderRepository) -> StatusFeed:
        return InMemoryStatusFeed(orders)

    @pytest.fixture
    def webhooks(self, orders: InMemoryOrderRepository, feed: StatusFeed) -> Webhooks:
        return InMemoryWebhooks(orders, feed)


class TestHttpWebhookClient(WebhookClientContract):
    @pytest.fixture
    async def answering(self) -> AsyncIterator[WebhookClientContract.Answering]:
        async with AsyncExitStack() as stack:

            async def start(status: int) -> tuple[WebhookClient, str]:
                speak = answer(b"", f"{status} Whatever", "Location: http://127.0.0.1:1/")
                serving = await stack.enter_async_context(endpoint(speak))
                receivers = await stack.enter_async_context(
                    aclosing(HttpWebhookClient(SIGNER, permitted=["127.0.0.1"]))
                )
                return receivers, f"http://127.0.0.1:{serving.port}/"

            yield start


class TestInMemoryWebhookClient(WebhookClientContract):
    @pytest.fixture
    def answering(self) -> WebhookClientContract.Answering:
        async def start(status: int) -> tuple[WebhookClient, str]:
            async def told(_: str, __: str, ___: bytes) -> DeliveryFailure | None:
                return None if status < 300 else DeliveryFailure(f"status_{status}", status == 410)

            return InMemoryWebhookClient(told), "https://case.example.org/"

        return start


async def here(_: str, __: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


async def told(
    authority: trustme.CA,
    speak: Speak,
    *,
    permitted: Sequence[str] = ("127.0.0.1",),
    seconds: float = 10,
) -> tuple[DeliveryFailure | None, Endpoint]:
    """A receiver's answer over TLS, and what it saw."""
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    receivers = HttpWebhookClient(
        SIGNER, permitted=permitted, seconds=seconds, ssl_context=trusting, resolve=here
    )
    async with endpoint(speak, certify=authority) as serving, aclosing(receivers):
        webhook = leading_to(f"https://{NAME}:{serving.port}/varsel", secret_id=SECRET_ID)
        taken = await receivers.deliver(webhook, message_id="order_7", at=NOON, body=BODY)
        return taken, serving


async def test_a_receiver_is_told_in_the_words_of_standard_webhooks(authority: trustme.CA) -> None:
    taken, serving = await told(authority, answer(b""))

    assert taken is None
    line, *lines = serving.requests[0].decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    assert (line, serving.bodies) == ("POST /varsel HTTP/1.1", [BODY])
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "order_7"
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    by_secret, by_key = headers["webhook-signature"].split(" ")
    assert by_secret.startswith("v1,")
    version, _, signature = by_key.partition(",")
    assert version == "v1a"
    key = Ed25519PublicKey.from_public_bytes(SIGNER.public_key)
    signed = f"order_7.{int(NOON.timestamp())}.".encode() + BODY
    key.verify(base64.b64decode(signature), signed)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature), signed + b" ")


def answering_with(body: Callable[[bytes], bytes]) -> tuple[Speak, list[Endpoint]]:
    """A receiver that answers by what it was sent."""
    serving: list[Endpoint] = []

    async def speak(writer: asyncio.StreamWriter) -> None:
        await answer(body(serving[0].bodies[-1]))(writer)

    return speak, serving


@pytest.mark.parametrize(
    "body, code",
    [
        (lambda sent: sent, None),
        (lambda sent: sent + b"\n", None),
        (lambda sent: b'{"challenge": "' + sent + b'"}', None),
        (lambda sent: b'\xef\xbb\xbf {"challenge": "' + sent + b'"}', None),
        (lambda _: b"", "challenge_not_answered"),
        (lambda sent: sent[:-1], "challenge_not_answered"),
        (lambda sent: b'{"answer": "' + sent + b'"}', "challenge_not_answered"),
        (lambda _: b"{" * 4000, "challenge_not_answered"),
        (lambda _: b"\xff\xfe\xff", "challenge_not_answered"),
        (lambda sent: sent + b" " * 5000, "too_large"),
    ],
)
async def test_an_address_is_proved_by_what_only_its_webhook_was_sent(
    authority: trustme.CA, body: Callable[[bytes], bytes], code: str | None
) -> None:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    receivers = HttpWebhookClient(
        SIGNER, permitted=["127.0.0.1"], ssl_context=trusting, resolve=here
    )
    speak, served = answering_with(body)
    async with endpoint(speak, certify=authority) as serving, aclosing(receivers):
        served.append(serving)
        webhook = leading_to(f"https://{NAME}:{serving.port}/varsel")

        taken = await receivers.prove(
            webhook,
            message_id="challenge_7",
            at=NOON,
            body=receivers.challenge(webhook).encode(),
        )

    assert taken == (None if code is None else DeliveryFailure(code))


def signed_by(secret_ids: Sequence[UUID], at: datetime) -> tuple[dict[str, str], bytes]:
    return SIGNER.headers("order_7", at, BODY, secret_ids), BODY


def test_the_official_library_for_python_verifies_what_is_told_by_either_secret() -> None:
    earlier, latest = uuid4(), uuid4()
    headers, body = signed_by((latest, earlier), datetime.now(UTC))

    for each in (latest, earlier):
        assert standardwebhooks.Webhook(SIGNER.secret(each)).verify(body, headers) == json.loads(
            body
        )
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SIGNER.secret(uuid4())).verify(body, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SIGNER.secret(latest)).verify(body + b" ", headers)


@pytest.mark.timeout(300)
def test_the_official_library_for_javascript_verifies_what_is_told(node_modules: Path) -> None:
    secret_id = uuid4()
    headers, body = signed_by((secret_id,), datetime.now(UTC))

    def verified(sent: bytes, secret: str) -> subprocess.CompletedProcess[str]:
        told = json.dumps({"secret": secret, "headers": headers, "body": sent.decode()})
        return subprocess.run(
            [program("nodejs", "node"), "-e", _VERIFY],
            cwd=node_modules.parent,
            env=environment("nodejs"),
            input=told,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert json.loads(verified(body, SIGNER.secret(secret_id)).stdout) == json.loads(body)
    assert "WebhookVerificationError" in verified(body + b" ", SIGNER.secret(secret_id)).stderr
    assert "WebhookVerificationError" in verified(body, SIGNER.secret(uuid4())).stderr


def test_every_host_with_the_same_keys_signs_with_the_same_key_and_no_other_does() -> None:
    assert WebhookSigner(InMemoryKeyVault()).public_key == SIGNER.public_key
    assert WebhookSigner(InMemoryKeyVault(b"another")).public_key != SIGNER.public_key


async def _silence(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 4096 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    "speak, code, seconds",
    [(_silence, "timeout", 0.5), (_drip_head, "timeout", 0.5), (_endless_head, "not_reached", 10)],
)
async def test_a_receiver_that_does_not_come_to_the_point_is_not_waited_for(
    authority: trustme.CA, speak: Speak, code: str, seconds: float
) -> None:
    assert (await told(authority, speak, seconds=seconds))[0] == DeliveryFailure(code)


async def test_of_an_answer_without_end_the_status_is_enough(authority: trustme.CA) -> None:
    is_cut_off = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
                await writer.drain()
        finally:
            is_cut_off.set()

    async with asyncio.timeout(10):
        assert (await told(authority, endless))[0] is None
        await is_cut_off.wait()


async def test_no_receiver_leads_into_our_own_network(authority: trustme.CA) -> None:
    taken, serving = await told(authority, answer(b""), permitted=())

    assert taken == DeliveryFailure("refused_address")
    assert serving.connections == 0


async def test_no_spelling_of_a_host_inside_leads_there(authority: trustme.CA) -> None:
    async with (
        endpoint(answer(b""), certify=authority) as trap,
        aclosing(HttpWebhookClient(SIGNER, seconds=2)) as receivers,
    ):
        told = await asyncio.gather(
            *(
                receivers.deliver(
                    leading_to(f"https://{host}:{trap.port}/"),
                    message_id="order_7",
                    at=NOON,
                    body=BODY,
                )
                for host in INSIDE
            )
        )

    assert all(each is not None and each.code in REFUSED for each in told)
    assert trap.connections == 0


@pytest.mark.parametrize("location", ["https://127.0.0.1:1/", "http://169.254.169.254/"])
async def test_nobody_goes_where_a_receiver_sends_us(authority: trustme.CA, location: str) -> None:
    redirect = answer(b"", "307 Temporary Redirect", f"Location: {location}")

    taken, serving = await told(authority, redirect)

    assert taken == DeliveryFailure("status_307")
    assert serving.connections == 1
