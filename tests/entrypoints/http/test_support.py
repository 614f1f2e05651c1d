"""What support sees, as its clients read it."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from domain.order.events import OrderId
from tests.entrypoints.http.asking import ORDER, chain
from tests.entrypoints.http.installation import SKD, SUPPORTER, TTD, V1, Installation
from tests.samples import BAKERY, KARI, NOON, OLA

PERSONS = f"{V1}/future/dashboard/recipients/notifications/nin"
ORGANISATIONS = f"{V1}/future/dashboard/recipients/notifications/orgnumber"
FOR_KARI = SUPPORTER | {"NationalIdentityNumber": KARI.number.text}
FOR_BAKERY = SUPPORTER | {"OrganizationNumber": BAKERY.number}


async def placed(installation: Installation, api: httpx.AsyncClient) -> str:
    answer = await api.post(f"{V1}/orders", json=ORDER | {"sendersReference": "a"}, headers=TTD)
    installation.now += timedelta(hours=1)
    return str(answer.json()["orderId"])


async def test_support_sees_what_every_owner_sent_to_a_person(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    first = await placed(installation, api)
    to_ola = ORDER | {"recipients": [{"nationalIdentityNumber": OLA.number.text}]}
    await api.post(f"{V1}/orders", json=to_ola, headers=TTD)
    second = await api.post(f"{V1}/orders", json=ORDER, headers=SKD)
    installation.now += timedelta(hours=1)

    answer = await api.get(PERSONS, headers=FOR_KARI)

    assert answer.status_code == 200
    assert [(each["shipmentId"], each["creatorName"]) for each in answer.json()] == [
        (second.json()["orderId"], "skd"),
        (first, "ttd"),
    ]
    assert answer.json()[1] == {
        "shipmentId": first,
        "creatorName": "ttd",
        "sendersReference": "a",
        "requestedSendTime": "2026-09-01T10:00:00Z",
        "notificationChannel": "EmailPreferred",
        "notificationType": "Notification",
        "deliveryAttempts": [],
    }


async def test_an_order_whose_history_cannot_be_read_is_named_and_hides_no_other(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    ill, well = await placed(installation, api), await placed(installation, api)
    await installation.dispatching.run_until_idle()
    installation.orders.spoil(OrderId(UUID(ill)))

    answer = await api.get(PERSONS, headers=FOR_KARI)

    assert [each["shipmentId"] for each in answer.json()] == [well]
    assert answer.headers["varsel-history-spoilt"] == ill


async def test_each_attempt_tells_where_it_went_and_what_became_of_it(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await placed(installation, api)
    await installation.dispatching.run_until_idle()

    (order,) = (await api.get(PERSONS, headers=FOR_KARI)).json()

    assert order["deliveryAttempts"] == [
        {
            "nationalIdentityNumber": KARI.number.text,
            "channel": "email",
            "emailAddress": "kari@example.org",
            "result": "Succeeded",
            "resultTime": "2026-09-01T11:00:00Z",
        }
    ]


async def test_an_organisation_is_found_by_its_number(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    to_bakery = ORDER | {"recipients": [{"organizationNumber": BAKERY.number}]}
    order = await api.post(f"{V1}/orders", json=to_bakery, headers=TTD)
    installation.now += timedelta(hours=1)

    (found,) = (await api.get(ORGANISATIONS, headers=FOR_BAKERY)).json()

    assert found["shipmentId"] == order.json()["orderId"]


async def test_only_the_last_seven_days_are_shown_unless_a_period_is_asked_for(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await placed(installation, api)
    installation.now = NOON + timedelta(days=7, seconds=1)

    lately = await api.get(PERSONS, headers=FOR_KARI)
    asked = await api.get(PERSONS, params={"from": "2026-09-01T12:00:00+02:00"}, headers=FOR_KARI)

    assert lately.json() == []
    assert len(asked.json()) == 1


async def test_where_the_number_was_erased_nothing_is_found(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    order_id = OrderId(UUID(await placed(installation, api)))
    installation.orders.erase(order_id, "identity")

    assert (await api.get(PERSONS, headers=FOR_KARI)).json() == []


async def test_reminders_are_told_from_what_they_remind_of(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    # A reminder's time lies in the future until it has come.
    chained = chain(requestedSendTime=NOON.isoformat())
    await api.post(f"{V1}/future/orders", json=chained, headers=TTD)
    installation.now += timedelta(days=15)
    period = {"from": "2026-09-01T00:00:00Z"}

    found = (await api.get(PERSONS, params=period, headers=FOR_KARI)).json()

    assert [each["notificationType"] for each in found] == ["Reminder", "Notification"]


async def test_each_look_up_is_logged_without_the_number(api: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        await api.get(PERSONS, headers=FOR_KARI)

    (line,) = [each for each in logs if each["event"] == "support_looked_up"]
    assert line["owner"] == "digdir"
    assert KARI.number.text not in str(logs)


@pytest.mark.parametrize(
    "number", ["", " ", "1585901009", "158590100999", "1585901009x", "\uff115859010099"]
)
async def test_what_is_no_national_number_is_refused_without_being_repeated(
    api: httpx.AsyncClient, number: str
) -> None:
    headers = {"authorization": "Bearer supporter", "NationalIdentityNumber": number.encode()}

    answer = await api.get(PERSONS, headers=headers)  # type: ignore[arg-type]  # bytes go, too

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["NationalIdentityNumber"]
    assert not number.strip() or number not in answer.text


@pytest.mark.parametrize("number", ["", "31402200", "3140220099", "31402200x"])
async def test_what_is_no_organisation_number_is_refused(
    api: httpx.AsyncClient, number: str
) -> None:
    answer = await api.get(ORGANISATIONS, headers=SUPPORTER | {"OrganizationNumber": number})

    assert list(answer.json()["errors"]) == ["OrganizationNumber"]


async def test_without_its_header_or_with_two_a_look_up_is_refused(api: httpx.AsyncClient) -> None:
    twice = [*FOR_KARI.items(), ("NationalIdentityNumber", OLA.number.text)]

    for answer in (
        await api.get(PERSONS, headers=SUPPORTER),
        await api.get(PERSONS, headers=twice),
    ):
        assert list(answer.json()["errors"]) == ["NationalIdentityNumber"]


@pytest.mark.parametrize(
    "period, keys",
    [
        ({"from": "2026-08-31T00:00:00"}, ["From"]),
        ({"to": "2026-08-31T00:00:00"}, ["To"]),
        ({"from": "yesterday", "to": "today"}, ["From", "To"]),
        ({"from": "2026-09-01T10:00:01Z"}, ["From"]),
        ({"to": "2026-09-01T10:00:01Z"}, ["To"]),
        ({"from": "2026-08-31T00:00:00Z", "to": "2026-08-31T00:00:00Z"}, ["From"]),
        ({"from": "2026-08-31T00:00:01Z", "to": "2026-08-31T00:00:00Z"}, ["From"]),
        ({"from": "2016-09-01T09:59:59Z"}, ["From"]),
        ({"to": "2026-08-25T10:00:00Z"}, ["To"]),
    ],
)
async def test_what_is_no_period_is_refused(
    api: httpx.AsyncClient, period: dict[str, str], keys: list[str]
) -> None:
    answer = await api.get(PERSONS, params=period, headers=FOR_KARI)

    assert answer.status_code == 400
    assert sorted(answer.json()["errors"]) == keys


@pytest.mark.parametrize(
    "period",
    [
        {"from": "2016-09-01T10:00:00Z"},
        {"to": "2026-09-01T10:00:00Z"},
        {"to": "2026-08-25T10:00:01Z"},
        {"From": "2026-08-31T02:00:00+02:00", "TO": "2026-08-31T00:00:01Z"},
    ],
)
async def test_a_period_may_just_be(api: httpx.AsyncClient, period: dict[str, str]) -> None:
    assert (await api.get(PERSONS, params=period, headers=FOR_KARI)).status_code == 200
