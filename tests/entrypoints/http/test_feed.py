"""The status feed as clients read it."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from application.recorded import SERVICE, Change
from domain.order.events import OrderId
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
from tests.entrypoints.http.test_instant import SMS

FEED = f"{V1}/future/shipment/feed"


async def ended(installation: Installation, api: httpx.AsyncClient, key: str) -> str:
    """An instant order that has come to its end: nobody confirmed it."""
    answer = await api.post(
        f"{V1}/future/orders/instant/sms", json={**SMS, "idempotencyId": key}, headers=TTD
    )
    shipment = str(answer.json()["notification"]["shipmentId"])
    order_id = OrderId(UUID(shipment))
    order = (await installation.orders.load([order_id]))[order_id]
    events = order.settle(installation.now + timedelta(days=3))
    await installation.orders.append(
        [Change(order_id=order_id, before=order, events=tuple(events))], by=SERVICE
    )
    return shipment


async def test_an_order_that_has_ended_has_one_entry(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    shipment = await ended(installation, api, "otp-1")
    await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)

    answer = await api.get(FEED, headers=TTD)

    (entry,) = answer.json()
    assert answer.status_code == 200
    assert list(entry) == [
        "sequenceNumber",
        "shipmentId",
        "sendersReference",
        "recipients",
        "shipmentType",
        "status",
        "lastUpdate",
    ]
    assert (entry["shipmentId"], entry["status"]) == (shipment, "Order_Completed")
    assert entry["shipmentType"] == "Instant"
    (recipient,) = entry["recipients"]
    assert set(recipient) == {"destination", "status", "lastUpdate"}
    assert recipient["status"] == "SMS_Failed_TTL"


async def test_each_transition_shows_the_order_as_it_was_then(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await ended(installation, api, "otp-1")

    answer = await api.get(f"{FEED}?Transitions=All", headers=TTD)

    told = [
        (each["status"], [one["status"] for one in each["recipients"]]) for each in answer.json()
    ]
    assert told == [
        ("Order_Registered", []),
        ("Order_Processed", ["SMS_New"]),
        ("Order_Processed", ["SMS_Sending"]),
        ("Order_Processed", ["SMS_Accepted"]),
        ("Order_Processed", ["SMS_Failed_TTL"]),
        ("Order_Completed", ["SMS_Failed_TTL"]),
    ]


async def test_pages_go_up_and_down_and_sizes_are_brought_within_their_limits(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    shipments = [await ended(installation, api, f"otp-{n}") for n in range(3)]

    first = (await api.get(f"{FEED}?pageSize=0", headers=TTD)).json()
    rest = (
        await api.get(f"{FEED}?SEQ={first[0]['sequenceNumber']}&pagesize=9999", headers=TTD)
    ).json()
    down = (await api.get(f"{FEED}?orderBy=desc&pageSize=2", headers=TTD)).json()

    assert [each["shipmentId"] for each in [*first, *rest]] == shipments
    assert [each["shipmentId"] for each in down] == shipments[:0:-1]


@pytest.mark.parametrize(
    "query, key",
    [
        ("seq=-1", "Seq"),
        ("seq=abc", "Seq"),
        ("seq=99999999999999999999", "Seq"),
        ("pageSize=many", "PageSize"),
        ("orderBy=sideways", "OrderBy"),
        ("transitions=some", "Transitions"),
    ],
)
async def test_a_parameter_that_cannot_be_read_is_named(
    api: httpx.AsyncClient, query: str, key: str
) -> None:
    answer = await api.get(f"{FEED}?{query}", headers=TTD)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [key]


async def test_another_owner_sees_nothing(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await ended(installation, api, "otp-1")

    assert (await api.get(FEED, headers=SKD)).json() == []
    assert (await api.get(f"{FEED}?transitions=all", headers=SKD)).json() == []
