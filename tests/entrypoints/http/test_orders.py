"""Orders are read, followed and cancelled in the first version of the API."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from application.envelope import SERVICE, PendingEvents
from domain.channel import Channel
from domain.order.events import (
    ContactNotFound,
    ContactResolved,
    DeliveryReported,
    NotificationAttempted,
    NotificationExpired,
    NotificationNo,
    NotificationSent,
    OrderEvent,
    OrderId,
    RecipientReserved,
    ReportedState,
    Source,
    Target,
)
from domain.personal import Contact
from domain.recipient import RecipientNo
from tests.entrypoints.http.asking import EMAIL_ORDER, chain
from tests.entrypoints.http.installation import BASE_URL, SKD, TTD, V1, Installation
from tests.samples import KARI, NOON, OLA


async def placed(api: httpx.AsyncClient, **changes: object) -> str:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER | changes, headers=TTD)
    order_id: str = answer.json()["orderId"]
    return order_id


async def record(installation: Installation, order_id: str, *events: OrderEvent) -> None:
    its_id = OrderId(UUID(order_id))
    before = (await installation.orders.load([its_id]))[its_id]
    await installation.orders.append(
        [PendingEvents(order_id=its_id, before=before, events=events)], by=SERVICE
    )


def resolved(*addresses: tuple[Channel, str]) -> ContactResolved:
    return ContactResolved(
        recipient_no=RecipientNo(0),
        targets=tuple(
            Target(
                notification_no=NotificationNo(number),
                channel=channel,
                address=Contact(address),
                source=Source.KRR,
            )
            for number, (channel, address) in enumerate(addresses)
        ),
    )


def sent(number: int) -> tuple[OrderEvent, OrderEvent]:
    attempted = NotificationAttempted(
        notification_no=NotificationNo(number),
        attempt=1,
        provider="gateway",
        token=f"token-{number}",
        send_before=NOON + timedelta(hours=3),
        settled_by=NOON + timedelta(hours=3),
    )
    accepted = NotificationSent(
        notification_no=NotificationNo(number),
        attempt=1,
        provider="gateway",
        reference=f"reference-{number}",
    )
    return attempted, accepted


async def test_an_order_is_shown_as_it_was_placed(api: httpx.AsyncClient) -> None:
    order_id = await placed(
        api,
        requestedSendTime="2026-09-01T14:00:00+02:00",
        conditionEndpoint="https://sender.example.org/77",
        resourceId="urn:altinn:resource:tax",
        resourceAction="read",
        ignoreReservation=True,
        recipients=[
            {"emailAddress": "kari@example.org"},
            {"nationalIdentityNumber": KARI.number.text},
            {"organizationNumber": "314022009"},
        ],
    )

    answer = await api.get(f"{V1}/orders/{order_id}", headers=TTD)

    assert answer.status_code == 200
    assert answer.text.startswith('{\n  "id": ')
    assert answer.json() == {
        "id": order_id,
        "sendersReference": "case-77",
        "requestedSendTime": "2026-09-01T12:00:00Z",
        "creator": "ttd",
        "created": "2026-09-01T10:00:00Z",
        "notificationChannel": "Email",
        "ignoreReservation": True,
        "resourceId": "urn:altinn:resource:tax",
        "resourceAction": "read",
        "conditionEndpoint": "https://sender.example.org/77",
        "recipients": [
            {"emailAddress": "kari@example.org"},
            {"nationalIdentityNumber": KARI.number.text},
            {"organizationNumber": "314022009"},
        ],
        "emailTemplate": {
            "fromAddress": "noreply@altinn.cloud",
            "subject": "Case 77",
            "body": "Please log in.",
            "contentType": "Plain",
        },
        "links": {
            "self": f"{BASE_URL}{V1}/orders/{order_id}",
            "status": f"{BASE_URL}{V1}/orders/{order_id}/status",
        },
    }


async def test_a_text_message_order_shows_its_template(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        f"{V1}/orders/sms",
        json={"body": "Log in.", "recipients": [{"mobileNumber": "+4799999999"}]},
        headers=TTD,
    )

    order = (await api.get(answer.headers["location"], headers=TTD)).json()

    assert order["smsTemplate"] == {"senderNumber": "Altinn", "body": "Log in."}
    assert "emailTemplate" not in order


async def test_who_declined_is_shown_as_reserved_once_that_is_known(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed(api, recipients=[{"nationalIdentityNumber": OLA.number.text}])
    before = (await api.get(f"{V1}/orders/{order_id}", headers=TTD)).json()
    await record(
        installation,
        order_id,
        RecipientReserved(
            recipient_no=RecipientNo(0), notifications=((NotificationNo(0), Channel.EMAIL),)
        ),
    )

    after = (await api.get(f"{V1}/orders/{order_id}", headers=TTD)).json()

    assert before["recipients"] == [{"nationalIdentityNumber": OLA.number.text}]
    assert after["recipients"] == [{"nationalIdentityNumber": OLA.number.text, "isReserved": True}]


async def test_a_fresh_order_has_a_status_and_no_summary(api: httpx.AsyncClient) -> None:
    order_id = await placed(api)

    answer = await api.get(f"{V1}/orders/{order_id}/status", headers=TTD)

    assert answer.json() == {
        "id": order_id,
        "sendersReference": "case-77",
        "requestedSendTime": "2026-09-01T12:00:00Z",
        "creator": "ttd",
        "created": "2026-09-01T10:00:00Z",
        "notificationChannel": "Email",
        "processingStatus": {
            "status": "Registered",
            "description": "The order is registered and waits for its requested send time.",
            "lastUpdate": "2026-09-01T10:00:00Z",
        },
    }


async def test_notifications_are_counted_by_channel_and_alike(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed(api)
    installation.now = NOON + timedelta(hours=2, microseconds=120_000)
    await record(
        installation,
        order_id,
        resolved(
            (Channel.EMAIL, "kari@example.org"),
            (Channel.SMS, "+4799999999"),
            (Channel.SMS, "+4799999998"),
        ),
        *sent(0),
        *sent(1),
        *sent(2),
        DeliveryReported(
            notification_no=NotificationNo(2),
            provider="gateway",
            state=ReportedState.DELIVERED,
            code="DELIVRD",
        ),
    )
    url = f"{BASE_URL}{V1}/orders/{order_id}"

    status = (await api.get(f"{url}/status", headers=TTD)).json()
    listed = (await api.get(f"{url}/notifications/sms", headers=TTD)).json()

    assert status["processingStatus"]["status"] == "Completed"
    assert "made" in status["processingStatus"]["description"]
    assert status["processingStatus"]["lastUpdate"] == "2026-09-01T12:00:00.120000Z"
    assert status["notificationsStatusSummary"] == {
        "email": {
            "links": {"self": f"{url}/notifications/email"},
            "generated": 1,
            "succeeded": 1,
        },
        "sms": {"links": {"self": f"{url}/notifications/sms"}, "generated": 2, "succeeded": 2},
    }
    assert (listed["generated"], listed["succeeded"]) == (2, 2)
    assert [each["sendStatus"]["status"] for each in listed["notifications"]] == [
        "Accepted",
        "Delivered",
    ]


async def test_a_notification_is_listed_with_whom_it_is_for(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed(api, recipients=[{"nationalIdentityNumber": KARI.number.text}])
    await record(installation, order_id, resolved((Channel.EMAIL, "kari@example.org")))

    answer = await api.get(f"{V1}/orders/{order_id}/notifications/email", headers=TTD)

    told = answer.json()
    assert UUID(told["notifications"][0].pop("id")).version == 5
    assert told == {
        "orderId": order_id,
        "sendersReference": "case-77",
        "generated": 1,
        "succeeded": 0,
        "notifications": [
            {
                "succeeded": False,
                "recipient": {
                    "emailAddress": "kari@example.org",
                    "nationalIdentityNumber": KARI.number.text,
                },
                "sendStatus": {
                    "status": "New",
                    "description": "The notification is made, and waits to be sent.",
                    "lastUpdate": "2026-09-01T10:00:00Z",
                },
            }
        ],
    }


async def test_who_was_not_found_is_listed_without_an_address(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed(api, recipients=[{"organizationNumber": "314022009"}])
    await record(
        installation,
        order_id,
        ContactNotFound(
            recipient_no=RecipientNo(0), notifications=((NotificationNo(0), Channel.EMAIL),)
        ),
    )

    answer = await api.get(f"{V1}/orders/{order_id}/notifications/email", headers=TTD)

    (notification,) = answer.json()["notifications"]
    assert notification["recipient"] == {"organizationNumber": "314022009"}
    assert notification["sendStatus"]["status"] == "Failed_RecipientNotIdentified"


async def test_what_ran_out_of_time_is_listed_as_failed_in_words_that_say_so(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed(api)
    await record(
        installation,
        order_id,
        resolved((Channel.EMAIL, "kari@example.org")),
        NotificationExpired(notification_no=NotificationNo(0), has_left=False),
    )

    answer = await api.get(f"{V1}/orders/{order_id}/notifications/email", headers=TTD)

    (notification,) = answer.json()["notifications"]
    assert notification["sendStatus"]["status"] == "Failed"
    assert "in time" in notification["sendStatus"]["description"]


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_an_order_without_notifications_has_an_empty_list(
    api: httpx.AsyncClient, channel: str
) -> None:
    order_id = await placed(api)

    answer = await api.get(f"{V1}/orders/{order_id}/notifications/{channel}", headers=TTD)

    assert answer.json() == {
        "orderId": order_id,
        "sendersReference": "case-77",
        "generated": 0,
        "succeeded": 0,
        "notifications": [],
    }


async def test_an_order_is_cancelled_once_however_often_it_is_asked(
    api: httpx.AsyncClient,
) -> None:
    order_id = await placed(api)

    first = await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)
    again = await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)

    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert first.json()["processingStatus"]["status"] == "Cancelled"


async def test_a_shipment_can_be_read_and_cancelled_as_an_order(api: httpx.AsyncClient) -> None:
    told = (await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)).json()
    shipment_id = told["notification"]["shipmentId"]

    read = await api.get(f"{V1}/orders/{shipment_id}", headers=TTD)
    cancelled = await api.put(f"{V1}/orders/{shipment_id}/cancel", headers=TTD)

    assert read.json()["id"] == shipment_id
    assert cancelled.status_code == 200


async def test_a_chain_is_cancelled_by_its_own_id_with_its_reminders(
    api: httpx.AsyncClient,
) -> None:
    told = (await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)).json()

    cancelled = await api.put(f"{V1}/orders/{told['notificationOrderId']}/cancel", headers=TTD)

    assert cancelled.status_code == 200
    assert cancelled.json()["id"] == told["notification"]["shipmentId"]
    for each in (told["notification"], *told["notification"]["reminders"]):
        read = await api.get(f"{V1}/future/shipment/{each['shipmentId']}", headers=TTD)
        assert read.json()["status"] == "Order_Cancelled"
    absent = await api.put(f"{V1}/orders/{told['notificationOrderId']}/cancel", headers=SKD)
    assert absent.status_code == 404


async def test_an_order_of_the_night_says_until_when_it_waits(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    installation.now = NOON.replace(hour=21)
    number = {"recipientSms": {"phoneNumber": "+4799999999", "smsSettings": {"body": "Log in."}}}
    body = {"idempotencyId": "night", "recipient": number}
    told = (await api.post(f"{V1}/future/orders", json=body, headers=TTD)).json()
    order_id = told["notification"]["shipmentId"]

    status = (await api.get(f"{V1}/orders/{order_id}/status", headers=TTD)).json()
    shipment = (await api.get(f"{V1}/future/shipment/{order_id}", headers=TTD)).json()

    assert status["waitsUntil"] == shipment["waitsUntil"] == "2026-09-02T07:00:00Z"
    installation.now = NOON.replace(day=2)
    later = (await api.get(f"{V1}/orders/{order_id}/status", headers=TTD)).json()
    assert "waitsUntil" not in later


async def test_five_minutes_before_its_time_an_order_cannot_be_cancelled(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed(api)
    installation.now = NOON + timedelta(hours=1, minutes=55)

    answer = await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)

    problem = answer.json()
    assert answer.status_code == 409
    assert problem.pop("traceId")
    assert problem == {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.10",
        "title": "Conflict",
        "status": 409,
        "code": "too_late_to_cancel",
        "detail": "An order can be cancelled until five minutes before its requested send time.",
    }


@pytest.mark.parametrize(
    "spell",
    [str.upper, lambda text: text.replace("-", ""), lambda text: f"{{{text}}}"],
)
async def test_an_id_may_be_written_in_any_way_a_guid_is_written(
    api: httpx.AsyncClient, spell: Callable[[str], str]
) -> None:
    order_id = await placed(api)

    answer = await api.get(f"{V1}/orders/{spell(order_id)}", headers=TTD)

    assert answer.json()["id"] == order_id


@pytest.mark.parametrize("rest", ["", "/status", "/notifications/email", "/notifications/sms"])
async def test_what_is_no_id_is_a_validation_problem(api: httpx.AsyncClient, rest: str) -> None:
    answer = await api.get(f"{V1}/orders/77{rest}", headers=TTD)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["id"]
