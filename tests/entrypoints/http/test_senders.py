"""As whom an owner may write, whichever way its orders come in."""

from typing import TypeAlias

import httpx
import pytest

from application.agreeing import read_agreement
from entrypoints.http.internal.routes import EMAIL, SMS
from tests.entrypoints.http.installation import COMPOSER, TTD, V1, Installation
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    COMPOSED,
    EMAIL_HANDED_IN,
    INSTANT,
    INSTANT_EMAIL,
    INSTANT_SMS,
    ORDER,
    SMS_HANDED_IN,
    SMS_ORDER,
    Json,
    but,
    reminded,
    to,
)
from tests.samples import KARI

FUTURE = f"{V1}/future/orders"
OWN = {"authorization": "Bearer own"}
MAIL, TEXT = ("noreply@ttd.example", "noreply@skd.example"), ("TTD", "Politiet")
AGREED = read_agreement(
    senders=["ttd.example", "TTD", "noreply@altinn.cloud", "Altinn"],
    reply_to="Test <post@ttd.example>",
)
PERSON = "recipient.recipientPerson"
TO_KARI = but(CHAIN, f"{PERSON}.nationalIdentityNumber", KARI.number.text)
REMINDED = {**reminded(), "recipient": TO_KARI["recipient"]}
EMAIL_SETTINGS = {"subject": "Case 77", "body": "Please log in."}

Way: TypeAlias = tuple[str, Json, str, tuple[str, str]]
WAYS: list[Way] = [
    (f"{V1}/orders", ORDER, "emailTemplate.fromAddress", MAIL),
    (f"{V1}/orders", ORDER, "smsTemplate.senderNumber", TEXT),
    (f"{V1}/orders/sms", SMS_ORDER, "senderNumber", TEXT),
    (FUTURE, TO_KARI, f"{PERSON}.emailSettings.senderEmailAddress", MAIL),
    (FUTURE, TO_KARI, f"{PERSON}.smsSettings.sender", TEXT),
    (FUTURE, REMINDED, "reminders.0.recipient.recipientSms.smsSettings.sender", TEXT),
    (f"{FUTURE}/composed-email", COMPOSED, "recipient.emailSettings.senderEmailAddress", MAIL),
    (f"{FUTURE}/instant", INSTANT, "recipient.recipientSms.smsSettings.sender", TEXT),
    (f"{FUTURE}/instant/sms", INSTANT_SMS, "recipientSms.smsSettings.sender", TEXT),
    (
        f"{FUTURE}/instant/email",
        INSTANT_EMAIL,
        "recipientEmail.emailSettings.senderEmailAddress",
        MAIL,
    ),
    (SMS, SMS_HANDED_IN, "sender", TEXT),
    (EMAIL, EMAIL_HANDED_IN, "sender", MAIL),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]} {way[2]}")
async def test_a_sender_that_is_not_the_owners_is_refused_whichever_way_it_comes_in(
    installation: Installation, api: httpx.AsyncClient, way: Way
) -> None:
    path, body, place, (own, foreign) = way
    for owner in ("ttd", "varsel"):
        installation.agreements.agree(owner, AGREED)
    headers = OWN if path in {SMS, EMAIL} else COMPOSER if "composed" in path else TTD

    refused = await api.post(path, json=but(body, place, foreign), headers=headers)
    sent = [*installation.mail.offered, *installation.sms.offered]
    recorded = list(installation.placed())
    taken = await api.post(path, json=but(body, place, own), headers=headers)

    assert refused.status_code == 400
    assert refused.json()["code"] == "invalid_request"
    assert "it is not agreed that you write as this sender" in refused.text
    assert foreign not in refused.text
    assert (sent, recorded) == ([], [])
    assert taken.status_code < 300


async def test_what_was_placed_before_is_answered_for_whatever_is_agreed_now(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    for path, body, place, (own, _) in WAYS:
        if path not in {FUTURE, f"{FUTURE}/instant/sms"}:
            continue
        installation.agreements.agree("ttd", AGREED)
        asked = but(body, place, own) | {"idempotencyId": place}
        first = await api.post(path, json=asked, headers=TTD)
        installation.agreements.agree("ttd", read_agreement(senders=[]))

        again = await api.post(path, json=asked, headers=TTD)

        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()


async def test_what_is_not_agreed_does_not_count_against_the_ceiling_of_a_key(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.agreements.agree("ttd", read_agreement(senders=[]))

    for number in range(3):
        asked = TO_KARI | {"idempotencyId": f"{number}"}
        assert (await api.post(FUTURE, json=asked, headers=TTD)).status_code == 400

    assert installation.placed() == []


async def test_answers_go_where_it_was_agreed_when_the_order_was_placed(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.agreements.agree("ttd", AGREED)
    asked = to("recipientEmail", emailAddress="kari@example.org", emailSettings=EMAIL_SETTINGS)
    await api.post(FUTURE, json=asked, headers=TTD)

    installation.agreements.agree("ttd", read_agreement(senders=["*"]))
    await installation.dispatching.run_until_idle()

    (letter,) = installation.mail.carried
    assert getattr(letter, "reply_to", None) == "Test <post@ttd.example>"
