"""What Litestar's handlers cost where orders are placed, beside a raw ASGI route that does the same.

Both read, place and answer by the same code, over an application in memory: what a database takes
would only hide the difference. The processor's time is measured, so that neighbours count for nothing.
"""

import gc
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Litestar, Request
from litestar.handlers import ASGIRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from adapters.memory.installation import InMemoryInstallation
from application.assembly import Application, Policy, assemble
from application.caller import CREATE, Caller, EndUser
from application.ports.token_verifier import NotAPersonError
from application.turns import OwnersTurns
from benchmarks.asking import API, to
from benchmarks.figures import Figure
from entrypoints.http.app import create_app
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.intake import Placing
from entrypoints.http.transport.authentication import Authenticator
from entrypoints.http.transport.bodies import JSON_TYPES, BodyLimits, check_media_type
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.middleware import RequestMiddleware
from entrypoints.http.transport.problems import respond
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
    """The cost of placing a chain at a handler, as a ratio to that at a raw route."""
    handler: list[float] = []
    raw: list[float] = []
    for number in range(ROUNDS):
        sides = [(handler, _by_handler), (raw, _by_raw_route)]
        for costs, app in sides if number % 2 else reversed(sides):
            costs.append(await _cost(app(_application())) * 1e6)
    return [
        Figure(
            name="placing at a handler, over a store in memory",
            unit="µs",
            rounds=handler,
            beside=raw,
            yardstick="a raw ASGI route",
        )
    ]


def _application() -> Application:
    return assemble(InMemoryInstallation(clock=_now).ports, Policy())


def _now() -> datetime:
    return datetime.now(UTC)


def _rules(caller: Caller) -> Rules:
    return Rules(owner=caller.owner, email_sender="post@example.org", sms_sender="Varsel")


def _by_handler(application: Application) -> ASGIApp:
    return create_app(
        application=application,
        verifier=Anybody(),
        rules=_rules,
        clock=_now,
        base_url=BASE_URL,
        webhook_key=bytes(32),
    )


def _by_raw_route(application: Application) -> ASGIApp:
    authenticator = Authenticator(Anybody(), BASE_URL)
    placing = Placing(
        ordering=application.ordering,
        instant=application.instant,
        rules=_rules,
        links=Links(BASE_URL),
        limits=BodyLimits(),
        turns=OwnersTurns(),
    )

    async def place(scope: Scope, receive: Receive, send: Send) -> None:
        check_media_type(scope, JSON_TYPES, may_be_missing=False)
        await authenticator.authenticate(scope)
        request = Request[Caller, Any, Any](scope, receive)
        answer = await placing.chain(read_chain, request)
        await answer(scope, receive, send)

    app = Litestar(
        route_handlers=[ASGIRouteHandler(PATH, copy_scope=False)(place)],
        exception_handlers={Exception: respond},
        openapi_config=None,
        logging_config=None,
    )
    return RequestMiddleware(app, observer=None)


async def _cost(app: ASGIApp) -> float:
    """Seconds of the processor for each order."""
    bodies = [
        json.dumps({"idempotencyId": str(each), "recipient": to("kari@example.org")}).encode()
        for each in range(ORDERS)
    ]
    gc.collect()
    begun = time.process_time()
    for body in bodies:
        await _ask(app, body)
    return (time.process_time() - begun) / ORDERS


async def _ask(app: ASGIApp, body: bytes) -> None:
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
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
