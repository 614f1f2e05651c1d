"""The mail server, as a real client finds it."""

import asyncio
import time
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import cast

import aiosmtplib
import pytest
import uvloop

from entrypoints.sandbox import CatchAll, caught_messages, count_messages
from tests.entrypoints.sandbox.conftest import QUICK, kept
from tests.entrypoints.sandbox.receiver import Received, Receiver

SENDER = "varsel+0f1e2d3c@example.no"
CONTENT = (
    b"From: varsel@example.no\r\nTo: kari@example.no\r\nSubject: Hei\r\n"
    b"Message-ID: <1.2.3@example.no>\r\n\r\nFirst line\r\n.hidden dot\r\n"
)
ASKING = ["NOTIFY=SUCCESS,FAILURE,DELAY"]


async def send(
    client: aiosmtplib.SMTP,
    recipient: str,
    *,
    asking: list[str] | None = None,
    envelope: list[str] | None = None,
) -> str:
    _, reply = await client.sendmail(
        SENDER,
        recipient,
        CONTENT,
        mail_options=envelope or ["RET=HDRS", "ENVID=attempt-7"],
        rcpt_options=ASKING if asking is None else asking,
    )
    return reply


def fields(report: Received) -> dict[str, str]:
    """Read what a report says, of the message and of its recipient."""
    mail = message_from_bytes(report.body, policy=default)
    assert mail.get_content_type() == "multipart/report"
    _, status, _ = mail.iter_parts()
    assert status.get_content_type() == "message/delivery-status"
    blocks = cast("list[Message]", status.get_payload())
    return {name: str(value) for block in blocks for name, value in block.items()}


async def test_the_server_offers_what_the_service_needs(client: aiosmtplib.SMTP) -> None:
    offered = set(client.esmtp_extensions)

    assert {"pipelining", "size", "8bitmime", "smtputf8", "dsn"} <= offered
    assert not {"starttls", "auth"} & offered


async def test_a_message_is_kept_as_it_was_sent(client: aiosmtplib.SMTP, folder: Path) -> None:
    assert "queued as" in await send(client, "kari@example.no")

    [mail] = caught_messages(folder)
    assert mail.to == "kari@example.no"
    assert mail.subject == "Hei"
    assert mail.message_id == "<1.2.3@example.no>"
    assert mail.body == "First line\n.hidden dot\n"
    assert mail.envelope_from == SENDER
    assert mail.envelope_id == "attempt-7"


async def test_a_delivery_is_reported_to_the_envelope_sender(
    client: aiosmtplib.SMTP, receiver: Receiver
) -> None:
    await send(client, "kari@example.no", asking=[*ASKING, "ORCPT=rfc822;kari+2B1@example.no"])

    [report] = await receiver.wait_for(1)
    assert report.path == "/mail"
    assert report.headers["Authorization"] == "Bearer mail-secret"
    assert report.headers["Content-Type"] == "message/rfc822"
    mail = message_from_bytes(report.body, policy=default)
    assert mail["To"] == SENDER
    assert mail["Return-Path"] == "<>"
    assert mail["Auto-Submitted"] == "auto-replied"
    said = fields(report)
    assert said["Original-Envelope-Id"] == "attempt-7"
    assert said["Original-Recipient"] == "rfc822; kari+1@example.no"
    assert said["Final-Recipient"] == "rfc822; kari@example.no"
    assert (said["Action"], said["Status"]) == ("delivered", "2.0.0")
    assert said["Diagnostic-Code"].startswith("smtp; 250 2.0.0")
    assert b"Content-Type: text/rfc822-headers" in report.body
    assert b"Message-ID: <1.2.3@example.no>" in report.body
    assert b"First line" not in report.body


@pytest.mark.parametrize(
    "recipient, status",
    [
        ("bounce@example.no", "5.1.1"),
        ("bounce+x@example.no", "5.1.1"),
        ("spam@example.no", "5.7.1"),
        ("full@example.no", "5.2.2"),
    ],
)
async def test_a_failure_is_reported_with_its_status(
    client: aiosmtplib.SMTP, receiver: Receiver, recipient: str, status: str
) -> None:
    await send(client, recipient)

    said = fields((await receiver.wait_for(1))[0])
    assert (said["Action"], said["Status"]) == ("failed", status)
    assert said["Final-Recipient"] == f"rfc822; {recipient}"


async def test_a_failed_message_comes_back_whole_if_that_is_asked_for(
    client: aiosmtplib.SMTP, receiver: Receiver
) -> None:
    await send(client, "bounce@example.no", envelope=["RET=FULL"])

    [report] = await receiver.wait_for(1)
    assert b"Content-Type: message/rfc822" in report.body
    assert CONTENT in report.body


