"""What the mailbox keeps, and how it is read."""

import asyncio
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from entrypoints.sandbox import (
    MAILBOX_FILE,
    MailboxInUseError,
    MailboxUnavailableError,
    caught_messages,
    clear_messages,
    count_messages,
)
from entrypoints.sandbox.mailbox import Mailbox, OutboundMessage

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def letter(
    content: str = "", *, channel: str = "email", to: str = "kari@example.no"
) -> OutboundMessage:
    return OutboundMessage(
        channel=channel,
        recipient=to,
        sender="varsel@example.no",
        received_at=NOON.timestamp(),
        content=content.replace("\n", "\r\n").encode(),
        reference="9000123456",
    )


async def kept(folder: Path, *letters: OutboundMessage) -> None:
    async with Mailbox(folder) as mailbox:
        await mailbox.keep(letters, [])


PLAIN = """Subject: =?utf-8?q?Sm=C3=B8r?=
Message-ID: <1@example.no>

Hei Kari
Ha det
"""
PAGE = """Subject: Page
Content-Type: text/html; charset=utf-8

<html><head><title>Not read</title><style>p {}</style></head>
<body><p>Hei <b>Kari</b>&nbsp;&amp; alle</p><p>Ha   det</p></body></html>
"""
ALTERNATIVES = """Subject: Both
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

Words
--a
Content-Type: text/html; charset=utf-8

<p>Page</p>
--a--
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename="letter.pdf"

x
--m--
"""


async def test_a_mail_is_read_as_a_person_would(folder: Path) -> None:
    await kept(folder, letter(PLAIN))

    [mail] = caught_messages(folder)

    assert (mail.to, mail.subject, mail.message_id) == ("kari@example.no", "Smør", "<1@example.no>")
    assert mail.body == "Hei Kari\nHa det\n"
    assert mail.received_at == NOON
    assert mail.html is None
    assert mail.envelope_from == "varsel@example.no"


async def test_a_page_is_read_as_its_words(folder: Path) -> None:
    await kept(folder, letter(PAGE))

    [mail] = caught_messages(folder)

    assert mail.body == "Hei Kari & alle\nHa det"
    assert mail.html is not None
    assert "<b>Kari</b>" in mail.html


async def test_of_alternatives_the_words_are_read_and_the_page_is_at_hand(folder: Path) -> None:
    await kept(folder, letter(ALTERNATIVES))

    [mail] = caught_messages(folder)

    assert (mail.body.strip(), (mail.html or "").strip()) == ("Words", "<p>Page</p>")
    assert mail.attachments == ("letter.pdf",)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Subject: Smør\n\nrått",
        "Content-Type: text/plain; charset=klingon\n\nqapla'",
        "Content-Type: multipart/mixed\n\nnone",
        "Content-Type: message/rfc822\n\nSubject: x\n\ny",
        "no header at all",
    ],
)
async def test_whatever_was_taken_in_can_be_shown(folder: Path, content: str) -> None:
    await kept(folder, letter(content))

    assert msgspec.json.encode(list(caught_messages(folder)))


async def test_a_raw_international_subject_is_read(folder: Path) -> None:
    await kept(folder, letter("Subject: Smør på brød\n\nhei"))

    assert [mail.subject for mail in caught_messages(folder)] == ["Smør på brød"]


async def test_a_text_message_has_no_subject_and_the_gateways_reference(folder: Path) -> None:
    await kept(folder, letter("Hei på deg", channel="sms", to="+4740000001"))

    [sms] = caught_messages(folder)

    assert (sms.channel, sms.subject, sms.body) == ("sms", None, "Hei på deg")
    assert sms.message_id == "9000123456"


async def test_the_newest_come_first_and_can_be_limited(folder: Path) -> None:
    await kept(folder, *(letter(f"Subject: {number}\n\n") for number in range(3)))

    assert [mail.subject for mail in caught_messages(folder, limit=2)] == ["2", "1"]
    assert count_messages(folder) == 3


