"""Whoever writes a national identity number into a message is told that it does not belong there."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from application.caller import Caller
from entrypoints.http.transport.middleware import log_served
from entrypoints.http.validation.rules import Rules
from entrypoints.settings import read_settings
from entrypoints.wiring.rules import rules_by
from tests.entrypoints.http.asking import EMAIL_ORDER, ORDER, SMS_ORDER, chain, to_person
from tests.entrypoints.http.installation import COMPOSER, TTD, V1, Installation
from tests.entrypoints.http.requests.reading import (
    COMPOSED,
    EMAIL_HANDED_IN,
    INSTANT,
    INSTANT_EMAIL,
    INSTANT_SMS,
    SMS_HANDED_IN,
    but,
)
from tests.samples import KARI

NUMBER = KARI.number.text
TEXT = f"Concerning {NUMBER}: please log in."
REMINDED = chain()
IN_LANGUAGES = but(
    but(
        chain(reminders=[]),
        "recipient.recipientPerson.emailSettings.languages",
        {"nn": {"subject": "Sak 77", "body": "Logg inn."}},
    ),
    "recipient.recipientPerson.smsSettings",
    {"body": "Logg inn.", "languages": {"se": {"body": "Čálit sisa."}}},
)
OWN = {"authorization": "Bearer own"}

PLACES = [
    (f"{V1}/orders/email", EMAIL_ORDER, "subject", "Email.Subject"),
    (f"{V1}/orders/email", EMAIL_ORDER, "body", "Email.Body"),
    (f"{V1}/orders/sms", SMS_ORDER, "body", "Sms.Body"),
    (f"{V1}/orders", ORDER, "smsTemplate.body", "Sms.Body"),
    (
        f"{V1}/future/orders",
        REMINDED,
        "recipient.recipientPerson.emailSettings.body",
        "Email.Body",
    ),
    (
        f"{V1}/future/orders",
        REMINDED,
        "reminders.1.recipient.recipientPerson.emailSettings.subject",
        "Reminders[1].Email.Subject",
    ),
    (
        f"{V1}/future/orders",
        IN_LANGUAGES,
        "recipient.recipientPerson.emailSettings.languages.nn.subject",
        "Email.Languages.Nn.Subject",
    ),
    (
        f"{V1}/future/orders",
        IN_LANGUAGES,
        "recipient.recipientPerson.smsSettings.languages.se.body",
        "Sms.Languages.Se.Body",
    ),
    (
        f"{V1}/future/orders/composed-email",
        COMPOSED,
        "recipient.emailSettings.body",
        "Email.Body",
    ),
    (
        f"{V1}/future/orders/instant",
        INSTANT,
        "recipient.recipientSms.smsSettings.body",
        "Sms.Body",
    ),
    (
        f"{V1}/future/orders/instant/sms",
        INSTANT_SMS,
        "recipientSms.smsSettings.body",
        "Sms.Body",
    ),
    (
        f"{V1}/future/orders/instant/email",
        INSTANT_EMAIL,
        "recipientEmail.emailSettings.subject",
        "Email.Subject",
    ),
    ("/notifications/sms/api/v1/instantmessage/send", SMS_HANDED_IN, "message", "Sms.Body"),
    ("/notifications/email/api/v1/instantemail", EMAIL_HANDED_IN, "subject", "Email.Subject"),
]


def caller_at(path: str) -> dict[str, str]:
    if "instantmessage" in path or "instantemail" in path:
        return OWN
    return COMPOSER if "composed" in path else TTD


@pytest.mark.parametrize("path, body, member, place", PLACES)
async def test_a_national_number_in_a_text_is_remarked_on(
    api: httpx.AsyncClient,
    path: str,
    body: dict[str, Any],
    member: str,
    place: str,
) -> None:
    del place
    answer = await api.post(path, json=but(body, member, TEXT), headers=caller_at(path))
    usual = await api.post(path, json=but(body, "idempotencyId", "2"), headers=caller_at(path))

    assert answer.status_code in {200, 201, 202}
    assert answer.headers["varsel-warning"] == "national-number"
    assert "varsel-warning" not in usual.headers


async def test_a_repeat_is_remarked_on_like_the_first(api: httpx.AsyncClient) -> None:
    asked = chain(recipient=to_person(NUMBER), reminders=[])
    asked["recipient"]["recipientPerson"]["emailSettings"]["body"] = TEXT

    answers = [await api.post(f"{V1}/future/orders", json=asked, headers=TTD) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 200]
    assert [each.headers["varsel-warning"] for each in answers] == ["national-number"] * 2


@pytest.mark.parametrize("path, body, member, place", PLACES)
async def test_where_an_owner_wants_it_a_text_with_a_national_number_is_refused(
    installation: Installation,
    path: str,
    body: dict[str, Any],
    member: str,
    place: str,
) -> None:
    def strict(caller: Caller) -> Rules:
        return replace(installation.rules(caller), refuses_national_numbers=True)

    async with installation.client(rules=strict, observer=log_served) as api:
        with capture_logs() as logs:
            answer = await api.post(path, json=but(body, member, TEXT), headers=caller_at(path))
            usual = await api.post(path, json=body, headers=caller_at(path))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "national_number_in_text")
    assert list(problem["errors"]) == [place]
    assert usual.status_code in {200, 201, 202}
    assert len(installation.placed()) == (3 if body is REMINDED else 1)
    assert NUMBER not in answer.text + str(answer.headers) + str(logs)


async def test_a_recipients_own_number_where_it_belongs_is_no_matter(
    api: httpx.AsyncClient,
) -> None:
    order = EMAIL_ORDER | {
        "body": "Hi $recipientName$ ($recipientNumber$)",
        "recipients": [{"nationalIdentityNumber": NUMBER}],
    }

    answer = await api.post(f"{V1}/orders/email", json=order, headers=TTD)

    assert answer.status_code == 202
    assert "varsel-warning" not in answer.headers


@pytest.mark.parametrize(
    "names, owner, is_refused",
    [
        ("", "ttd", False),
        ("skd", "ttd", False),
        ("skd,TTD", "ttd", True),
        ("ttd", "TTD", True),
        ("*", "ttd", True),
    ],
)
def test_owners_are_named_whose_texts_are_refused(
    names: str, owner: str, *, is_refused: bool
) -> None:
    settings = read_settings({"VARSEL_REFUSE_NATIONAL_NUMBERS": names})

    assert rules_by(settings)(Caller(owner=owner)).refuses_national_numbers == is_refused
