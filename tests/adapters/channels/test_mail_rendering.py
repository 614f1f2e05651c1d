"""What is written is read back by the standard library as it was meant."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import EmailMessage
from email.policy import default
from email.utils import unquote
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.channels.smtp.plain_text import plain_text_of
from adapters.channels.smtp.rendering import Mail, Renderer, UnmailableError
from application.ports.provider import OutboundEmail
from contracts.provider_contract import email_letter
from domain.message import Attachment, ContentType
from domain.personal import Contact, Content

NOON = datetime(2026, 9, 1, 10, tzinfo=UTC)
FILE = Attachment(
    filename=Content("brev.pdf"),
    mime_type="application/pdf",
    url=Content("https://files.example.no/brev"),
)

_lines = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])


def rendered(**words: object) -> bytes:
    letter = email_letter(**words)  # type: ignore[arg-type]  # as the letter has them
    return mail(letter).content


def mail(letter: OutboundEmail, renderer: Renderer | None = None, at: datetime = NOON) -> Mail:
    """The letter as an e-mail."""
    return asyncio.run((renderer or Renderer("varsel.example")).render(letter, at=at))


def header(content: bytes, name: str) -> str:
    """A header as it stands there, unfolded."""
    head = content.decode().replace("\r\n ", " ")
    return next(line for line in head.split("\r\n") if line.startswith(name))[len(name) + 2 :]


def read(content: bytes) -> EmailMessage:
    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert not any(line.startswith(b".") and not line.startswith(b"..") for line in lines)
    unstuffed = content.replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n")
    return message_from_bytes(unstuffed, policy=default)


@given(st.text(_lines, min_size=1, max_size=200).filter(str.strip))
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    assert str(read(rendered(subject=subject))["Subject"]).strip() == subject.strip()


@pytest.mark.parametrize(
    "subject",
    [
        "Påminnelse om sak 77",
        "x" * 900,
        "=?utf-8?q?Nei?=",
        "Skattekvittering, påminnelse " * 20,
        "Hei, du",
    ],
)
def test_a_subject_of_note_is_read_as_it_was_written(subject: str) -> None:
    assert str(read(rendered(subject=subject))["Subject"]).strip() == subject.strip()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=3000))
def test_a_body_is_read_as_it_was_written(body: str) -> None:
    told = read(rendered(body=body))
    assert told.get_content() == (body if body.endswith("\n") else f"{body}\n")


@pytest.mark.parametrize(
    "body",
    [
        ".",
        "..",
        "Hei\n.\nfarvel",
        ".hei\n..hei",
        "From her",
        "x" * 5000,
        "å" * 5000,
        "a\n\n\n",
        " ",
    ],
)
def test_a_body_of_note_is_read_as_it_was_written(body: str) -> None:
    told = read(rendered(body=body))
    assert told.get_content() == (body if body.endswith("\n") else f"{body}\n")


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
def test_every_kind_of_line_end_is_one(line_end: str) -> None:
    assert read(rendered(body=f"en{line_end}to")).get_content() == "en\nto\n"


def test_a_body_of_ascii_is_not_encoded() -> None:
    assert read(rendered(body="Hello."))["Content-Transfer-Encoding"] == "7bit"
    assert read(rendered(body="Hallå."))["Content-Transfer-Encoding"] == "quoted-printable"


def test_the_head_says_who_and_when_and_that_a_machine_wrote_it() -> None:
    letter = email_letter("kari@example.no", sender="Skatteetaten <post@skatt.example>")
    told = read(mail(letter).content)
    assert told["To"] == "kari@example.no"
    assert told["From"] == "Skatteetaten <post@skatt.example>"
    assert told["Date"].datetime == NOON
    assert told["Message-ID"] == f"<{letter.notification_id}@varsel.example>"
    assert told["Auto-Submitted"] == "auto-generated"
    assert not told.defects


def test_a_message_id_is_the_same_at_every_attempt() -> None:
    letter = email_letter()
    renderer = Renderer("varsel.example")
    first = read(mail(letter, renderer).content)
    second = read(mail(letter, renderer, datetime.now(UTC)).content)
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize(
    "name", ["Språkrådet", 'Quote "and" \\', "Arbeids- og velferdsetaten, region Øst " * 4, "a=?b"]
)
def test_a_senders_name_is_read_as_it_was_written(name: str) -> None:
    content = rendered(sender=f"{name} <post@etat.example>")
    told = read(content)
    (address,) = told["From"].addresses
    assert address.addr_spec == "post@etat.example"
    (word, charset), *_ = decode_header(header(content, "From").rpartition(" <")[0])
    shown = word.decode(charset or "ascii") if isinstance(word, bytes) else unquote(word)
    assert shown.strip() == name.strip(' "')


@pytest.mark.parametrize(
    "reply_to", ["post@ttd.example", "Test Department <post@ttd.example>", "Åse <post@æøå.example>"]
)
def test_answers_go_where_the_owner_wants_them(reply_to: str) -> None:
    letter = replace(email_letter(), reply_to=reply_to)
    head = read(mail(letter).content)
    (answered,) = head["Reply-To"].addresses
    name, _, address = reply_to.rpartition(" ")
    assert answered.display_name == name
    assert answered.addr_spec == address.strip("<>").replace("æøå", "xn--5cab8c")
    assert head["From"] == "noreply@altinn.cloud"


def test_without_a_wish_answers_go_to_the_sender() -> None:
    assert read(rendered())["Reply-To"] is None


def test_what_answers_go_elsewhere_for_is_another_mail() -> None:
    renderer = Renderer("varsel.example")
    for reply_to in (None, "a@ttd.example", "b@ttd.example"):
        head = read(mail(replace(email_letter(), reply_to=reply_to), renderer).content)
        assert head["Reply-To"] == reply_to


def test_an_address_with_a_semicolon_is_quoted() -> None:
    written = mail(email_letter("a;b@x.no"))
    assert written.to.spec == '"a;b"@x.no'
    assert len(read(written.content)["To"].addresses) == 1


def test_space_around_an_address_does_not_count() -> None:
    assert mail(email_letter(" kari@x.no ")).to.spec == "kari@x.no"


def test_an_html_body_has_its_text_beside_it() -> None:
    body = "<html><body><p>Hei, Kåre</p><p>Les <a href='https://a.no/x'>brevet</a>.</p></body>"
    told = read(rendered(body=body, content_type=ContentType.HTML))
    assert told.get_content_type() == "multipart/alternative"
    text, html = (cast("EmailMessage", part) for part in told.iter_parts())
    assert text.get_content() == "Hei, Kåre\n\nLes brevet (https://a.no/x)."
    assert html.get_content_type() == "text/html"
    assert html.get_content() == body


LONG_HTML = "<p>Hei <b>du</b>, <a href='https://a.no/x?id=7&section=2'>les</a>.</p>\n" * 6600
"""Some 480 KB."""


@pytest.mark.parametrize("body", ["Logg inn.", LONG_HTML], ids=["short", "long"])
async def test_what_all_recipients_share_is_made_once(body: str) -> None:
    renderer = Renderer("varsel.example")
    letters = [
        email_letter(f"kari{number}@example.no", body=body, content_type=ContentType.HTML)
        for number in range(40)
    ]
    mails = await asyncio.gather(*(renderer.render(each, at=NOON) for each in letters))
    assert renderer.rendered == 1
    assert [header(each.content[:1000], "To") for each in mails] == [e.to.text for e in letters]
    renderer.forget()
    await renderer.render(letters[0], at=NOON)
    assert renderer.rendered == 2


async def test_what_is_sent_with_other_files_is_another_mail() -> None:
    renderer = Renderer("varsel.example")
    letter = replace(email_letter(), attachments=(FILE,))
    for files in ([b"one"], [b"one"], [b"two"]):
        told = read((await renderer.render(letter, at=NOON, files=files)).content)
        assert [each.get_content() for each in told.iter_attachments()] == files
    assert renderer.rendered == 2


async def test_no_more_than_so_many_bytes_are_kept() -> None:
    renderer = Renderer("varsel.example")
    letter = replace(email_letter(), attachments=(FILE,))
    for number in range(5):
        await renderer.render(letter, at=NOON, files=[bytes([number]) * (7 << 20)])
    assert sum(map(len, renderer._kept.values())) == renderer._bytes_kept <= 32 << 20


async def test_a_long_text_does_not_hold_the_others_up() -> None:
    renderer = Renderer("varsel.example")
    long = email_letter(body=LONG_HTML, content_type=ContentType.HTML)
    began = time.thread_time()
    mails = await asyncio.gather(
        *(renderer.render(replace(long, sender=f"a{n}@etat.example"), at=NOON) for n in range(8)),
        renderer.render(email_letter(), at=NOON),
    )
    on_the_loop = time.thread_time() - began
    began = time.thread_time()
    plain_text_of(LONG_HTML)
    assert on_the_loop < 5 * (time.thread_time() - began)
    assert len(mails) == 9


def test_erased_words_are_never_sent() -> None:
    letter = email_letter()
    for erased in (
        replace(letter, body=Content(None)),
        replace(letter, subject=Content(None)),
        replace(letter, to=Contact(None)),
    ):
        with pytest.raises(UnmailableError):
            mail(erased)


def test_a_lone_surrogate_cannot_be_written() -> None:
    with pytest.raises(UnmailableError, match="control_character"):
        rendered(body="\ud800")


@pytest.mark.parametrize(
    "html,text",
    [
        ("Hei<br>du", "Hei\ndu\n"),
        ("<p>En</p>\n\n<p>To  tre</p>", "En\n\nTo tre\n"),
        ("<style>p{}</style><script>x()</script>Hei", "Hei\n"),
        ("<ul><li>en</li><li>to</li></ul>", "- en\n- to\n"),
        ("a &amp; b &lt;c&gt;", "a & b <c>\n"),
        ("<a href='https://a.no'>https://a.no</a>", "https://a.no\n"),
        ("<a href='javascript:x()'>klikk</a>", "klikk\n"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2\n"),
        ("<head><title>t</title></head><body>Hei", "Hei\n"),
        ("<A HREF=https://a.no/?a=1&amp;b=2>Les</A> mer", "Les (https://a.no/?a=1&b=2) mer\n"),
        ("<SCRIPT>if (a < b) x('</p>')</SCRIPT>Hei", "Hei\n"),
        ("<!-- <p>nei</p> -->Hei<!doctype html>", "Hei\n"),
        ("bare tekst < tegn", "bare tekst < tegn\n"),
        ("<![if !mso]>Hei<![endif]> du", "Hei du\n"),
        ("<!--[if mso]>nei<![endif]-->Hei <!", "Hei\n"),
        ("", "\n"),
        (
            "<a href='https://a.no/s?id=7&section=2'>Les</a>",
            "Les (https://a.no/s?id=7&section=2)\n",
        ),
        ("<a href=https://a.no/?b=2&copy=3>Les</a>", "Les (https://a.no/?b=2&copy=3)\n"),
        ("<html><head><title>t</title><style>p{}</style><body>Hei", "Hei\n"),
        ("<head><meta charset=utf-8><p>Hei", "Hei\n"),
        ('<p title="a > b">tekst</p>', "tekst\n"),
        ('<img src="x.png" alt="Et hus"> her', "Et hus her\n"),
        ("<a href=https://a.no><img src=x alt='Til saken'></a>", "Til saken (https://a.no)\n"),
        ("<template><template>nei</template>nei</template>Hei", "Hei\n"),
        ("<svg><title>nei</title></svg>Hei", "Hei\n"),
        ("<textarea><b>fet</b></textarea>", "<b>fet</b>\n"),
        (f"&#{'1' * 4301}; og mer", "\N{REPLACEMENT CHARACTER} og mer\n"),
        ("en&#7;to&#11;tre", "ento tre\n"),
    ],
)
def test_html_is_told_in_plain_text(html: str, text: str) -> None:
    assert plain_text_of(html) == text


@given(st.text(st.sampled_from("<>/&;ab pstyle=\"'!-[]\n"), max_size=200))
def test_any_html_can_be_told(html: str) -> None:
    assert plain_text_of(html).endswith("\n")


LARGEST = 480_000
"""The characters of the longest bodies that are tried."""


@pytest.mark.parametrize(
    "bit",
    [
        "<",
        "<!--",
        "<a ",
        "<a b='",
        "</",
        "&",
        "&#1111111111;",
        "<![",
        "<script>",
        "<template>",
        "<td>",
        "<p>",
        "<div>",
        "<b>",
        "<a href=",
        "<a><div>",
        "<a href=https://a.no>a",
        "<a href=https://a.no></a></a>",
        "<table>x<b>",
        " \n",
    ],
)
def test_no_html_takes_long(bit: str) -> None:
    _takes_no_time(bit * (LARGEST // len(bit)))


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 48_000 + "</x>" * 60_000,
        "".join(f"<font x{n}>" for n in range(20_000)) + "<p>" * 80_000,
        "<a " + " ".join(f"a{n}" for n in range(65_000)) + ">",
        f"&#{'1' * 470_000};",
        "<a href=https://a.no/" + "x" * 240_000 + ">" + "x" * 239_000 + "</a>",
    ],
    ids=["ends", "formats", "attributes", "number", "link"],
)
def test_html_that_makes_a_tree_grow_without_bound_takes_no_longer(body: str) -> None:
    _takes_no_time(body)


def _takes_no_time(body: str) -> None:
    began = time.thread_time()
    assert plain_text_of(body).endswith("\n")
    assert time.thread_time() - began < 1
