"""What may be said, by whom, and how the keywords in a message are filled."""

import msgspec
import pytest

from domain.message import (
    EmailMessage,
    EmailText,
    Keywords,
    Language,
    SmsMessage,
    SmsText,
    is_sayable,
    is_sms_sender,
    keywords_in,
    with_line_breaks,
)
from domain.personal import Content


def test_both_keywords_are_filled_wherever_they_stand() -> None:
    keywords = Keywords(name="Fjell og Fjord AS", number="314022009")

    text = keywords.fill("$recipientName$ ($recipientNumber$): hello, $recipientName$")

    assert text == "Fjell og Fjord AS (314022009): hello, Fjell og Fjord AS"


def test_what_is_not_known_leaves_nothing_raw() -> None:
    assert Keywords().fill("Dear $recipientName$, $recipientNumber$!") == "Dear , !"


def test_a_name_is_text_in_html_and_never_markup() -> None:
    filled = Keywords(name='<b>"A" & Sons</b>').fill_html("<p>$recipientName$</p>")

    assert filled == "<p>&lt;b&gt;&quot;A&quot; &amp; Sons&lt;/b&gt;</p>"


def test_a_name_that_looks_like_a_keyword_is_not_filled_again() -> None:
    keywords = Keywords(name="$recipientNumber$", number="314022009")

    assert keywords.fill("$recipientName$") == "$recipientNumber$"


def test_the_spelling_of_a_keyword_matters() -> None:
    assert Keywords(name="Kari").fill("$RecipientName$") == "$RecipientName$"


def test_names_are_asked_for_only_where_a_message_waits_for_one() -> None:
    assert keywords_in(Content("plain"), Content("for $recipientNumber$")) == {"$recipientNumber$"}
    assert not keywords_in(Content("plain"), Content("$recipientname$"))


@pytest.mark.parametrize("odd", ["\v", "\f", "\n", "\r\n", "\t", "\x00", "\x1b", "\x85", "\u2028"])
def test_what_nobody_could_carry_of_a_name_becomes_a_space(odd: str) -> None:
    filled = Keywords(name=f"Fjell{odd}AS").fill("Hi, $recipientName$")
    assert filled.split() == ["Hi,", "Fjell", "AS"]
    assert filled.isprintable()


def test_a_page_break_in_what_was_ordered_before_becomes_a_line_break() -> None:
    assert Keywords().fill("a\vb\fc") == "a\nb\nc"
    assert with_line_breaks("a\vb\fc\nd") == "a\nb\nc\nd"


@pytest.mark.parametrize(
    "text, is_good",
    [
        ("Hei, Åse.\r\n\tEn 👍🏽 til.", True),
        ("a\x00b", False),
        ("a\vb", False),
        ("a\x7fb", False),
        ("a\x85b", False),
        ("a\ufffeb", False),
        ("a\ud800b", False),
        ("", True),
    ],
)
def test_a_text_is_sayable_without_control_characters(text: str, *, is_good: bool) -> None:
    assert is_sayable(text) is is_good


@pytest.mark.parametrize(
    "text, is_good",
    [
        ("Altinn", True),
        ("Etat på Ås", True),
        ("123", True),
        ("+4799999999", True),
        ("Skatteetaten", False),
        ("N/A", False),
        ("12", False),
        ("1 2", False),
        (" ", False),
        ("", False),
        ("1234567890123456", False),
        ("Altinn\n", False),
    ],
)
def test_a_sender_of_text_messages_is_a_short_name_or_a_number(text: str, *, is_good: bool) -> None:
    assert is_sms_sender(text) is is_good


def test_a_message_says_what_it_says_in_the_language_that_is_asked_for_or_else_first() -> None:
    mail = EmailMessage(
        sender="noreply@altinn.cloud",
        subject=Content("Sak 77"),
        body=Content("Logg inn."),
        languages=(
            EmailText(language=Language.EN, subject=Content("Case 77"), body=Content("Log in.")),
        ),
    )
    text = SmsMessage(
        sender="Altinn",
        body=Content("Logg inn."),
        languages=(SmsText(language=Language.SE, body=Content("Čálit sisa.")),),
    )

    assert mail.text_in(Language.EN) == (Content("Case 77"), Content("Log in."))
    assert mail.text_in(Language.NN) == mail.text_in(None) == (mail.subject, mail.body)
    assert text.text_in(Language.SE) == Content("Čálit sisa.")
    assert text.text_in(Language.EN) == text.text_in(None) == text.body
    assert [each.text for each in mail.words] == ["Sak 77", "Logg inn.", "Case 77", "Log in."]
    assert [each.text for each in text.words] == ["Logg inn.", "Čálit sisa."]


def test_a_message_in_one_language_is_stored_as_it_was_before_there_were_several() -> None:
    text = SmsMessage(sender="Altinn", body=Content("Log in."))

    assert text.translations == ()
    assert set(msgspec.to_builtins(text, enc_hook=str)) == {"sender", "body", "sending_time"}
