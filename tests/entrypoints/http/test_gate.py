"""Every request leaves a line that names nobody an order is for."""

from dataclasses import asdict
from typing import Any
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from entrypoints.http.support.routes import PERSONS
from entrypoints.http.transport.middleware import RequestSummary, log_served
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.installation import SUPPORTER, TTD, V1, Installation
from tests.samples import KARI


async def test_an_observer_sees_the_template_the_status_and_the_owner(
    installation: Installation,
) -> None:
    seen: list[RequestSummary] = []
    async with installation.client(observer=seen.append) as api:
        await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
        await api.get(f"{V1}/orders/{uuid4()}/status", headers=TTD)
        await api.get(f"{V1}/orders?sendersReference=kari", headers=TTD)
        await api.get("/kari@example.org")
        await api.get(f"{V1}/future/shipment/{uuid4()}")

        await api.head(f"{V1}/orders?sendersReference=kari", headers=TTD)

    assert [(each.method, each.path, each.status, each.owner, each.code) for each in seen] == [
        ("POST", f"{V1}/orders/email", 202, "ttd", None),
        ("GET", f"{V1}/orders/{{order_id}}/status", 404, "ttd", "order_not_found"),
        ("GET", f"{V1}/orders", 200, "ttd", None),
        ("GET", "(unknown)", 404, None, "no_such_path"),
        ("GET", f"{V1}/future/shipment/{{order_id}}", 401, None, "token_missing"),
        ("HEAD", f"{V1}/orders", 200, "ttd", None),
    ]
    assert {(each.client, each.token) for each in seen if each.owner} == {("client-1", "token-1")}
    assert all(each.seconds > 0 for each in seen)
    assert "kari" not in str([asdict(each) for each in seen])


@pytest.mark.parametrize(
    "method, path, headers, body",
    [
        ("GET", f"{V1}/nothing", {}, None),
        ("GET", f"{V1}/orders?sendersReference=x", {}, None),
        ("GET", f"{V1}/future/shipment/{uuid4()}", TTD, None),
        ("GET", f"{V1}/metrics", TTD, None),
        ("POST", f"{V1}/orders/email", TTD, {}),
        ("DELETE", f"{V1}/orders/email", TTD, None),
        ("POST", f"{V1}/webhooks/a/resume", TTD, None),
        ("POST", f"{V1}/orders/email", TTD | {"content-length": "9" * 20}, {}),
    ],
)
async def test_the_trace_of_a_problem_is_found_in_the_log_with_its_code(
    installation: Installation, method: str, path: str, headers: dict[str, str], body: object
) -> None:
    async with installation.client(observer=log_served) as api:
        with capture_logs() as logs:
            answer = await api.request(method, path, headers=headers, json=body)

    problem = answer.json()
    found = [each for each in logs if each.get("trace_id") == problem["traceId"]]
    assert [(each["code"], each["status"]) for each in found] == [
        (problem["code"], problem["status"])
    ]


async def test_a_history_that_was_read_and_a_person_who_was_looked_up_are_on_record(
    installation: Installation,
) -> None:
    async with installation.client(observer=log_served) as api:
        placed = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
        with capture_logs() as logs:
            await api.get(f"{V1}/orders/{placed.json()['orderId']}/history", headers=TTD)
            await api.get(PERSONS, headers=SUPPORTER | {"NationalIdentityNumber": KARI.number.text})

    history, _, person = logs
    assert history["path"] == f"{V1}/orders/{{order_id}}/history"
    assert (history["owner"], history["client"], history["token"]) == ("ttd", "client-1", "token-1")
    assert (person["path"], person["owner"]) == (PERSONS, "digdir")
    assert KARI.number.text not in str(logs)
    assert placed.json()["orderId"] not in str(logs)


def test_the_access_log_has_one_line_for_each_request() -> None:
    with capture_logs() as logs:
        log_served(
            RequestSummary(
                method="GET", path="/health", status=200, seconds=0.0123, trace_id="00-a-b-00"
            )
        )

    assert logs == [
        {
            "event": "served",
            "log_level": "info",
            "method": "GET",
            "path": "/health",
            "status": 200,
            "ms": 12.3,
            "trace_id": "00-a-b-00",
        }
    ]


async def test_the_application_can_be_started_and_stopped(installation: Installation) -> None:
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    said: list[str] = []

    async def receive() -> Any:  # noqa: ANN401  # as a server asks
        return next(asked)

    async def send(message: Any) -> None:  # noqa: ANN401  # as a server is told
        said.append(message["type"])

    lifespan: Any = {"type": "lifespan", "asgi": {"version": "3.0"}}
    await installation.app()(lifespan, receive, send)

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_what_is_told_to_an_owner_is_kept_by_nobody_on_the_way(
    api: httpx.AsyncClient,
) -> None:
    for answer in (
        await api.get(f"{V1}/orders?sendersReference=case-77", headers=TTD),
        await api.get(f"{V1}/orders/{uuid4()}", headers=TTD),
        await api.get(f"{V1}/nothing"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
