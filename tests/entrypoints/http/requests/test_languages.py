"""What an order says in other languages, as a sender writes it."""

from typing import Any

import pytest

from domain.message import EmailText, Language, SmsText
from domain.personal import Content
from entrypoints.http.placing.chains import read_chain
from tests.entrypoints.http.requests.reading import CHAIN, Json, but, chain, faults, places

EMAIL, SMS = (f"recipient.recipientPerson.{each}Settings.languages" for each in ("email", "sms"))
NYNORSK = {"subject": "Sak 77", "body": "Ver venleg og logg inn."}
SAMI = {"body": "Čálit sisa."}
AT = "Recipient.RecipientPerson"


def with_languages(email: Json, sms: Json) -> Json:
    return but(but(CHAIN, EMAIL, email), SMS, sms)


def test_texts_in_other_languages_are_read_in_one_order_however_they_come() -> None:
    english = {"subject": "Case 77", "body": "Please log in."}
    order = chain(with_languages({"en": english, "nn": NYNORSK}, {"se": SAMI})).order

    assert order.email is not None
    assert order.sms is not None
    assert list(order.email.translations) == [
        EmailText(
            language=Language.NN,
            subject=Content("Sak 77"),
            body=Content("Ver venleg og logg inn."),
        ),
        EmailText(language=Language.EN, subject=Content("Case 77"), body=Content("Please log in.")),
    ]
    assert list(order.sms.translations) == [
        SmsText(language=Language.SE, body=Content("Čálit sisa."))
    ]


@pytest.mark.parametrize("languages", [None, {}, {"nn": None}])
def test_who_gives_no_other_language_gives_one_text(languages: Json | None) -> None:
    order = chain(but(CHAIN, EMAIL, languages)).order

    assert order == chain(CHAIN).order


def test_the_code_of_a_language_may_be_in_any_letters() -> None:
    order = chain(but(CHAIN, EMAIL, {"NN": NYNORSK})).order

    assert order.email is not None
    assert [each.language for each in order.email.translations] == [Language.NN]


@pytest.mark.parametrize(
    "path, value, place",
    [
        (f"{EMAIL}.nn", {}, f"{AT}.EmailSettings.Languages.Nn.Subject"),
        (f"{EMAIL}.nn", {"subject": " ", "body": "x"}, f"{AT}.EmailSettings.Languages.Nn.Subject"),
        (f"{EMAIL}.en", {"subject": "x"}, f"{AT}.EmailSettings.Languages.En.Body"),
        (f"{EMAIL}.en", {"subject": "x", "body": "\x1b"}, f"{AT}.EmailSettings.Languages.En.Body"),
        (f"{SMS}.se", {"body": ""}, f"{AT}.SmsSettings.Languages.Se.Body"),
        (f"{SMS}.se", {"body": "$recipientName$"}, f"{AT}.SmsSettings.Languages.Se.Body"),
        (f"{SMS}.se", {"body": "č" * 1073}, f"{AT}.SmsSettings.Languages.Se.Body"),
    ],
)
def test_each_is_held_to_the_rules_of_the_first(path: str, value: Any, place: str) -> None:  # noqa: ANN401  # any JSON
    told = faults(read_chain, but(CHAIN, path, value))

    assert place in told
    assert all(each.startswith(f"{AT}.") for each in told)


@pytest.mark.parametrize("settings", [EMAIL, SMS])
def test_a_language_that_is_not_known_is_refused_and_not_passed_over(settings: str) -> None:
    told = faults(read_chain, but(CHAIN, settings, {"de": {"subject": "Fall 77", "body": "x"}}))

    assert told[f"$.{settings}"] == ["write nb, nn, en, se here alone"]


def test_what_is_no_text_is_refused_where_it_stands() -> None:
    assert f"$.{SMS}.nn" in places(read_chain, but(CHAIN, f"{SMS}.nn", "Hei"))


@pytest.mark.parametrize("written", ["nb", "NB", " nb "])
def test_a_sender_may_say_in_which_language_the_first_text_is(written: str) -> None:
    settings = EMAIL.removesuffix("languages")

    order = chain(but(CHAIN, f"{settings}language", written)).order

    assert order.email is not None
    assert order.email.first_language is Language.NB


@pytest.mark.parametrize("written", ["de", "0", ""])
def test_a_first_language_that_is_not_known_is_refused(written: str) -> None:
    path = f"{SMS.removesuffix('languages')}language"

    assert faults(read_chain, but(CHAIN, path, written))[f"$.{path}"] == [
        "choose one of nb, nn, en, se"
    ]
