"""Owners look back at what was recorded of their orders."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from application.ports.provider import withheld
from domain.order.events import Failure, ReportedState
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
from tests.samples import NOON


async def placed_and_cancelled(api: httpx.AsyncClient, installation: Installation) -> str:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    order_id: str = answer.json()["orderId"]
    installation.now = NOON + timedelta(minutes=30)
    await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)
    return order_id


async def test_a_history_tells_what_happened_when_and_by_whom(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed_and_cancelled(api, installation)

    answer = await api.get(f"{V1}/orders/{order_id}/history", headers=TTD)

    told = answer.json()
    placed, cancelled = told["history"]
    assert (told["orderId"], told["count"]) == (order_id, 2)
    assert placed["event"] == "order.placed"
    assert placed["recordedBy"] == {
        "role": "owner",
        "name": "ttd",
        "organizationNumber": "991825827",
        "clientId": "client-1",
        "tokenId": "token-1",
    }
    assert cancelled["version"] == 2
    assert cancelled["recordedAt"] == "2026-09-01T10:30:00Z"
    assert cancelled["words"] == "the order was cancelled in time"


async def test_a_report_that_contradicts_what_was_reported_before_says_so(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    installation.now = NOON + timedelta(hours=2)
    await installation.dispatching.run_until_idle()
    delayed, delivered, failed = (
        ReportedState.DELAYED,
        ReportedState.DELIVERED,
        ReportedState.FAILED,
    )
    for state in (delayed, delivered, failed, delayed, delivered):
        await installation.report(state)

    history = await api.get(f"{V1}/orders/{answer.json()['orderId']}/history", headers=TTD)

    told = [
        each["words"]
        for each in history.json()["history"]
        if each["event"] == "order.delivery_reported"
    ]
    assert told == [
        "smtp reported notification 0 delayed (told)",
        "smtp reported notification 0 delivered (told)",
        "smtp reported notification 0 failed (told), which contradicts what was reported before",
    ]


async def test_what_was_handed_on_may_come_back_and_that_contradicts_nothing(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    order_id = answer.json()["orderId"]
    installation.now = NOON + timedelta(hours=2)
    await installation.dispatching.run_until_idle()

    await installation.report(ReportedState.RELAYED)
    handed_on = await status_of(api, order_id)
    await installation.report(ReportedState.FAILED, Failure.BOUNCED)

    assert handed_on == "Delivered"
    assert await status_of(api, order_id) == "Failed_Bounced"
    assert await words_of(api, order_id, "order.delivery_reported") == [
        "smtp reported notification 0 handed on to a server that reports nothing (told)",
        "smtp reported notification 0 failed: bounced (told)",
    ]


async def test_what_we_refused_ourselves_was_not_handed_over_and_the_address_is_not_blamed(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    installation.mail.answer(withheld(Failure.FAILED, "sender_invalid_address"))
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    order_id = answer.json()["orderId"]
    installation.now = NOON + timedelta(hours=2)
    await installation.dispatching.run_until_idle()

    words = await words_of(api, order_id, "order.notification_rejected")
    assert words == ["notification 0 was not handed over: failed (sender_invalid_address)"]
    assert await status_of(api, order_id) == "Failed"
    assert await words_of(api, order_id, "order.notification_attempted") == [
        "notification 0 is about to be handed to smtp, attempt 1"
    ]


async def words_of(api: httpx.AsyncClient, order_id: str, event: str) -> list[str]:
    """What the history says of one kind of event."""
    history = await api.get(f"{V1}/orders/{order_id}/history", headers=TTD)
    return [each["words"] for each in history.json()["history"] if each["event"] == event]


async def status_of(api: httpx.AsyncClient, order_id: str) -> str:
    """The status of an order's only e-mail, as the first version has it."""
    told = await api.get(f"{V1}/orders/{order_id}/notifications/email", headers=TTD)
    (only,) = told.json()["notifications"]
    status: str = only["sendStatus"]["status"]
    return status


async def test_of_two_failures_of_other_kinds_the_second_contradicts_the_first(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    installation.now = NOON + timedelta(hours=2)
    await installation.dispatching.run_until_idle()
    await installation.report(ReportedState.FAILED, Failure.BOUNCED)
    await installation.report(ReportedState.FAILED, Failure.QUARANTINED)

    history = await api.get(f"{V1}/orders/{answer.json()['orderId']}/history", headers=TTD)

    words = [each["words"] for each in history.json()["history"]]
    contradicts = "which contradicts what was reported before"
    assert [each for each in words if contradicts in each] == [
        f"smtp reported notification 0 failed: quarantined (told), {contradicts}"
    ]


async def test_an_order_is_shown_as_it_stood(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed_and_cancelled(api, installation)
    url = f"{V1}/orders/{order_id}/as-at"

    before = await api.get(url, params={"moment": "2026-09-01T12:29:00+02:00"}, headers=TTD)
    after = await api.get(url, params={"moment": "2026-09-01T10:30:00Z"}, headers=TTD)

    assert before.json()["asAt"] == "2026-09-01T10:29:00Z"
    assert before.json()["version"] == 1
    assert before.json()["shipment"]["status"] == "Order_Registered"
    assert before.json()["order"]["id"] == order_id
    assert after.json()["shipment"]["status"] == "Order_Cancelled"


async def test_before_it_was_placed_there_was_no_order(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await placed_and_cancelled(api, installation)

    answer = await api.get(f"{V1}/orders/{order_id}/as-at?moment=2026-09-01T09:59:59Z", headers=TTD)

    assert answer.status_code == 404
    assert answer.json()["code"] == "order_not_found"


@pytest.mark.parametrize(
    "query", ["", "?moment=", "?moment=yesterday", "?moment=2026-09-01T10:00:00"]
)
async def test_a_moment_has_to_be_one(
    api: httpx.AsyncClient, installation: Installation, query: str
) -> None:
    order_id = await placed_and_cancelled(api, installation)

    answer = await api.get(f"{V1}/orders/{order_id}/as-at{query}", headers=TTD)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["moment"]


@pytest.mark.parametrize("rest", ["history", "as-at?moment=2026-09-01T10:30:00Z"])
async def test_another_owners_history_is_as_absent_as_none(
    api: httpx.AsyncClient, installation: Installation, rest: str
) -> None:
    order_id = await placed_and_cancelled(api, installation)

    others = await api.get(f"{V1}/orders/{order_id}/{rest}", headers=SKD)
    nobodys = await api.get(f"{V1}/orders/{uuid4()}/{rest}", headers=SKD)

    assert others.status_code == nobodys.status_code == 404
    assert others.json() | {"traceId": ""} == nobodys.json() | {"traceId": ""}
