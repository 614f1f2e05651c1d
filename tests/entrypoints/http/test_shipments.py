"""Shipments are followed in the second version of the API."""

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from application.agreeing import read_agreement
from application.envelope import SERVICE, PendingEvents
from domain.channel import Channel
from domain.order.events import (
    ContactNotFound,
    ContactResolved,
    NotificationExpired,
    NotificationNo,
    OrderId,
    Source,
    Target,
)
from domain.personal import Contact
from domain.recipient import RecipientNo
from tests.entrypoints.http.asking import chain
from tests.entrypoints.http.installation import TTD, V1, Installation
from tests.samples import NOON


async def test_a_manifest_lists_emails_before_text_messages(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    told = (await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)).json()
    shipment_id = told["notification"]["shipmentId"]
    order_id = OrderId(UUID(shipment_id))
    installation.now = NOON + timedelta(hours=2)
    before = (await installation.orders.load([order_id]))[order_id]
    await installation.orders.append(
        [
            PendingEvents(
                order_id=order_id,
                before=before,
                events=(
                    ContactResolved(
                        recipient_no=RecipientNo(0),
                        targets=(
                            Target(
                                notification_no=NotificationNo(0),
                                channel=Channel.SMS,
                                address=Contact("+4799999999"),
                                source=Source.KRR,
                            ),
                            Target(
                                notification_no=NotificationNo(1),
                                channel=Channel.EMAIL,
                                address=Contact("kari@example.org"),
                                source=Source.KRR,
                            ),
                        ),
                    ),
                    NotificationExpired(notification_no=NotificationNo(0), has_left=False),
                ),
            )
        ],
        by=SERVICE,
    )

    answer = await api.get(f"{V1}/future/shipment/{shipment_id}", headers=TTD)

    assert answer.status_code == 200
    assert answer.json() == {
        "shipmentId": shipment_id,
        "sendersReference": "case-77",
        "type": "Notification",
        "status": "Order_Processed",
        "lastUpdate": "2026-09-01T12:00:00Z",
        "recipients": [
            {
                "type": "Email",
                "destination": "kari@example.org",
                "status": "Email_New",
                "lastUpdate": "2026-09-01T12:00:00Z",
            },
            {
                "type": "SMS",
                "destination": "+4799999999",
                "status": "SMS_Failed_TTL",
                "lastUpdate": "2026-09-01T12:00:00Z",
            },
        ],
    }
    assert next(iter(answer.json()["recipients"][0])) == "type"


async def test_who_was_not_found_has_an_empty_destination(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    told = (await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)).json()
    order_id = OrderId(UUID(told["notification"]["shipmentId"]))
    before = (await installation.orders.load([order_id]))[order_id]
    await installation.orders.append(
        [
            PendingEvents(
                order_id=order_id,
                before=before,
                events=(
                    ContactNotFound(
                        recipient_no=RecipientNo(0),
                        notifications=((NotificationNo(0), Channel.EMAIL),),
                    ),
                ),
            )
        ],
        by=SERVICE,
    )

    answer = await api.get(f"{V1}/future/shipment/{order_id}", headers=TTD)

    (recipient,) = answer.json()["recipients"]
    assert recipient["destination"] == ""
    assert recipient["status"] == "Email_Failed_RecipientNotIdentified"


async def test_a_reminder_is_a_shipment_of_its_own(api: httpx.AsyncClient) -> None:
    told = (await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)).json()
    reminder = told["notification"]["reminders"][0]

    answer = await api.get(f"{V1}/future/shipment/{reminder['shipmentId']}", headers=TTD)

    assert answer.json()["type"] == "Reminder"
    assert answer.json()["status"] == "Order_Registered"
    assert answer.json()["recipients"] == []


async def test_a_shipment_that_is_not_there_is_altinns_problem(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{V1}/future/shipment/{uuid4()}", headers=TTD)

    problem = answer.json()
    assert answer.status_code == 404
    assert problem.pop("traceId")
    assert problem == {
        "type": "urn:altinn:error:NOT-00003",
        "title": "Shipment not found",
        "status": 404,
        "code": "NOT-00003",
        "statusDescription": "Not Found",
    }


@pytest.mark.parametrize("text", ["77", "feed-me"])
async def test_what_is_no_guid_is_no_path(api: httpx.AsyncClient, text: str) -> None:
    answer = await api.get(f"{V1}/future/shipment/{text}", headers=TTD)

    assert answer.status_code == 404
    assert answer.json()["code"] == "no_such_path"


async def test_what_was_only_tried_out_stands_in_shipment_and_feed_as_simulated(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    installation.agreements.agree(
        "ttd",
        read_agreement(senders=["*"], test_recipients=["+4799999999", "kari@example.org"]),
    )
    message = {"subject": "Case 77", "body": "Please log in."}
    recipient = {"recipientEmail": {"emailAddress": "kari@example.org", "emailSettings": message}}
    asked = {"idempotencyId": "tried", "recipient": recipient}
    told = (await api.post(f"{V1}/future/orders", json=asked, headers=TTD)).json()
    await installation.dispatching.run_until_idle()

    at = f"{V1}/future/shipment/{told['notification']['shipmentId']}"
    shipment = (await api.get(at, headers=TTD)).json()
    (entry,) = (await api.get(f"{V1}/future/shipment/feed", headers=TTD)).json()

    assert shipment["status"] == entry["status"] == "Order_Completed"
    assert [each["status"] for each in shipment["recipients"]] == ["Email_Simulated"]
    assert [each["status"] for each in entry["recipients"]] == ["Email_Simulated"]
    assert installation.mail.offered == []
