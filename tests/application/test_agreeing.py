"""What an operator writes down of an owner is read as it is meant, or refused without showing addresses."""

import pytest

from application.agreeing import UnreadableAgreementError, read_agreement, sender_keys
from domain.channel import Channel
from domain.personal import Contact


def test_a_sender_is_an_address_a_domain_or_a_name_of_text_messages() -> None:
    agreed = read_agreement(senders=["post@skd.example", "ttd.example", "TTD"])

    assert agreed.lets_emails_come_from("post@skd.example")
    assert not agreed.lets_emails_come_from("other@skd.example")
    assert agreed.lets_emails_come_from("anybody@ttd.example")
    assert agreed.lets_text_messages_come_from("TTD")
    assert not agreed.lets_text_messages_come_from("SKD")


def test_a_word_with_a_dot_may_be_both() -> None:
    agreed = read_agreement(senders=["skd.no"])

    assert agreed.lets_emails_come_from("post@skd.no")
    assert agreed.lets_text_messages_come_from("skd.no")


def test_a_star_is_anybody() -> None:
    agreed = read_agreement(senders=["*"])

    assert agreed.lets_emails_come_from("post@skd.example")
    assert agreed.lets_text_messages_come_from("SKD")


def test_a_domain_beyond_ascii_is_known_in_both_of_its_forms() -> None:
    for written in ("blåbær.example", "xn--blbr-roah.example"):
        agreed = read_agreement(senders=[written])

        assert agreed.lets_emails_come_from("post@blåbær.example")
        assert agreed.lets_emails_come_from("post@xn--blbr-roah.example")


def test_where_answers_go_may_have_a_name_before_it() -> None:
    agreed = read_agreement(senders=["*"], reply_to="Skatteetaten <post@skd.example>")

    assert agreed.reply_to == "Skatteetaten <post@skd.example>"


def test_recipients_for_tests_are_told_by_how_they_are_reached() -> None:
    agreed = read_agreement(senders=["*"], test_recipients=["kari@example.org", "99 99 99 99"])

    assert agreed.only_tries(Contact("Kari@Example.org"), Channel.EMAIL)
    assert agreed.only_tries(Contact("+4799999999"), Channel.SMS)
    assert not agreed.only_tries(Contact("ola@example.org"), Channel.EMAIL)


@pytest.mark.parametrize("word", ["", "two words and more", "post@", "a@b@c", "skd..example.org"])
def test_what_is_no_sender_is_told_by_its_place(word: str) -> None:
    with pytest.raises(UnreadableAgreementError, match=r"senders\[1\]"):
        read_agreement(senders=["*", word])

    assert list(sender_keys(word)) == []


@pytest.mark.parametrize("word", ["kari", "kari@", "12345", ""])
def test_what_reaches_nobody_is_told_by_its_place_and_not_shown(word: str) -> None:
    with pytest.raises(UnreadableAgreementError, match=r"testRecipients\[0\]") as refused:
        read_agreement(senders=["*"], test_recipients=[word])

    assert not word or word not in str(refused.value)


def test_where_no_answer_could_go_is_refused_without_being_shown() -> None:
    with pytest.raises(UnreadableAgreementError, match="replyTo") as refused:
        read_agreement(senders=["*"], reply_to="kari at home")

    assert "kari" not in str(refused.value)