@pytest.mark.parametrize("name", ["+4740000001", "4740000001"])
async def test_one_recipients_messages_are_found_however_the_recipient_is_written(
    folder: Path, name: str
) -> None:
    await kept(folder, letter("Hei", channel="sms", to="+4740000001"), letter(PLAIN))

    assert [sms.body for sms in caught_messages(folder, to=name)] == ["Hei"]
    assert len(list(caught_messages(folder, to="KARI@example.no"))) == 1


async def test_the_mailbox_can_be_read_and_emptied_while_it_is_written(folder: Path) -> None:
    async with Mailbox(folder) as mailbox:
        await mailbox.keep([letter(PLAIN)], [])
        assert count_messages(folder) == 1
        assert clear_messages(folder) == 1
        await mailbox.keep([letter(PAGE)], [])

    assert [mail.subject for mail in caught_messages(folder)] == ["Page"]


async def test_emptying_the_mailbox_forgives_no_report(folder: Path) -> None:
    async with Mailbox(folder) as mailbox:
        report = mailbox.owe("sms", due_at=1.0, payload=b"report")
        await mailbox.keep([letter()], [report])
        clear_messages(folder)

        assert await mailbox.due(time.time(), limit=9) == ([report], None)


def test_a_mailbox_that_never_was_is_empty(folder: Path) -> None:
    assert list(caught_messages(folder)) == []
    assert count_messages(folder) == clear_messages(folder) == 0
    assert not folder.exists()


def test_a_file_that_is_no_mailbox_is_said_to_be_none(folder: Path) -> None:
    folder.mkdir()
    (folder / MAILBOX_FILE).write_bytes(b"something else altogether" * 100)

    with pytest.raises(MailboxUnavailableError):
        list(caught_messages(folder))
    with pytest.raises(MailboxUnavailableError):
        Mailbox(folder)


async def test_two_servers_do_not_write_one_mailbox(folder: Path) -> None:
    async with Mailbox(folder):
        with pytest.raises(MailboxInUseError):
            Mailbox(folder)

    async with Mailbox(folder):
        pass


async def test_what_cannot_be_written_is_not_said_to_be_kept(folder: Path) -> None:
    async with Mailbox(folder) as mailbox:
        with sqlite3.connect(folder / MAILBOX_FILE, isolation_level=None) as vandal:
            vandal.execute("ALTER TABLE message RENAME TO gone")
            with pytest.raises(MailboxUnavailableError):
                await mailbox.keep([letter()], [])
            vandal.execute("ALTER TABLE gone RENAME TO message")
        vandal.close()
        await mailbox.keep([letter()], [])

    assert count_messages(folder) == 1


async def test_many_messages_are_kept_in_few_commits(folder: Path) -> None:
    async with Mailbox(folder) as mailbox:
        await asyncio.gather(*(mailbox.keep([letter(PLAIN)], []) for _ in range(500)))
        assert count_messages(folder) == 500


async def test_a_report_waits_for_its_time_and_is_struck_out_when_taken(folder: Path) -> None:
    async with Mailbox(folder) as mailbox:
        first = mailbox.owe("sms", due_at=10.0, payload=b"a")
        second = mailbox.owe("sms", due_at=20.0, payload=b"b")
        await mailbox.keep([], [second, first])

        assert await mailbox.due(5.0, limit=9) == ([], 10.0)
        assert await mailbox.due(15.0, limit=9) == ([first], 20.0)
        await mailbox.settle([first])
        assert await mailbox.due(30.0, limit=9) == ([second], None)

    async with Mailbox(folder) as mailbox:
        assert mailbox.owe("sms", due_at=1.0, payload=b"c").id > second.id
        assert await mailbox.due(30.0, limit=9) == ([second], None)


async def test_only_the_owner_reads_the_mailbox(folder: Path) -> None:
    async with Mailbox(folder) as mailbox:
        await mailbox.keep([letter()], [])

        assert _is_private(folder)


def _is_private(folder: Path) -> bool:
    return all(file.stat().st_mode & 0o077 == 0 for file in [folder, *folder.iterdir()])
