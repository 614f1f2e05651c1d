"""Instant orders and composed e-mails, as clients ask for them."""

import copy
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from application.ports.provider import HandoverDeferred, HandoverRejected, HandoverUnknown, Outcome
from domain.order.events import Failure, OrderId, OrderKind
from tests.entrypoints.http.installation import BASE_URL, COMPOSER, SKD, TTD, V1, Installation

SMS = {
    "idempotencyId": "otp-42",
    "sendersReference": "login",
    "recipientSms": {
        "phoneNumber": "+4799999999",
        "timeToLiveInSeconds": 360,
        "smsSettings": {"sender": "Altinn", "body": "Your code is 4711"},
    },
}
WRAPPED = {
    "idempotencyId": "otp-42",
    "sendersReference": "login",
    "recipient": {"recipientSms": SMS["recipientSms"]},
}
EMAIL = {
    "idempotencyId": "otp-43",
    "recipientEmail": {
        "emailAddress": "kari@example.org",
        "emailSettings": {"subject": "Your code", "body": "It is 4711", "contentType": "Html"},
    },
}
URL = (
    "https://acct.blob.core.windows.net/c/letter.pdf"
    "?sv=2024-11-04&sr=b&sp=r&se=2099-01-01T00%3A00%3A00Z&sig=abc%3D"
)
COMPOSED = {
    "idempotencyId": "letter-1",
    "sendersReference": "letter",
    "recipient": {
        "emailAddress": "kari@example.org",
        "emailSettings": {
            "subject": "Your letter",
            "body": "See attachment",
            "contentType": "Plain",
            "attachments": [
                {"filename": "letter.pdf", "mimeType": "application/pdf", "sasUrl": URL}
            ],
        },
    },
}


@pytest.mark.parametrize(
    "path, body", [("/sms", SMS), ("", WRAPPED), ("/email", EMAIL)], ids=["sms", "first", "email"]
)
async def test_an_instant_order_is_handed_over_and_answered_as_created(
    installation: Installation, api: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    answer = await api.post(f"{V1}/future/orders/instant{path}", json=body, headers=TTD)

    told = answer.json()
    assert answer.status_code == 201
    chain = told["notificationOrderId"]
    assert answer.headers["location"] == f"{BASE_URL}{V1}/orders/chain/{chain}"
    assert set(told["notification"]) <= {"shipmentId", "sendersReference"}
    assert len(installation.mail.carried) + len(installation.sms.carried) == 1
    shipment = await api.get(
        f"{V1}/future/shipment/{told['notification']['shipmentId']}", headers=TTD
    )
    assert shipment.json()["type"] == "Instant"
    assert shipment.json()["recipients"][0]["status"] in {"SMS_Accepted", "Email_Succeeded"}


async def test_all_forms_of_instant_orders_share_their_keys(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    first = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)
    again = await api.post(f"{V1}/future/orders/instant", json=WRAPPED, headers=TTD)

    assert again.status_code == 200
    assert "location" not in again.headers
    assert again.json() == first.json()
    assert len(installation.sms.offered) == 1


async def test_another_owner_and_another_kind_have_keys_of_their_own(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    first = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)
    other = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=SKD)
    chain = {
        "idempotencyId": SMS["idempotencyId"],
        "recipient": {
            "recipientSms": {"phoneNumber": "+4799999999", "smsSettings": {"body": "Hello"}}
        },
    }
    ordinary = await api.post(f"{V1}/future/orders", json=chain, headers=TTD)

    assert [each.status_code for each in (first, other, ordinary)] == [201, 201, 201]
    assert len(installation.sms.offered) == 2


async def test_what_was_not_taken_is_a_503_and_a_repeat_tries_again(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.sms.answer(HandoverDeferred("connect_failed"))

    refused = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)
    again = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    problem = refused.json()
    assert problem["code"] == "NOT-00004"
    assert problem["type"] == "urn:altinn:error:NOT-00004"
    assert problem["statusDescription"] == "Service Unavailable"
    assert again.status_code == 200
    assert len(installation.sms.carried) == 1


async def test_a_repeat_of_what_never_left_in_its_time_is_a_503_as_the_first_was(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.sms.answer(HandoverDeferred("connect_failed"))
    await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)
    installation.now += timedelta(seconds=361)
    await installation.dispatching.run_until_idle()

    again = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)

    assert (again.status_code, again.json()["code"]) == (503, "NOT-00004")
    assert not installation.sms.carried


@pytest.mark.parametrize(
    "outcome, status",
    [
        (HandoverUnknown("no_answer"), "SMS_Sending"),
        (HandoverRejected(Failure.INVALID_ADDRESS, "invalid_rcv"), "SMS_Failed_InvalidRecipient"),
    ],
    ids=["unknown", "rejected"],
)
async def test_an_unknown_outcome_and_a_refusal_are_answered_as_created(
    installation: Installation, api: httpx.AsyncClient, outcome: Outcome, status: str
) -> None:
    installation.sms.answer(outcome)

    answer = await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)

    assert answer.status_code == 201
    order_id = answer.json()["notification"]["shipmentId"]
    shipment = await api.get(f"{V1}/future/shipment/{order_id}", headers=TTD)
    assert shipment.json()["recipients"][0]["status"] == status


async def test_a_composed_email_is_an_order_of_its_kind(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    answer = await api.post(f"{V1}/future/orders/composed-email", json=COMPOSED, headers=COMPOSER)
    again = await api.post(f"{V1}/future/orders/composed-email", json=COMPOSED, headers=COMPOSER)

    assert (answer.status_code, again.status_code) == (201, 200)
    assert "reminders" not in answer.json()["notification"]
    order_id = OrderId(UUID(answer.json()["notification"]["shipmentId"]))
    order = (await installation.orders.load([order_id]))[order_id]
    assert order.placed.kind is OrderKind.COMPOSED
    assert order.placed.email is not None
    assert [each.filename.text for each in order.placed.email.attachments] == ["letter.pdf"]


async def test_an_address_without_https_is_named_by_its_file_and_never_repeated(
    api: httpx.AsyncClient,
) -> None:
    body: Any = copy.deepcopy(COMPOSED)
    attachment = body["recipient"]["emailSettings"]["attachments"][0]
    attachment["sasUrl"] = URL.replace("https", "http")

    answer = await api.post(f"{V1}/future/orders/composed-email", json=body, headers=COMPOSER)

    (words,) = answer.json()["errors"]["Recipient.Settings.Attachments[0].SasUrl"]
    assert answer.status_code == 400
    assert "HTTPS" in words
    assert "letter.pdf" in words
    assert "sig" not in answer.text
