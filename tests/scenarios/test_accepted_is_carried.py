"""Whatever the door accepts can be written down for every provider of its channel.

What is held here is the rule, not the wire: the e-mail as it would follow DATA, the gateway's XML and
the gateway's headers are made of whatever was accepted, with whatever name the registers may hold.
"""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec
import phonenumbers
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from adapters.channels.kannel.provider import KannelProvider
from adapters.channels.link_mobility.provider import LinkMobilityProvider
from adapters.channels.sms.text_message import TextMessage, text_message
from adapters.channels.smtp.envelope import Envelope
from adapters.channels.smtp.rendering import Renderer
from application.ports.provider import OutboundEmail, Outcome
from contracts.provider_contract import email_letter, sms_letter
from domain.message import ContentType, EmailMessage, Keywords, SmsMessage
from domain.personal import Contact, Content
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.validation.errors import InvalidRequestError
from tests.entrypoints.http.requests.reading import (
    COMPOSED,
    EMAIL_ORDER,
    EMAIL_SETTINGS,
    ORDER,
    RULES,
    SMS_ORDER,
    Json,
    but,
)

LINK: Final = LinkMobilityProvider(
    "link", "http://127.0.0.1:1/", username="u", password="p", clock=lambda: datetime.now(UTC)
)
KANNEL: Final = KannelProvider(
    "kannel",
    "http://127.0.0.1:1/",
    username="u",
    password="p",
    report_url="http://127.0.0.1:1/reports",
    report_username="u",
    report_password="p",
    clock=lambda: datetime.now(UTC),
)
RENDERER: Final = Renderer("varsel.example")
REGIONS: Final = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
FORMATS: Final = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL)

many = settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])
"""So many examples that the door accepts; it refuses most of what comes by chance."""

texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20),
        st.sampled_from(["\v", "\f", "\r\n", "\r", "\t", "\u2028", "\ufeff", "€^{}", "æ👍", "\n."]),
        st.sampled_from(["\x00", "\x1b", "\x7f", "\x85", "\ufffe"]),
        st.sampled_from(
            ["$recipientName$", "$recipientNumber$", "=?utf-8?", "<b>", "&amp;", "a" * 999]
        ),
    ),
    min_size=1,
    max_size=6,
).map("".join)
names = st.builds(Keywords, name=st.text(max_size=20), number=st.sampled_from(["", "314022009"]))
sms_senders = st.one_of(
    st.none(),
    st.from_regex(r"[A-Za-z0-9ÆØÅæøå &._/-]{1,12}", fullmatch=True),
    st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True),
    st.text(max_size=12),
)
domains = st.one_of(
    st.sampled_from(
        ["x.no", "straße.example", "blåbær.no", "1.2.3.4", "å--b.no", f"{'b' * 63}.no"]
    ),
    st.from_regex(r"[a-zæøå0-9-]{1,64}(\.[A-Zæøå0-9-]{1,9}){0,3}\.[a-z]{1,15}", fullmatch=True),
)
local_parts = st.one_of(
    st.from_regex(r"[A-Za-zæøå0-9!#$%&'*+=?^_`{|}~;-]{1,66}", fullmatch=True),
    st.from_regex(r"[a-zæøå]{1,9}(\.[a-z/;\"]{1,9}){1,7}", fullmatch=True),
    st.text(min_size=1, max_size=66),
)
addresses = st.builds("{}@{}".format, local_parts, domains)
senders = st.builds("{} <{}>".format, st.text(max_size=70), addresses) | addresses


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number of some country, in a form that people write."""
    region = draw(st.sampled_from(REGIONS))
    example = phonenumbers.example_number_for_type(region, draw(st.sampled_from(KINDS)))
    if example is None:
        return ""
    written = phonenumbers.format_number(example, draw(st.sampled_from(FORMATS)))
    places = draw(st.lists(st.integers(0, len(written)), max_size=3))
    for place in places:
        written = written[:place] + draw(st.sampled_from(" ()./-0\u00a0")) + written[place:]
    return draw(st.sampled_from([written, f"00{written.removeprefix('+')}"]))


def accepted(read: Any, body: Json) -> Any:  # noqa: ANN401  # whichever reader
    """What the door makes of a body; an example that it refuses shows nothing."""
    try:
        return read(json.dumps(body).encode(), RULES)
    except InvalidRequestError:
        assume(condition=False)


def check_sms(sms: SmsMessage, to: Contact, keywords: Keywords) -> None:
    letter = replace(
        sms_letter(), sender=sms.sender, to=to, body=Content(keywords.fill(sms.body.text))
    )
    message = text_message(letter, datetime.now(UTC))
    assert isinstance(message, TextMessage), message
    assert message.number == to.text
    link = LINK._written(1, letter, datetime.now(UTC))
    assert not isinstance(link, Outcome), link
    written = ET.fromstring(LINK._request([link])).find("MSGLST/MSG")  # noqa: S314  # our own
    assert written is not None
    assert written.findtext("SND") == sms.sender
    assert written.findtext("RCV") == to.text
    said = letter.body.text.replace("\r\n", "\n").replace("\r", "\n")
    assert written.findtext("TEXT") == said
    for each in KANNEL._headers(message).values():
        assert each.encode()
        assert each.isprintable()
    assert letter.body.text.encode()


def check_email(email: EmailMessage, to: Contact, keywords: Keywords) -> None:
    fill = keywords.fill_html if email.content_type is ContentType.HTML else keywords.fill
    letter: OutboundEmail = replace(
        email_letter(),
        to=to,
        sender=email.sender,
        subject=Content(keywords.fill(email.subject.text)),
        body=Content(fill(email.body.text)),
        content_type=email.content_type,
        attachments=email.attachments,
    )
    files = [b"%PDF-1.7"] * len(email.attachments)
    mail = asyncio.run(RENDERER.render(letter, at=datetime.now(UTC), files=files))
    head, _, _ = mail.content.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        assert len(line) <= 998
        assert b"\r" not in line
        assert b"\n" not in line
    envelope = Envelope(
        sender="bounce@varsel.example",
        recipient=mail.to.spec,
        token=letter.token,
        size=len(mail.content),
        needs_smtputf8=mail.needs_smtputf8,
    )
    assert envelope.rcpt({"DSN": ""}).isprintable()


@many
@given(body=texts, sender=sms_senders, number=numbers(), keywords=names)
def test_every_gateway_carries_every_text_message_that_is_accepted(
    body: str, sender: str | None, number: str, keywords: Keywords
) -> None:
    asked = {**SMS_ORDER, "body": body, "recipients": [{"mobileNumber": number}]}
    order = accepted(read_sms_order, asked if sender is None else {**asked, "senderNumber": sender})
    (identity,) = order.recipients
    check_sms(order.sms, identity.mobile, keywords)


def placed(**template: str) -> Json:
    """An order of an e-mail that says so."""
    address = {"emailAddress": "kari@example.org"}
    return {**ORDER, "emailTemplate": {**EMAIL_SETTINGS, **template}, "recipients": [address]}


@many
@given(subject=texts, body=texts, keywords=names)
def test_an_email_can_be_made_of_everything_that_is_accepted(
    subject: str, body: str, keywords: Keywords
) -> None:
    order = accepted(read_order, placed(subject=subject, body=body))
    for content_type in ContentType:
        email = msgspec.structs.replace(order.email, content_type=content_type)
        check_email(email, Contact("kari@example.org"), keywords)


@many
@given(sender=senders)
def test_an_email_can_be_made_from_every_sender_that_is_accepted(sender: str) -> None:
    order = accepted(read_order, placed(fromAddress=sender))
    check_email(order.email, Contact("kari@example.org"), Keywords())


@many
@given(address=addresses)
def test_an_email_can_be_made_for_every_address_that_is_accepted(address: str) -> None:
    order = accepted(read_email_order, but(EMAIL_ORDER, "recipients.0.emailAddress", address))
    (identity,) = order.recipients
    check_email(order.email, identity.email, Keywords())


@many
@given(filename=st.builds("{}.{}".format, st.text(min_size=1, max_size=250), st.text(max_size=9)))
def test_a_file_of_every_name_that_is_accepted_can_be_attached(filename: str) -> None:
    body = but(COMPOSED, "recipient.emailSettings.attachments.0.filename", filename)
    order = accepted(read_composed, body).order
    check_email(order.email, Contact("kari@example.org"), Keywords())
