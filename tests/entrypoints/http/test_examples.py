"""What clients are shown as examples of the API, request by request, with its whole answer."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from application.ports.provider import HandoverDeferred
from domain.contact_point import BusinessRecord, PersonRecord, RegisteredAddress
from domain.order.events import ReportedState
from domain.personal import Contact
from tests.entrypoints.http.installation import (
    BASE_URL,
    COMPOSER,
    TTD,
    V1,
    Installation,
)
from tests.samples import BAKERY, KARI, OLA

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")
AUGUST = datetime(2026, 8, 1, 10, 11, 12, 345678, tzinfo=UTC)


def reached(email: str | None = None, mobile: str | None = None) -> dict[str, Any]:
    return {
        name: RegisteredAddress(address=Contact(text), confirmed_at=AUGUST - timedelta(days=30))
        for name, text in (("email", email), ("mobile", mobile))
        if text is not None
    }


@pytest.fixture
def installation() -> Installation:
    own = Installation(
        persons={
            KARI.number.text: PersonRecord(**reached("kari@example.org", "+4740000001")),
            OLA.number.text: PersonRecord(is_reserved=True, can_be_notified=False),
        },
        businesses={
            BAKERY.number: BusinessRecord(
                origin=BAKERY.number,
                emails=[reached("board@example.org")["email"]],
                mobiles=[reached(mobile="+4740000010")["mobile"]],
            )
        },
    )
    own.now = AUGUST
    return own


CASE_77 = {
    "sendersReference": "case-77",
    "subject": "Reminder about case 77",
    "body": "Hi $recipientName$, please log in.",
    "requestedSendTime": "2026-08-03T07:30:00Z",
    "recipients": [
        {"emailAddress": "somebody@example.org"},
        {"nationalIdentityNumber": KARI.number.text},
        {"nationalIdentityNumber": OLA.number.text},
    ],
}
TAX = {
    "idempotencyId": "9d1f-2026-0001",
    "sendersReference": "tax-1",
    "requestedSendTime": "2026-09-01T08:00:00+02:00",
    "conditionEndpoint": "https://sender.example/conditions/1",
    "dialogportenAssociation": {"dialogId": "d-1", "transmissionId": "t-1"},
    "recipient": {
        "recipientOrganization": {
            "orgNumber": BAKERY.number,
            "resourceId": "urn:altinn:resource:tax-2026",
            "resourceAction": "read",
            "channelSchema": "EmailPreferred",
            "emailSettings": {
                "subject": "Tax form",
                "body": "<p>New form</p>",
                "contentType": "Html",
            },
            "smsSettings": {
                "body": "New tax form",
                "sender": "Etat",
                "sendingTimePolicy": "Daytime",
            },
        }
    },
    "reminders": [
        {
            "sendersReference": "tax-1-r1",
            "delayDays": 7,
            "recipient": {
                "recipientPerson": {
                    "nationalIdentityNumber": KARI.number.text,
                    "channelSchema": "Sms",
                    "ignoreReservation": True,
                    "smsSettings": {
                        "body": "Tax form still open",
                        "sendingTimePolicy": "Anytime",
                    },
                }
            },
        },
        {
            "requestedSendTime": "2026-09-20T08:00:00Z",
            "conditionEndpoint": "https://sender.example/conditions/2",
            "recipient": {
                "recipientEmail": {
                    "emailAddress": "post@example.org",
                    "emailSettings": {"subject": "Last reminder", "body": "Plain text"},
                }
            },
        },
    ],
}
CODE = {
    "idempotencyId": "otp-42",
    "sendersReference": "login",
    "recipientSms": {
        "phoneNumber": "+4799999999",
        "timeToLiveInSeconds": 360,
        "smsSettings": {"sender": "Altinn", "body": "Your code is 4711"},
    },
}
SAS_URL = (
    "https://acct.blob.core.windows.net/c/letter.pdf"
    "?sv=2024-11-04&sr=b&sp=r&se=2027-01-01T00%3A00%3A00Z&sig=abc%3D"
)


def letter(sas_url: str = SAS_URL) -> dict[str, Any]:
    return {
        "idempotencyId": "letter-1",
        "sendersReference": "letter",
        "recipient": {
            "emailAddress": "kari@example.org",
            "emailSettings": {
                "subject": "Your letter",
                "body": "See attachment",
                "contentType": "Plain",
                "attachments": [
                    {"filename": "letter.pdf", "mimeType": "application/pdf", "sasUrl": sas_url}
                ],
            },
        },
    }


def guid(text: object) -> str:
    """The text, which must be a GUID in small letters with dashes."""
    assert isinstance(text, str)
    assert GUID.fullmatch(text)
    return text


def without_trace(answer: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = answer.json()
    assert TRACE.fullmatch(told.pop("traceId"))
    return told


async def test_an_email_to_an_address_and_two_people_of_whom_one_has_declined(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    placed = await api.post(f"{V1}/orders/email", json=CASE_77, headers=TTD)

    order = guid(placed.json()["orderId"])
    itself = f"{BASE_URL}{V1}/orders/{order}"
    assert (placed.status_code, placed.headers["location"]) == (202, itself)
    assert placed.json() == {
        "orderId": order,
        "recipientLookup": {
            "status": "PartialSuccess",
            "isReserved": [OLA.number.text],
            "missingContact": [],
        },
    }

    # Its time comes, and the provider takes it over.
    installation.now = datetime(2026, 8, 3, 7, 30, 41, 100000, tzinfo=UTC)
    await installation.dispatching.run_until_idle()
    status = await api.get(f"{V1}/orders/{order}/status", headers=TTD)

    told = status.json()
    assert status.status_code == 200
    assert told["processingStatus"].pop("description")
    assert told == {
        "id": order,
        "sendersReference": "case-77",
        "requestedSendTime": "2026-08-03T07:30:00Z",
        "creator": "ttd",
        "created": "2026-08-01T10:11:12.345678Z",
        "notificationChannel": "Email",
        "processingStatus": {"status": "Completed", "lastUpdate": "2026-08-03T07:30:41.100000Z"},
        "notificationsStatusSummary": {
            "email": {
                "links": {"self": f"{itself}/notifications/email"},
                "generated": 3,
                "succeeded": 2,
            }
        },
    }


async def test_an_email_to_addresses_alone_looks_nobody_up(api: httpx.AsyncClient) -> None:
    direct = CASE_77 | {"recipients": [{"emailAddress": "kari@example.org"}]}

    placed = await api.post(f"{V1}/orders/email", json=direct, headers=TTD)

    assert list(placed.json()) == ["orderId"]


async def test_an_order_with_two_reminders_asked_for_twice(api: httpx.AsyncClient) -> None:
    created = await api.post(f"{V1}/future/orders", json=TAX, headers=TTD)
    again = await api.post(f"{V1}/future/orders", json=TAX, headers=TTD)

    told = created.json()
    chain = guid(told["notificationOrderId"])
    shipment = guid(told["notification"]["shipmentId"])
    first, second = (guid(each["shipmentId"]) for each in told["notification"]["reminders"])
    assert created.status_code == 201
    assert created.headers["location"] == f"{BASE_URL}{V1}/orders/chain/{chain}"
    assert told == {
        "notificationOrderId": chain,
        "notification": {
            "shipmentId": shipment,
            "sendersReference": "tax-1",
            "reminders": [
                {"shipmentId": first, "sendersReference": "tax-1-r1"},
                {"shipmentId": second},
            ],
        },
    }
    assert again.status_code == 200
    assert again.json() == told
    assert "location" not in again.headers


async def test_an_organisation_that_nobody_can_reach(api: httpx.AsyncClient) -> None:
    unknown = {**TAX["recipient"]["recipientOrganization"], "orgNumber": "310000000"}  # type: ignore[index]  # any JSON

    refused = await api.post(
        f"{V1}/future/orders",
        json=TAX | {"recipient": {"recipientOrganization": unknown}},
        headers=TTD,
    )

    assert refused.status_code == 422
    assert without_trace(refused) == {
        "type": "urn:altinn:error:NOT-00001",
        "title": "Missing contact information for recipient(s)",
        "status": 422,
        "code": "NOT-00001",
        "statusDescription": "Unprocessable Entity",
        "recipients": [
            {
                "pointer": "/recipient",
                "reasons": [
                    {
                        "source": "business_register",
                        "reason": "no_record",
                        "words": (
                            "Nothing in the register of businesses' notification addresses: the "
                            "recipient is not registered there."
                        ),
                    }
                ],
            }
        ],
    }


async def test_three_faults_in_one_request(api: httpx.AsyncClient) -> None:
    faulty = {
        "idempotencyId": "x-1",
        "recipient": {
            "recipientSms": {"phoneNumber": "99999999", "smsSettings": {"body": "Hi"}},
        },
        "reminders": [
            {
                "recipient": {
                    "recipientEmail": {
                        "emailAddress": "not-an-address",
                        "emailSettings": {"subject": "S", "body": "B"},
                    }
                }
            }
        ],
    }

    refused = await api.post(f"{V1}/future/orders", json=faulty, headers=TTD)

    told = without_trace(refused)
    errors = told.pop("errors")
    assert refused.status_code == 400
    assert told == {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "code": "invalid_request",
    }
    assert set(errors) == {
        "Recipient.RecipientSms.PhoneNumber",
        "Reminders[0]",
        "Reminders[0].Recipient.RecipientEmail.EmailAddress",
    }
    assert all(len(words) == 1 for words in errors.values())


async def test_a_code_by_instant_text_message(api: httpx.AsyncClient) -> None:
    created = await api.post(f"{V1}/future/orders/instant/sms", json=CODE, headers=TTD)

    told = created.json()
    chain = guid(told["notificationOrderId"])
    assert created.status_code == 201
    assert created.headers["location"] == f"{BASE_URL}{V1}/orders/chain/{chain}"
    assert told["notification"] == {
        "shipmentId": guid(told["notification"]["shipmentId"]),
        "sendersReference": "login",
    }


async def test_a_code_that_the_gateway_did_not_take(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.sms.answer(HandoverDeferred("connection_refused"))

    failed = await api.post(f"{V1}/future/orders/instant/sms", json=CODE, headers=TTD)

    told = without_trace(failed)
    assert failed.status_code == 503
    assert "temporary network failure" in told.pop("title")
    assert told == {
        "type": "urn:altinn:error:NOT-00004",
        "status": 503,
        "code": "NOT-00004",
        "statusDescription": "Service Unavailable",
    }


async def test_a_shipments_manifest_and_its_entry_in_the_feed(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    both = {
        **TAX["recipient"]["recipientOrganization"],  # type: ignore[index]  # any JSON
        "channelSchema": "EmailAndSms",
    }
    asked = {
        **TAX,
        "recipient": {"recipientOrganization": both},
        "reminders": [],
        "conditionEndpoint": None,
    }
    placed = await api.post(f"{V1}/future/orders", json=asked, headers=TTD)
    shipment = placed.json()["notification"]["shipmentId"]
    installation.now = datetime(2026, 9, 1, 7, 5, tzinfo=UTC)
    await installation.dispatching.run_until_idle()
    await installation.report(ReportedState.DELIVERED)

    manifest = await api.get(f"{V1}/future/shipment/{shipment}", headers=TTD)
    feed = await api.get(f"{V1}/future/shipment/feed?seq=0&pageSize=2", headers=TTD)

    at = "2026-09-01T07:05:00Z"
    assert manifest.json() == {
        "shipmentId": shipment,
        "sendersReference": "tax-1",
        "type": "Notification",
        "status": "Order_Completed",
        "lastUpdate": at,
        "recipients": [
            {
                "type": "Email",
                "destination": "board@example.org",
                "status": "Email_Delivered",
                "lastUpdate": at,
            },
            {
                "type": "SMS",
                "destination": "+4740000010",
                "status": "SMS_Delivered",
                "lastUpdate": at,
            },
        ],
    }
    (entry,) = feed.json()
    assert entry.pop("sequenceNumber") > 0
    assert entry == {
        "shipmentId": shipment,
        "sendersReference": "tax-1",
        "recipients": [
            {"destination": "board@example.org", "status": "Email_Delivered", "lastUpdate": at},
            {"destination": "+4740000010", "status": "SMS_Delivered", "lastUpdate": at},
        ],
        "shipmentType": "Notification",
        "status": "Order_Completed",
        "lastUpdate": at,
    }


async def test_a_reminder_whose_condition_is_not_met_has_an_entry_without_recipients(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.condition = lambda url: not url.endswith("/2")
    placed = await api.post(f"{V1}/future/orders", json=TAX, headers=TTD)
    last = placed.json()["notification"]["reminders"][1]["shipmentId"]
    installation.now = datetime(2026, 9, 20, 8, 0, 1, tzinfo=UTC)
    await installation.dispatching.run_until_idle()

    feed = (await api.get(f"{V1}/future/shipment/feed", headers=TTD)).json()

    (entry,) = [each for each in feed if each["shipmentId"] == last]
    assert entry.pop("sequenceNumber") > 0
    assert entry == {
        "shipmentId": last,
        "recipients": [],
        "shipmentType": "Reminder",
        "status": "Order_SendConditionNotMet",
        "lastUpdate": "2026-09-20T08:00:01Z",
    }


async def test_a_shipment_that_does_not_exist(api: httpx.AsyncClient) -> None:
    absent = await api.get(
        f"{V1}/future/shipment/11111111-1111-1111-1111-111111111111", headers=TTD
    )

    assert absent.status_code == 404
    assert without_trace(absent) == {
        "type": "urn:altinn:error:NOT-00003",
        "title": "Shipment not found",
        "status": 404,
        "code": "NOT-00003",
        "statusDescription": "Not Found",
    }


async def test_a_letter_with_an_attachment(api: httpx.AsyncClient) -> None:
    created = await api.post(f"{V1}/future/orders/composed-email", json=letter(), headers=COMPOSER)

    told = created.json()
    chain = guid(told["notificationOrderId"])
    assert created.status_code == 201
    assert created.headers["location"].endswith(f"/orders/chain/{chain}")
    assert told["notification"] == {
        "shipmentId": guid(told["notification"]["shipmentId"]),
        "sendersReference": "letter",
    }


async def test_a_letter_whose_attachment_would_come_in_clear(api: httpx.AsyncClient) -> None:
    in_clear = letter(SAS_URL.replace("https://", "http://"))

    refused = await api.post(f"{V1}/future/orders/composed-email", json=in_clear, headers=COMPOSER)

    ((key, (words,)),) = refused.json()["errors"].items()
    assert refused.status_code == 400
    assert key == "Recipient.Settings.Attachments[0].SasUrl"
    assert "HTTPS" in words
    assert "letter.pdf" in words
