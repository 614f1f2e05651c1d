"""Every request leaves a line that names nobody an order is for."""

from dataclasses import asdict
from typing import Any
from uuid import uuid4

import httpx
from structlog.testing import capture_logs

from entrypoints.http.gate import Served, log_served
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.installation import TTD, V1, Installation


async def test_an_observer_sees_the_template_the_status_and_the_owner(
    installation: Installation,
) -> None:
    seen: list[Served] = []
    async with installation.client(observer=seen.append) as api:
        await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
        await api.get(f"{V1}/orders/{uuid4()}/status", headers=TTD)
        await api.get(f"{V1}/orders?sendersReference=kari", headers=TTD)
        await api.get("/kari@example.org")
        await api.get(f"{V1}/future/shipment/{uuid4()}")

    assert [(each.method, each.path, each.status, each.owner) for each in seen] == [
        ("POST", f"{V1}/orders/email", 202, "ttd"),
        ("GET", f"{V1}/orders/{{order_id}}/status", 404, "ttd"),
        ("GET", f"{V1}/orders", 200, "ttd"),
        ("GET", "(unknown)", 404, None),
        ("GET", f"{V1}/future/shipment/{{order_id}}", 401, None),
    ]
    assert all(each.seconds > 0 for each in seen)
    assert "kari" not in str([asdict(each) for each in seen])


def test_the_access_log_has_one_line_for_each_request() -> None:
    with capture_logs() as logs:
        log_served(
            Served(method="GET", path="/health", status=200, seconds=0.0123, trace_id="00-a-b-00")
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
