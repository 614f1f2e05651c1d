"""What Litestar costs where orders are placed, beside what answers ahead of it from the same description.

Both are the same application, over a store in memory: what a database takes would only hide the
difference. A slash at the end of the path, and Litestar is asked. The processor's time is measured, so
that neighbours count for nothing.
"""

import gc
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from litestar.types import ASGIApp, HTTPScope, Message

from adapters.memory.installation import InMemoryInstallation
from application.assembly import Application, Policy, assemble
from application.caller import CREATE, Caller, EndUser
from application.ports.token_verifier import NotAPersonError
from benchmarks.asking import API, to
from benchmarks.figures import Figure
from entrypoints.http.app import create_app
from entrypoints.http.validation.rules import Rules

PATH: Final = f"{API}/future/orders"
BASE_URL: Final = "https://varsel.example"
ROUNDS: Final = 15
ORDERS: Final = 400
TTD: Final = Caller(owner="ttd", scopes=frozenset({CREATE}))


class Anybody:
    """Takes whoever calls for one owner."""

    async def verify(
        self, *, authorization: Sequence[str], platform_access_token: Sequence[str]
    ) -> Caller:
        """Ask nothing."""
        del authorization, platform_access_token
        return TTD

    async def verify_person(self, *, authorization: Sequence[str]) -> EndUser:
        """Know nobody who logged in."""
        del authorization
        raise NotAPersonError("owner")


async def measure() -> Sequence[Figure]:
    """The cost of placing a chain by way of Litestar, as a ratio to that ahead of it."""
    by_litestar: list[float] = []
    directly: list[float] = []
    for number in range(ROUNDS):
        sides = [(by_litestar, f"{PATH}/"), (directly, PATH)]
        for costs, path in sides if number % 2 else reversed(sides):
            costs.append(await _cost(_api(_application()), path) * 1e6)
    return [
        Figure(
            name="placing by way of Litestar, over a store in memory",
            unit="µs",
            rounds=by_litestar,
            beside=directly,
            yardstick="ahead of Litestar",
        )
    ]


def _application() -> Application:
    return assemble(InMemoryInstallation(clock=_now).ports, Policy())


def _now() -> datetime:
    return datetime.now(UTC)


def _rules(caller: Caller) -> Rules:
    return Rules(owner=caller.owner, email_sender="post@example.org", sms_sender="Varsel")


def _api(application: Application) -> ASGIApp:
    return create_app(
        application=application,
        verifier=Anybody(),
        rules=_rules,
        clock=_now,
        base_url=BASE_URL,
        webhook_key=bytes(32),
    )


async def _cost(app: ASGIApp, path: str) -> float:
    """Seconds of the processor for each order."""
    bodies = [
        json.dumps({"idempotencyId": str(each), "recipient": to("kari@example.org")}).encode()
        for each in range(ORDERS)
    ]
    gc.collect()
    begun = time.process_time()
    for body in bodies:
        await _ask(app, path, body)
    return (time.process_time() - begun) / ORDERS


async def _ask(app: ASGIApp, path: str, body: bytes) -> None:
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"varsel.example"),
            (b"authorization", b"Bearer token"),
            (b"content-type", b"application/json"),
        ],
        "client": None,
        "server": None,
        "state": {},
    }
    its_scope: HTTPScope = scope
    statuses: list[object] = []

    async def receive() -> Any:  # noqa: ANN401  # as ASGI has it
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    await app(its_scope, receive, send)
    if statuses[0] != 201:  # noqa: PLR2004  # that of an order which is recorded
        raise RuntimeError(f"an order was not placed: {statuses[0]}")
