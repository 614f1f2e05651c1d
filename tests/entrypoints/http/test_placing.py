"""Orders are placed, once or more often, and found again."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from application.envelope import Role
from domain.operations.acts import OrderRefused
from domain.order.events import OrderId, OrderPlaced
from tests.entrypoints.http.asking import (
    EMAIL_ORDER,
    ORDER,
    SMS_ORDER,
    STRANGERS_NUMBER,
    chain,
    to_person,
)
from tests.entrypoints.http.installation import (
    BASE_URL,
    COMPOSER,
    SKD,
    TTD,
    V1,
    Installation,
)
from tests.entrypoints.http.requests.reading import COMPOSED, SAS_URL, but
from tests.samples import KARI, NOON, OLA


@pytest.mark.parametrize(
    "path, body",
    [("/orders/email", EMAIL_ORDER), ("/orders/sms", SMS_ORDER), ("/orders", ORDER)],
)
async def test_an_order_is_accepted_and_its_location_told(
    api: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    answer = await api.post(f"{V1}{path}", json=body, headers=TTD)

    assert answer.status_code == 202
    order_id = answer.json()["orderId"]
    assert answer.headers["location"] == f"{BASE_URL}{V1}/orders/{order_id}"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert (await api.get(answer.headers["location"], headers=TTD)).status_code == 200


async def test_who_needed_no_look_up_is_told_of_none(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)

    assert set(answer.json()) == {"orderId"}
    assert answer.text == f'{{\n  "orderId": "{answer.json()["orderId"]}"\n}}'


@pytest.mark.parametrize(
    "numbers, status, reserved, missing",
    [
        ([KARI.number.text], "Success", [], []),
        ([KARI.number.text, OLA.number.text], "PartialSuccess", [OLA.number.text], []),
        ([KARI.number.text, STRANGERS_NUMBER], "PartialSuccess", [], [STRANGERS_NUMBER]),
        ([OLA.number.text], "Failed", [OLA.number.text], []),
        ([STRANGERS_NUMBER], "Failed", [], [STRANGERS_NUMBER]),
    ],
)
async def test_who_was_looked_up_is_told_of_and_stops_no_order(
    api: httpx.AsyncClient, numbers: list[str], status: str, reserved: list[str], missing: list[str]
) -> None:
    recipients = [{"nationalIdentityNumber": number} for number in numbers]

    answer = await api.post(
        f"{V1}/orders/email", json=EMAIL_ORDER | {"recipients": recipients}, headers=TTD
    )

    assert answer.status_code == 202
    assert answer.json()["recipientLookup"] == {
        "status": status,
        "isReserved": reserved,
        "missingContact": missing,
    }


async def test_a_chain_is_created_with_its_reminders(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)

    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == (
        f"{BASE_URL}{V1}/orders/chain/{told['notificationOrderId']}"
    )
    assert "varsel-repeat" not in answer.headers
    assert told["notification"]["sendersReference"] == "case-77"
    first, second = told["notification"]["reminders"]
    assert first["sendersReference"] == "case-77-r1"
    assert set(second) == {"shipmentId"}
    for shipment in (told["notification"], first, second):
        found = await api.get(f"{V1}/future/shipment/{shipment['shipmentId']}", headers=TTD)
        assert found.status_code == 200


async def test_a_chain_without_reminders_is_told_of_none(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)

    assert set(answer.json()["notification"]) == {"shipmentId", "sendersReference"}


async def test_a_repeat_gets_the_first_answer_without_a_location(api: httpx.AsyncClient) -> None:
    first = await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)
    again = await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)

    assert again.status_code == 200
    assert again.content == first.content
    assert "location" not in again.headers
    assert again.headers["varsel-repeat"] == "same-content"


async def test_a_repeat_that_asks_for_something_else_is_told_so(api: httpx.AsyncClient) -> None:
    first = await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)
    other = await api.post(
        f"{V1}/future/orders", json=chain(sendersReference="case-78"), headers=TTD
    )

    assert other.status_code == 200
    assert other.content == first.content
    assert other.headers["varsel-repeat"] == "different-content"


async def test_two_owners_may_use_the_same_key(api: httpx.AsyncClient) -> None:
    await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)
    other = await api.post(f"{V1}/future/orders", json=chain(), headers=SKD)

    assert other.status_code == 201


async def test_a_chain_for_somebody_who_cannot_be_reached_is_refused(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.post(
        f"{V1}/future/orders", json=chain(recipient=to_person(STRANGERS_NUMBER)), headers=TTD
    )

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem.pop("traceId")
    assert problem == {
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
                        "source": "krr",
                        "reason": "no_record",
                        "words": (
                            "Nothing in the contact and reservation register (KRR): the recipient is "
                            "not registered there."
                        ),
                    }
                ],
            }
        ],
    }
    assert STRANGERS_NUMBER not in answer.text


async def test_each_who_cannot_be_reached_is_told_of_by_the_place_in_the_request(
    api: httpx.AsyncClient,
) -> None:
    stranger = to_person(STRANGERS_NUMBER)
    unreachable = chain(
        reminders=[
            {"delayDays": 7, "recipient": to_person(KARI.number.text)},
            {"delayDays": 14, "recipient": stranger},
        ],
        recipient=stranger,
    )

    answer = await api.post(f"{V1}/future/orders", json=unreachable, headers=TTD)

    assert [each["pointer"] for each in answer.json()["recipients"]] == [
        "/recipient",
        "/reminders/1/recipient",
    ]


async def test_who_was_looked_up_for_an_order_that_was_refused_is_on_record(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    to_stranger = chain(recipient=to_person(STRANGERS_NUMBER))

    await api.post(f"{V1}/future/orders", json=to_stranger, headers=TTD)

    (act,) = await installation.acts.latest(roles=set(Role), since=NOON, most=10)
    assert isinstance(act.act, OrderRefused)
    assert (act.recorded_by.name, act.recorded_by.token) == ("ttd", "token-1")
    assert [(each.reminder, each.is_missing) for each in act.act.about] == [
        (None, True),
        (0, False),
        (1, False),
    ]
    assert STRANGERS_NUMBER not in str(act)
    assert installation.placed() == []


async def test_the_history_bears_everything_the_token_said_of_its_owner(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)

    (placed,) = await installation.orders.history(OrderId(UUID(answer.json()["orderId"])))
    by = placed.recorded_by
    assert (by.role, by.name, by.organisation) == ("owner", "ttd", "991825827")
    assert (by.client, by.token) == ("client-1", "token-1")
    assert isinstance(placed.event, OrderPlaced)
    assert placed.event.owner == "ttd"


async def test_an_app_may_place_orders_by_its_platform_access_token(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.post(
        f"{V1}/orders/email", json=EMAIL_ORDER, headers={"PlatformAccessToken": "app"}
    )

    assert answer.status_code == 202


async def test_orders_are_found_by_exactly_their_reference(api: httpx.AsyncClient) -> None:
    for _ in range(2):
        await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=SKD)

    found = await api.get(f"{V1}/orders?SENDERSREFERENCE=case-77", headers=TTD)
    other = await api.get(f"{V1}/orders?sendersReference=Case-77", headers=TTD)

    assert found.json()["count"] == 2
    assert {each["creator"] for each in found.json()["orders"]} == {"ttd"}
    assert other.json() == {"count": 0, "orders": []}


@pytest.mark.parametrize("query", ["", "?sendersReference=", "?reference=case-77"])
async def test_a_search_needs_a_reference(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"{V1}/orders{query}", headers=TTD)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["sendersReference"]


@pytest.mark.parametrize(
    "path, body",
    [
        ("/orders", b"{"),
        ("/orders/email", b"{}"),
        ("/orders/sms", b"[]"),
        ("/future/orders", b""),
        ("/future/orders", b"{}"),
    ],
)
async def test_what_is_wrong_is_told_by_its_place(
    api: httpx.AsyncClient, path: str, body: bytes
) -> None:
    answer = await api.post(
        f"{V1}{path}", content=body, headers=TTD | {"content-type": "application/json"}
    )

    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "https://tools.ietf.org/html/rfc9110#section-15.5.1"
    assert problem["title"] == "One or more validation errors occurred."
    assert problem["status"] == 400
    assert problem["code"] == "invalid_request"
    assert problem["traceId"]
    assert problem["errors"]
    for messages in problem["errors"].values():
        assert all(isinstance(message, str) for message in messages)


# What depends on the clock is judged once


async def test_whoever_repeats_an_order_is_not_punished_for_waiting(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    soon = (NOON + timedelta(seconds=2)).isoformat()
    at_that_time = {"requestedSendTime": soon, "recipient": to_person(KARI.number.text)}
    body = chain(requestedSendTime=soon, reminders=[at_that_time])
    first = await api.post(f"{V1}/future/orders", json=body, headers=TTD)
    installation.now = NOON + timedelta(seconds=3)

    again = await api.post(f"{V1}/future/orders", json=body, headers=TTD)
    other = await api.post(
        f"{V1}/future/orders", json=body | {"idempotencyId": "case-77-2"}, headers=TTD
    )

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["varsel-repeat"] == "same-content"
    assert other.status_code == 400
    assert other.json()["code"] == "invalid_request"
    late = ["the time must be now or later; leave it out to send at once"]
    assert other.json()["errors"] == {
        "RequestedSendTime": late,
        "Reminders[0].RequestedSendTime": late,
    }


async def test_whoever_repeats_a_composed_email_is_not_punished_for_waiting(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    closes = (NOON + timedelta(minutes=16)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = but(
        COMPOSED,
        "recipient.emailSettings.attachments.0.sasUrl",
        SAS_URL.replace("2027-01-01T00%3A00%3A00Z", closes),
    )
    path = f"{V1}/future/orders/composed-email"
    first = await api.post(path, json=body, headers=COMPOSER)
    installation.now = NOON + timedelta(minutes=2)

    again = await api.post(path, json=body, headers=COMPOSER)
    other = await api.post(path, json=body | {"idempotencyId": "77-5"}, headers=COMPOSER)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert other.status_code == 400
    assert other.json()["errors"] == {
        "Recipient.Settings.Attachments[0]": [
            (
                "Attachment 'letter.pdf': sasUrl must be valid for at least 15 minutes "
                "after the requested send time"
            )
        ]
    }


@pytest.mark.parametrize("path, body", [("/orders/email", EMAIL_ORDER), ("/orders/sms", SMS_ORDER)])
async def test_an_order_without_a_key_may_be_dated_five_minutes_back(
    api: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    async def asked(since: timedelta) -> httpx.Response:
        moment = (NOON - since).isoformat()
        return await api.post(f"{V1}{path}", json=body | {"requestedSendTime": moment}, headers=TTD)

    taken = await asked(timedelta(minutes=5))
    refused = await asked(timedelta(minutes=5, seconds=1))

    assert (taken.status_code, refused.status_code) == (202, 400)
    assert list(refused.json()["errors"]) == ["RequestedSendTime"]
