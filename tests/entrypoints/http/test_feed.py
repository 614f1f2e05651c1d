"""The status feed as clients read it."""

import re
from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import pytest

from application.envelope import SERVICE, PendingEvents
from contracts.order_repository_contract import resolved
from contracts.status_feed_contract import lived
from domain.order.events import OrderCancelled, OrderCompleted, OrderId
from entrypoints.http.status_feed.responses import FeedEntryAnswer
from entrypoints.http.status_feed.routes import Page
from tests.application.test_unfolding import wide
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
    events = order.record_timeouts(installation.now + timedelta(days=3))
    await installation.orders.append(
        [PendingEvents(order_id=order_id, before=order, events=tuple(events))], by=SERVICE
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


async def test_a_cancelled_order_has_come_to_its_end(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    cancelled = await lived(installation.orders, OrderCancelled())

    (entry,) = (await api.get(FEED, headers=TTD)).json()

    assert (entry["shipmentId"], entry["status"]) == (str(cancelled), "Order_Cancelled")


async def test_a_page_ends_early_and_says_where_it_goes_on(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await wide(installation.orders, 400)

    answer = await api.get(f"{FEED}?transitions=all&pageSize=400", headers=TTD)
    pages = [answer]
    while (link := pages[-1].headers.get("link")) is not None:
        following = re.fullmatch('<(.*)>; rel="next"', link)
        assert following is not None
        pages.append(await api.get(following[1], headers=TTD))

    assert len(pages) > 1
    assert all(len(each.content) <= 2 * 1024 * 1024 for each in pages)
    versions = [len(entry["recipients"]) for each in pages for entry in each.json()]
    assert versions == list(range(401))


async def test_a_page_reads_as_any_other_answer(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    for key in ("otp-1", "otp-2"):
        await ended(installation, api, key)

    answer = await api.get(FEED, headers=TTD)

    assert answer.content == msgspec.json.format(msgspec.json.encode(answer.json()), indent=2)
    assert (await api.get(FEED, headers=SKD)).content == b"[]"


def entry(number: int, destination: str = "") -> FeedEntryAnswer:
    return FeedEntryAnswer(
        sequence_number=number,
        shipment_id=UUID(int=number),
        senders_reference=destination,
        recipients=(),
        status="Order_Completed",
    )


def test_a_page_ends_after_a_second() -> None:
    times = iter([10.0, 11.0, 11.01])
    page = Page(lambda: next(times))

    cuts = []
    for number in (1, 2, 3):
        page.take(entry(number))
        cuts.append(page.is_cut)

    assert cuts == [False, False, True]
    assert [each["sequenceNumber"] for each in msgspec.json.decode(page.body)] == [1, 2]
    assert page.last == 2


def test_however_large_and_late_the_first_entry_is_on_the_page() -> None:
    times = iter([60.0, 60.0])
    page = Page(lambda: next(times))

    page.take(entry(1, "x" * 3_000_000))
    assert (page.last, page.is_cut) == (1, False)
    page.take(entry(2))
    assert (page.last, page.is_cut) == (1, True)


async def test_an_order_whose_history_cannot_be_read_says_so_and_the_feed_goes_on(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    first, ill, last = [
        await lived(installation.orders, resolved(), OrderCompleted()) for _ in range(3)
    ]
    installation.orders.spoil(ill)

    entries = (await api.get(FEED, headers=TTD)).json()

    assert [each["shipmentId"] for each in entries] == [str(first), str(ill), str(last)]
    assert entries[1] == {
        "sequenceNumber": entries[1]["sequenceNumber"],
        "shipmentId": str(ill),
        "recipients": [],
        "status": "history_spoilt",
    }
    alone = await api.get(f"{V1}/future/shipment/{ill}", headers=TTD)
    assert (alone.status_code, alone.json()["code"]) == (500, "history_spoilt")


async def test_found_by_its_reference_such_an_order_is_named_and_hides_no_other(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    ill, well = [await lived(installation.orders, resolved()) for _ in range(2)]
    installation.orders.spoil(ill)

    answer = await api.get(f"{V1}/orders?sendersReference=case-77", headers=TTD)

    assert [each["id"] for each in answer.json()["orders"]] == [str(well)]
    assert answer.headers["varsel-history-spoilt"] == str(ill)