async def test_a_delay_is_reported_before_the_delivery(
    client: aiosmtplib.SMTP, receiver: Receiver
) -> None:
    await send(client, "delayed@example.no")

    reports = [fields(report) for report in await receiver.wait_for(2)]
    assert [said["Action"] for said in reports] == ["delayed", "delivered"]
    assert reports[0]["Status"].startswith("4.")


async def test_only_what_is_asked_for_is_reported(
    client: aiosmtplib.SMTP, receiver: Receiver
) -> None:
    await send(client, "quiet@example.no")
    await send(client, "bounce@example.no", asking=["NOTIFY=NEVER"])
    await send(client, "kari@example.no", asking=["NOTIFY=FAILURE"])
    await send(client, "delayed@example.no", asking=["NOTIFY=SUCCESS"])
    await send(client, "ola@example.no", asking=[])
    await send(client, "late@example.no")

    reports = [fields(report) for report in await receiver.wait_for(2)]
    assert [said["Final-Recipient"] for said in reports] == [
        "rfc822; delayed@example.no",
        "rfc822; late@example.no",
    ]


async def test_what_comes_from_nobody_is_reported_to_nobody(
    client: aiosmtplib.SMTP, receiver: Receiver
) -> None:
    await client.mail("", options=[])
    await client.rcpt("bounce@example.no", options=ASKING)
    await client.data(CONTENT)
    await send(client, "kari@example.no")

    assert fields((await receiver.wait_for(1))[0])["Final-Recipient"] == "rfc822; kari@example.no"


async def test_an_unknown_mailbox_is_refused_for_good(
    client: aiosmtplib.SMTP, folder: Path
) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(client, "reject@example.no")

    assert refused.value.recipients[0].code == 550
    assert refused.value.recipients[0].message.startswith("5.1.1")
    assert count_messages(folder) == 0


async def test_one_refused_recipient_does_not_harm_the_others(
    client: aiosmtplib.SMTP, folder: Path
) -> None:
    refused, _ = await client.sendmail(SENDER, ["reject@example.no", "kari@example.no"], CONTENT)

    assert list(refused) == ["reject@example.no"]
    assert [mail.to for mail in caught_messages(folder)] == ["kari@example.no"]


async def test_a_greylisted_message_is_accepted_at_the_third_attempt(
    client: aiosmtplib.SMTP, receiver: Receiver
) -> None:
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await send(client, "defer+a@example.no")
        assert refused.value.recipients[0].code == 451
        assert refused.value.recipients[0].message.startswith("4.7.1")

    await send(client, "defer+a@example.no")
    assert fields((await receiver.wait_for(1))[0])["Action"] == "delivered"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(client, "defer+a@example.no")


async def test_some_are_greylisted_for_ever(client: aiosmtplib.SMTP) -> None:
    for _ in range(5):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(client, "deferalways@example.no")


async def test_a_slow_answer_comes_after_the_message_is_kept(
    client: aiosmtplib.SMTP, folder: Path
) -> None:
    began = time.monotonic()
    sending = asyncio.create_task(send(client, "slow@example.no"))
    await kept(folder)
    assert not sending.done()

    await sending
    assert time.monotonic() - began >= QUICK.slow


async def test_a_connection_dropped_after_the_dot_leaves_a_message_that_is_reported(
    client: aiosmtplib.SMTP, folder: Path, receiver: Receiver
) -> None:
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(client, "drop@example.no")

    assert count_messages(folder) == 1
    assert fields((await receiver.wait_for(1))[0])["Action"] == "delivered"


async def test_a_connection_dropped_before_the_content_leaves_nothing(
    client: aiosmtplib.SMTP, folder: Path
) -> None:
    await client.mail(SENDER)
    await client.rcpt("dropbefore@example.no")
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.data(CONTENT)

    assert count_messages(folder) == 0


async def test_an_international_address_is_kept_and_reported_in_ascii(
    client: aiosmtplib.SMTP, folder: Path, receiver: Receiver
) -> None:
    await client.mail(SENDER, options=["SMTPUTF8", "BODY=8BITMIME"], encoding="utf-8")
    await client.rcpt("øyvind@example.no", options=ASKING, encoding="utf-8")
    await client.data("Subject: Smør\r\n\r\nHei, Øyvind\r\n".encode())

    [mail] = caught_messages(folder, to="Øyvind@example.no")
    assert (mail.subject, mail.body) == ("Smør", "Hei, Øyvind\n")
    [report] = await receiver.wait_for(1)
    assert fields(report)["Final-Recipient"] == "utf-8; \\x{F8}yvind@example.no"


