"""Nobody is promised anything by what was only read, unless the store confirms that it stays."""

import httpx
import pytest
from typing_extensions import override

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.order_repository import StoreUnavailableError
from tests.entrypoints.http.asking import EMAIL_ORDER, chain
from tests.entrypoints.http.installation import TTD, V1, Installation
from tests.entrypoints.http.test_instant import SMS


class CutOff(InMemoryOrderRepository):
    """Answers what it knows, and cannot say whether that stays, or is all."""

    is_cut_off = False

    @override
    async def confirm(self) -> None:
        if self.is_cut_off:
            raise StoreUnavailableError


@pytest.fixture
def orders(installation: Installation) -> CutOff:
    assert isinstance(installation.orders, CutOff)
    return installation.orders


@pytest.fixture
def installation() -> Installation:
    return Installation(repository=CutOff)


@pytest.mark.parametrize(
    "path, body", [("", chain(reminders=[])), ("/instant/sms", SMS)], ids=["order", "instant order"]
)
async def test_a_repeat_is_answered_for_when_the_order_is_certain_to_stay(
    api: httpx.AsyncClient, orders: CutOff, path: str, body: object
) -> None:
    first = await api.post(f"{V1}/future/orders{path}", json=body, headers=TTD)

    orders.is_cut_off = True
    refused = await api.post(f"{V1}/future/orders{path}", json=body, headers=TTD)
    orders.is_cut_off = False
    again = await api.post(f"{V1}/future/orders{path}", json=body, headers=TTD)

    assert [each.status_code for each in (first, refused, again)] == [201, 503, 200]
    assert "retry-after" in refused.headers


async def test_an_order_that_is_cancelled_already_is_said_to_be_when_that_is_certain_to_stay(
    api: httpx.AsyncClient, orders: CutOff
) -> None:
    body = EMAIL_ORDER | {"requestedSendTime": "2026-09-02T10:00:00Z"}
    order_id = (await api.post(f"{V1}/orders/email", json=body, headers=TTD)).json()["orderId"]
    await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)

    orders.is_cut_off = True
    refused = await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)
    orders.is_cut_off = False
    again = await api.put(f"{V1}/orders/{order_id}/cancel", headers=TTD)

    assert [each.status_code for each in (refused, again)] == [503, 200]


async def test_a_page_of_the_feed_is_given_when_what_is_on_it_is_certain_to_stay(
    api: httpx.AsyncClient, orders: CutOff
) -> None:
    feed = f"{V1}/future/shipment/feed?transitions=all"
    await api.post(f"{V1}/future/orders/instant/sms", json=SMS, headers=TTD)

    orders.is_cut_off = True
    refused = await api.get(feed, headers=TTD)
    orders.is_cut_off = False
    given = await api.get(feed, headers=TTD)

    assert [each.status_code for each in (refused, given)] == [503, 200]


async def test_there_is_no_such_order_only_when_that_is_certain_and_what_is_there_is_read(
    api: httpx.AsyncClient, orders: CutOff
) -> None:
    placed = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    orders.is_cut_off = True
    absent = "00000000-0000-4000-8000-000000000000"

    there = await api.get(f"{V1}/orders/{placed.json()['orderId']}/status", headers=TTD)
    for path in (
        f"orders/{absent}/status",
        f"future/shipment/{absent}",
        f"orders/{absent}/history",
        "orders?sendersReference=nobodys",
    ):
        refused = await api.get(f"{V1}/{path}", headers=TTD)
        assert refused.status_code == 503, path
    assert there.status_code == 200
