"""HEAD says of everything that can be read what GET says, but for the content (RFC 9110 § 9.3.2)."""

import httpx
import pytest

from entrypoints.http.transport.contract import Access, Route
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.described import ROUTES
from tests.entrypoints.http.installation import HERSELF, SUPPORTER, TTD, V1, Installation
from tests.entrypoints.http.test_access import knock
from tests.entrypoints.http.test_server import said, served

READ = [route for route in ROUTES if route.method == "GET"]
CREDENTIALS = {
    Access.OWNER: TTD,
    Access.END_USER: HERSELF,
    Access.SUPPORT: SUPPORTER,
    Access.FIGURES: {"X-API-Key": "figures"},
    Access.SMS_GATEWAY: {"authorization": "Basic Z2F0ZXdheTpvcGVu"},
}


@pytest.mark.parametrize("route", READ, ids=lambda route: route.name)
@pytest.mark.parametrize("is_known", [True, False], ids=["let in", "a stranger"])
async def test_the_head_of_an_answer_is_that_of_the_whole(
    api: httpx.AsyncClient, route: Route, *, is_known: bool
) -> None:
    placed = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    await api.put(
        f"{V1}/webhooks/case-system", json={"url": "https://case.example.org/"}, headers=TTD
    )
    traced = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    headers = traced | (CREDENTIALS.get(route.access, {}) if is_known else {})

    whole = await knock(api, route, headers, placed.json()["orderId"])
    head = await knock(api, route, headers, placed.json()["orderId"], method="HEAD")

    assert (head.status_code, head.headers) == (whole.status_code, whole.headers)
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(whole.content)


async def test_nothing_follows_the_head_on_the_wire(installation: Installation) -> None:
    asking = b"HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with served(installation.app()) as port:
        answer = await said(port, asking)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 7\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_there_is_much_to_read() -> None:
    assert len(READ) > 15
