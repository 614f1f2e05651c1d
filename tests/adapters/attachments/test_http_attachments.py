"""Attachments are fetched over real sockets, from where they may lie and from nowhere else."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import trustme
from typing_extensions import override

from adapters.attachments.http_attachments import HttpAttachments
from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.rendering import Renderer
from adapters.channels.smtp.session import SmtpTimeouts, Tls
from adapters.memory.attachments import InMemoryAttachments
from application.ports.attachments import Attachments, NotFetched
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    OutboundEmail,
    Trouble,
    withheld,
)
from contracts.attachments_contract import FILES, AttachmentsContract, attachment
from contracts.provider_contract import email_letter, outcome
from domain.message import Attachment, ContentType
from domain.order.events import Failure
from entrypoints.sandbox import CatchAll, caught_messages
from tests.adapters.conditions.endpoint import NAME, Endpoint, Speak, answer, endpoint

SIGNATURE = "sv=2024-11-04&sr=b&sp=r&sig=abc%3D"


@dataclass
class Lying:
    source: Attachments
    addresses: Mapping[str, str]


async def here(_: str, __: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def storage(authority: trustme.CA, speak: Speak) -> AsyncIterator[Endpoint]:
    async with endpoint(speak, certify=authority) as serving:
        yield serving


def fetching(authority: trustme.CA, **changes: object) -> HttpAttachments:
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    arguments: dict[str, object] = {
        "hosts": [NAME],
        "permitted": ["127.0.0.0/8"],
        "ssl_context": trusted,
        "resolve": here,
    }
    return HttpAttachments(**(arguments | changes))  # type: ignore[arg-type]  # as they are named


def at(serving: Endpoint, *, scheme: str = "https", host: str = NAME) -> Attachment:
    return attachment(f"{scheme}://{host}:{serving.port}/c/letter.pdf?{SIGNATURE}")


class TestHttpAttachments(AttachmentsContract):
    @override
    @pytest.fixture
    async def lying(self, authority: trustme.CA) -> AsyncIterator[Lying]:
        async with (
            storage(authority, answer(FILES["letter.pdf"])) as letter,
            storage(authority, answer(FILES["numbers.csv"])) as numbers,
            storage(authority, answer(b"", "404 Not Found")) as missing,
        ):
            ports = {
                "letter.pdf": letter.port,
                "numbers.csv": numbers.port,
                "missing": missing.port,
            }
            source = fetching(authority)
            yield Lying(source, {n: f"https://{NAME}:{p}/{n}" for n, p in ports.items()})
            await source.aclose()


class TestInMemoryAttachments(AttachmentsContract):
    @override
    @pytest.fixture
    def lying(self) -> Lying:
        source = InMemoryAttachments({f"/{name}": file for name, file in FILES.items()})
        addresses = {n: f"https://{NAME}/{n}" for n in (*FILES, "missing")}
        return Lying(source, addresses)


async def test_one_owners_slow_storage_keeps_no_other_owners_waiting(
    authority: trustme.CA,
) -> None:
    let = asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        await let.wait()
        await answer(b"slow")(writer)

    async with storage(authority, slow) as late, storage(authority, answer(b"quick")) as serving:
        source = fetching(authority)
        waiting = [asyncio.create_task(source.fetch([at(late)], owner="ttd")) for _ in range(50)]
        await asyncio.sleep(0.1)

        assert await source.fetch([at(serving)], owner="skd") == [b"quick"]
        assert late.connections <= 4
        let.set()
        assert await asyncio.gather(*waiting) == [[b"slow"]] * 50


@pytest.mark.parametrize(
    "status, failure",
    [
        ("401 Unauthorized", Failure.INVALID_ATTACHMENT),
        ("403 Forbidden", Failure.INVALID_ATTACHMENT),
        ("410 Gone", Failure.INVALID_ATTACHMENT),
        ("302 Found", Failure.INVALID_ATTACHMENT),
        ("413 Content Too Large", Failure.PAYLOAD_TOO_LARGE),
        ("408 Request Timeout", None),
        ("429 Too Many Requests", None),
        ("500 Internal Server Error", None),
        ("503 Service Unavailable", None),
    ],
)
async def test_the_status_tells_whether_another_time_may_do(
    authority: trustme.CA, status: str, failure: Failure | None
) -> None:
    async with storage(authority, answer(b"", status)) as serving:
        told = await fetching(authority).fetch([at(serving)], owner="ttd")
    assert told == NotFetched(f"attachment_status_{status[:3]}", failure)


async def test_a_file_is_as_large_as_allowed_and_no_byte_larger(authority: trustme.CA) -> None:
    too_large = NotFetched("attachment_too_large", Failure.PAYLOAD_TOO_LARGE)
    async with storage(authority, answer(b"x" * 1000)) as serving:
        file = at(serving)
        assert await fetching(authority, max_file=1000).fetch([file], owner="ttd") == [b"x" * 1000]
        assert await fetching(authority, max_file=999).fetch([file], owner="ttd") == too_large
        assert (
            await fetching(authority, max_total=2000).fetch([file] * 2, owner="ttd")
            == [b"x" * 1000] * 2
        )
        assert await fetching(authority, max_total=1999).fetch([file] * 2, owner="ttd") == too_large


async def test_a_file_without_an_announced_size_is_not_read_to_its_end(
    authority: trustme.CA,
) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(8):
            writer.write(b"x" * 65536)
            await writer.drain()
        await asyncio.sleep(5)

    async with storage(authority, endless) as serving:
        told = await fetching(authority, max_file=200_000).fetch([at(serving)], owner="ttd")
    assert told == NotFetched("attachment_too_large", Failure.PAYLOAD_TOO_LARGE)


async def test_a_slow_storage_is_not_waited_for(authority: trustme.CA) -> None:
    async def slow(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with storage(authority, slow) as serving:
        told = await fetching(authority, seconds=0.1).fetch([at(serving)], owner="ttd")
    assert told == NotFetched("attachment_timeout")


async def test_no_other_host_is_called(authority: trustme.CA) -> None:
    refused = NotFetched("attachment_refused_host", Failure.INVALID_ATTACHMENT)
    async with storage(authority, answer(b"secret")) as serving:
        source = fetching(authority, hosts=[".blob.core.windows.net"])
        for address in (at(serving), at(serving, host=f"x.blob.core.windows.net.{NAME}")):
            assert await source.fetch([address], owner="ttd") == refused
        assert await fetching(authority).fetch([at(serving, scheme="http")], owner="ttd") == refused
        assert serving.connections == 0


async def test_an_allowed_host_does_not_lead_into_our_own_network(authority: trustme.CA) -> None:
    async with storage(authority, answer(b"secret")) as serving:
        told = await fetching(authority, permitted=()).fetch([at(serving)], owner="ttd")
        assert told == NotFetched("attachment_refused_address", Failure.INVALID_ATTACHMENT)
        assert serving.connections == 0


async def test_at_most_sixteen_files_come_at_once_and_four_of_one_owner(
    authority: trustme.CA,
) -> None:
    at_once, most, gate = 0, 0, asyncio.Event()

    async def counted(writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 16:
            asyncio.get_running_loop().call_later(0.1, gate.set)
        await gate.wait()
        at_once -= 1
        await answer(b"file")(writer)

    async with storage(authority, counted) as serving:
        source = fetching(authority)
        fetched = await asyncio.gather(
            *(source.fetch([at(serving)], owner=f"owner {n % 5}") for n in range(40))
        )
    assert fetched == [[b"file"]] * 40
    assert most == 16


def letter_with(*attachments: Attachment) -> OutboundEmail:
    return replace(email_letter(), attachments=attachments)


@asynccontextmanager
async def mailing(folder: Path, attachments: Attachments | None) -> AsyncIterator[SmtpProvider]:
    async with CatchAll(folder, smtp_port=0, sms_port=0, mail_reports=None, sms_reports=None) as to:
        provider = SmtpProvider(
            "relay",
            "127.0.0.1",
            to.smtp_address[1],
            mail_domain="varsel.example",
            bounce_address="bounce@varsel.example",
            clock=lambda: datetime.now(UTC),
            tls=Tls.NONE,
            timeouts=SmtpTimeouts(connect=2, command=2, content=2, final=2),
            attachments=attachments,
        )
        yield provider
        await provider.aclose()


async def test_files_arrive_byte_for_byte(tmp_path: Path) -> None:
    names = {"/1": "brev æøå.pdf", "/2": "numbers.csv"}
    files = {"/1": FILES["letter.pdf"] * 5000, "/2": FILES["numbers.csv"]}
    wanted = tuple(attachment(f"https://{NAME}{path}", name) for path, name in names.items())
    async with mailing(tmp_path, InMemoryAttachments(files)) as provider:
        letter = letter_with(*wanted)
        assert await outcome(provider, letter) == HandoverAccepted(letter.token)

    (caught,) = caught_messages(tmp_path)
    assert list(caught.attachments) == list(names.values())
    assert caught.body.strip() == letter.body.text


@pytest.mark.parametrize("content_type", list(ContentType))
async def test_files_are_written_byte_for_byte(content_type: ContentType) -> None:
    files = [FILES["letter.pdf"] * 5000, FILES["numbers.csv"], b""]
    names = ["brev æøå.pdf", "x" * 200 + ".csv", "empty.txt"]
    letter = replace(
        letter_with(*(attachment(f"https://{NAME}/", each) for each in names)),
        content_type=content_type,
    )

    renderer = Renderer("varsel.example")
    content = (await renderer.render(letter, at=datetime.now(UTC), files=files)).content

    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line for line in lines)
    mail = message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=default)
    parts = list(mail.iter_attachments())
    assert [each.get_filename() for each in parts] == names
    assert [each.get_content() for each in parts] == files
    assert {each.get_content_type() for each in parts} == {"application/pdf"}
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == letter.body.text


@pytest.mark.parametrize(
    "told, expected",
    [
        (
            NotFetched("attachment_timeout"),
            HandoverDeferred("attachment_timeout", Trouble.ELSEWHERE),
        ),
        (
            NotFetched("attachment_status_403", Failure.INVALID_ATTACHMENT),
            withheld(Failure.INVALID_ATTACHMENT, "attachment_status_403"),
        ),
    ],
    ids=["for now", "for good"],
)
async def test_without_its_files_nothing_is_said_to_the_relay(
    tmp_path: Path, told: NotFetched, expected: object
) -> None:
    async with mailing(tmp_path, InMemoryAttachments({"/1": told})) as provider:
        assert await outcome(provider, letter_with(attachment(f"https://{NAME}/1"))) == expected
    assert not list(caught_messages(tmp_path))


async def test_an_installation_that_fetches_nothing_sends_no_letter_without_its_files(
    tmp_path: Path,
) -> None:
    async with mailing(tmp_path, None) as provider:
        told = await outcome(provider, letter_with(attachment(f"https://{NAME}/1")))
    assert told == HandoverDeferred("attachments_not_configured", Trouble.ELSEWHERE)