async def test_an_international_address_needs_to_be_announced(client: aiosmtplib.SMTP) -> None:
    await client.mail(SENDER)
    with pytest.raises(aiosmtplib.SMTPRecipientRefused, match=r"5\.6\.7"):
        await client.rcpt("øyvind@example.no", encoding="utf-8")


async def test_one_connection_carries_many_messages(
    client: aiosmtplib.SMTP, folder: Path, receiver: Receiver
) -> None:
    for number in range(200):
        await send(client, f"kari{number}@example.no")

    assert count_messages(folder) == 200
    await receiver.wait_for(200)


async def test_commands_sent_together_are_answered_in_order(
    catch_all: CatchAll, folder: Path
) -> None:
    reader, writer = await asyncio.open_connection(*catch_all.smtp_address)
    message = (
        b"MAIL FROM:<a@example.no> ENVID=%d\r\nRCPT TO:<reject@example.no>\r\n"
        b"rcpt to:<kari@example.no>\r\nDATA\r\nSubject: %d\r\n\r\nHei\r\n.\r\n"
    )
    writer.write(b"EHLO client\r\n" + b"".join(message % (n, n) for n in range(20)) + b"QUIT\r\n")
    answers = (await reader.read()).decode().splitlines()
    writer.close()
    await writer.wait_closed()

    codes = [line[:3] for line in answers if line[3] == " "]
    assert codes == ["220", "250", *["250", "550", "250", "354", "250"] * 20, "221"]
    assert [mail.envelope_id for mail in caught_messages(folder, limit=2)] == ["19", "18"]


@pytest.mark.parametrize(
    "line, code",
    [
        (b"MAIL FROM:<a@example.no>", b"503"),
        (b"RCPT TO:<a@example.no>", b"503"),
        (b"DATA", b"503"),
        (b"STARTTLS", b"500"),
        (b"AUTH PLAIN AGEAYg==", b"500"),
        (b"EHLO", b"501"),
        (b"HELO client", b"250"),
        (b"NOOP", b"250"),
        (b"VRFY kari", b"252"),
        (b"BREW coffee", b"500"),
        (b"\xff\xfe", b"500"),
        (b"x" * 70_000, b"500"),
    ],
)
async def test_what_a_client_may_not_say_yet_is_refused(
    catch_all: CatchAll, line: bytes, code: bytes
) -> None:
    reader, writer = await asyncio.open_connection(*catch_all.smtp_address)
    await reader.readline()
    writer.write(line + b"\r\n")

    assert (await reader.readline()).startswith(code)
    writer.close()


async def test_a_message_that_is_too_large_is_refused_before_it_is_sent(
    client: aiosmtplib.SMTP,
) -> None:
    with pytest.raises(aiosmtplib.SMTPSenderRefused, match=r"5\.3\.4"):
        await client.mail(SENDER, options=["SIZE=999999999"])


def test_the_server_runs_on_the_fast_event_loop_as_well(folder: Path) -> None:
    uvloop.run(connect_and_send(folder))

    assert count_messages(folder) == 1


async def connect_and_send(folder: Path) -> None:
    async with CatchAll(
        folder, smtp_port=0, sms_port=0, mail_reports=None, sms_reports=None
    ) as catch_all:
        host, port = catch_all.smtp_address
        async with aiosmtplib.SMTP(hostname=host, port=port, timeout=5) as client:
            await send(client, "kari@example.no")
            with pytest.raises(aiosmtplib.SMTPServerDisconnected):
                await send(client, "dropbefore@example.no")


async def test_a_message_whose_sender_leaves_before_the_answer_is_reported_all_the_same(
    catch_all: CatchAll, receiver: Receiver
) -> None:
    reader, writer = await asyncio.open_connection(*catch_all.smtp_address)
    writer.write(
        b"EHLO client\r\nMAIL FROM:<a@example.no>\r\nRCPT TO:<bounce@example.no>\r\nDATA\r\n"
    )
    while not (await reader.readline()).startswith(b"354"):
        pass
    writer.write(b"Subject: a\r\n\r\nHei\r\n.\r\n")
    writer.transport.abort()

    assert fields((await receiver.wait_for(1))[0])["Action"] == "failed"


async def test_what_is_under_way_is_broken_off_at_the_end(folder: Path) -> None:
    catch_all = CatchAll(folder, smtp_port=0, sms_port=0, mail_reports=None, sms_reports=None)
    await catch_all.start()
    reader, writer = await asyncio.open_connection(*catch_all.smtp_address)
    await reader.readline()
    async with asyncio.timeout(2):
        await catch_all.stop()

        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()
