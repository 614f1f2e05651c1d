"""Senders and texts: what the door takes is what every provider can carry."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from entrypoints.http.internal.requests import read_email_handed_in, read_sms_handed_in
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.instant import read_instant_sms
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    COMPOSED,
    EMAIL_HANDED_IN,
    EMAIL_ORDER,
    INSTANT_SMS,
    ORDER,
    RULES,
    SMS_HANDED_IN,
    SMS_ORDER,
    Json,
    Read,
    but,
    faults,
    one,
    places,
)


@pytest.mark.parametrize(
    "sender", ["Etat på Ås", " Varsel ", "A", "S&P co.", "123", "+4799999999", "123456789012345"]
)
def test_a_sender_of_text_messages_is_what_gateways_carry(sender: str) -> None:
    sms = one({**SMS_ORDER, "senderNumber": sender}, read_sms_order).sms
    assert sms is not None
    assert sms.sender == sender.strip()


@pytest.mark.parametrize(
    "sender", ["Skatteetaten", "N/A", "12", "1234567890123456", "Ølen|", "Etat;", "Ütat", "+12"]
)
@pytest.mark.parametrize(
    "read, body, path, told",
    [
        (read_sms_order, SMS_ORDER, "senderNumber", "SenderNumber"),
        (read_order, ORDER, "smsTemplate.senderNumber", "SmsTemplate.SenderNumber"),
        (
            read_chain,
            CHAIN,
            "recipient.recipientPerson.smsSettings.sender",
            "Recipient.RecipientPerson.SmsSettings.Sender",
        ),
        (
            read_instant_sms,
            INSTANT_SMS,
            "recipientSms.smsSettings.sender",
            "RecipientSms.ShortMessageContent.Sender",
        ),
        (read_sms_handed_in, SMS_HANDED_IN, "sender", "Sender"),
    ],
)
def test_another_sender_of_text_messages_is_refused_with_the_rule(
    read: Read, body: Json, path: str, told: str, sender: str
) -> None:
    found = faults(read, but(body, path, sender))
    assert list(found) == [told]
    assert "1 to 11 of letters" in found[told][0]
    assert "3 to 15 digits" in found[told][0]


@pytest.mark.parametrize(
    "sender", ["post@agency.example", "An Agency <post@agency.example>", "Ås <a@æøå.example>"]
)
def test_a_sender_of_emails_is_an_address_with_or_without_a_name(sender: str) -> None:
    email = one(but(ORDER, "emailTemplate.fromAddress", sender), read_order).email
    assert email is not None
    assert email.sender == sender


@pytest.mark.parametrize(
    "sender", ["not an address", "a@b@c.no", "a@b.no, c@d.no", f"{'a' * 65}@b.no", "A <a@b.no> b"]
)
def test_another_sender_of_emails_is_refused(sender: str) -> None:
    body = but(ORDER, "emailTemplate.fromAddress", sender)
    assert places(read_order, body) == ["EmailTemplate.FromAddress"]


_TEXTS: Sequence[tuple[Read, Json, str, str]] = [
    (read_sms_order, SMS_ORDER, "body", "Body"),
    (read_order, ORDER, "smsTemplate.body", "SmsTemplate.Body"),
    (
        read_chain,
        CHAIN,
        "recipient.recipientPerson.smsSettings.body",
        "Recipient.RecipientPerson.SmsSettings.Body",
    ),
    (
        read_instant_sms,
        INSTANT_SMS,
        "recipientSms.smsSettings.body",
        "RecipientSms.ShortMessageContent.Body",
    ),
    (read_sms_handed_in, SMS_HANDED_IN, "message", "Message"),
]


@pytest.mark.parametrize("read, body, path, told", _TEXTS)
@pytest.mark.parametrize(
    "text, is_good",
    [
        ("a" * 16 * 153, True),
        ("a" * (16 * 153 + 1), False),
        ("a" * 20_000, False),
        ("→" * 16 * 67, True),
        ("→" * (16 * 67 + 1), False),
        ("€" * 1217, False),
    ],
)
def test_a_text_message_makes_sixteen_segments_at_most(
    read: Read, body: Json, path: str, told: str, text: str, *, is_good: bool
) -> None:
    found = faults(read, but(body, path, text))
    assert list(found) == ([] if is_good else [told])
    assert is_good or "16 are the most" in found[told][0]


def test_the_installation_decides_how_many_segments_a_text_message_makes() -> None:
    body, rules = {**SMS_ORDER, "body": "a" * 161}, replace(RULES, max_sms_segments=1)
    assert places(read_sms_order, body) == []
    assert places(read_sms_order, body, rules) == ["Body"]


@pytest.mark.parametrize("read, body, path, told", _TEXTS)
@pytest.mark.parametrize("text", ["$recipientName$", " $recipientNumber$$recipientName$ "])
def test_a_text_message_says_something_though_nothing_is_known_of_its_recipient(
    read: Read, body: Json, path: str, told: str, text: str
) -> None:
    assert places(read, but(body, path, text)) == [told]


_BODIES: Sequence[tuple[Read, Json, str, str]] = [
    *_TEXTS,
    (read_email_order, EMAIL_ORDER, "body", "Body"),
    (read_order, ORDER, "emailTemplate.body", "EmailTemplate.Body"),
    (
        read_chain,
        CHAIN,
        "recipient.recipientPerson.emailSettings.body",
        "Recipient.RecipientPerson.EmailSettings.Body",
    ),
    (
        read_composed,
        COMPOSED,
        "recipient.emailSettings.body",
        "Recipient.Settings.Body",
    ),
    (read_email_handed_in, EMAIL_HANDED_IN, "body", "Body"),
]


@pytest.mark.parametrize("read, body, path, told", _BODIES)
@pytest.mark.parametrize("character", ["\x01", "\x08", "\x1b", "\x7f", "\x85", "\ufffe"])
def test_control_characters_are_refused_in_a_body(
    read: Read, body: Json, path: str, told: str, character: str
) -> None:
    assert places(read, but(body, path, f"a{character}b")) == [told]


@pytest.mark.parametrize("read, body, path", [each[:3] for each in _BODIES])
@pytest.mark.parametrize("character", ["\v", "\f", "\t", "\r\n", "\u2028"])
def test_a_body_may_hold_tabs_and_every_kind_of_line_break(
    read: Read, body: Json, path: str, character: str
) -> None:
    assert places(read, but(body, path, f"a{character}b")) == []


@pytest.mark.parametrize("character", ["\v", "\f"])
def test_a_page_break_in_a_body_becomes_a_line_break(character: str) -> None:
    said = f"a{character}b"
    sms = one({**SMS_ORDER, "body": said}, read_sms_order).sms
    email = one({**EMAIL_ORDER, "body": said}, read_email_order).email
    assert sms is not None
    assert email is not None
    assert sms.body.text == email.body.text == "a\nb"
