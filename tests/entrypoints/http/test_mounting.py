"""A route is served as it is described, or not at all."""

import json
import re
from dataclasses import replace

import httpx
import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from application.caller import Caller
from entrypoints.http.orders.responses import OrderAnswer
from entrypoints.http.orders.routes import cancel_order, read_order
from entrypoints.http.placing.routes import place_chain
from entrypoints.http.transport.bodies import BodyLimits
from entrypoints.http.transport.contract import Access, Reply, operation
from entrypoints.http.transport.middleware import RequestMiddleware, RequestSummary
from entrypoints.http.transport.mounting import direct, mounted, open_to_all
from entrypoints.http.transport.problems import respond
from entrypoints.http.transport.responses import Answer
from entrypoints.http.validation.rules import Rules
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.described import ROUTES
from tests.entrypoints.http.installation import SUPPORTER, TTD, V1, Installation


def test_a_route_that_nobody_watches_over_is_not_served() -> None:
    with pytest.raises(KeyError):
        list(mounted([read_order], {Access.OPEN: open_to_all}))


def test_what_is_served_by_a_method_is_described(installation: Installation) -> None:
    gate = installation.app()
    assert isinstance(gate, RequestMiddleware)
    app = gate._app
    assert isinstance(app, Litestar)
    parts_of_the_page = {"/docs/rapidoc-min.js", "/docs/favicon.svg"}
    served = {
        (re.sub(r"\{(?:order_)?(\w+):str\}", r"{\1}", route.path), method)
        for route in app.routes
        for method in route.methods
    }

    assert {
        (path, method)
        for path, method in served
        if method != "OPTIONS" and path not in parts_of_the_page
    } == {(route.path, route.method) for route in ROUTES}


def test_a_route_says_of_itself_what_its_handler_says() -> None:
    assert cancel_order.summary == "Cancel an order"
    assert cancel_order.words.startswith("To cancel an order twice is to cancel it once. Its")
    assert "\n" not in cancel_order.words


def test_what_a_handler_gives_is_the_kind_of_its_first_reply() -> None:
    assert read_order.replies[200].kind is OrderAnswer


def test_of_bytes_that_are_ready_the_description_says_what_they_are() -> None:
    @operation(
        "GET", "/figures", name="read", tag="Figures", replies={200: Reply(words="All.", kind=int)}
    )
    async def read() -> Answer:
        """What there is."""
        return Answer(200)

    assert read.replies[200].kind is int


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "headers, body, status",
    [
        (TTD | JSON, json.dumps(EMAIL_ORDER).encode(), 202),
        (TTD | JSON, b"{}", 400),
        (TTD | JSON, b"x", 400),
        (TTD | JSON | {"host": "a b"}, b"{}", 400),
        (JSON, b"{}", 401),
        (JSON | {"authorization": "Bearer nobody"}, b"{}", 403),
        (SUPPORTER | JSON, b"{}", 403),
        (TTD | JSON | {"accept": "text/html"}, b"{}", 406),
        (TTD | JSON, b" " * 5000, 413),
        (TTD, b"{}", 415),
        (JSON | {"authorization": "Bearer keyless"}, b"{}", 503),
    ],
)
async def test_what_is_answered_ahead_of_litestar_is_answered_as_by_litestar(
    installation: Installation, headers: dict[str, str], body: bytes, status: int
) -> None:
    seen: list[RequestSummary] = []
    limits = BodyLimits(max_bytes=4000)
    async with installation.client(limits=limits, observer=seen.append) as api:
        directly, by_litestar = [
            await api.post(path, content=body, headers=headers)
            for path in (f"{V1}/orders/email", f"{V1}/orders/email/")
        ]

    assert [directly.status_code, by_litestar.status_code] == [status, status]
    assert _alike(directly) == _alike(by_litestar)
    first, second = [
        (each.method, each.path, each.status, each.owner, each.code, each.reason) for each in seen
    ]
    assert first == second


async def test_what_nobody_foresaw_is_answered_ahead_of_litestar_as_by_litestar(
    installation: Installation,
) -> None:
    def fail(caller: Caller) -> Rules:
        raise LookupError(caller.owner)

    async with installation.client(rules=fail) as api:
        with capture_logs() as logs:
            directly, by_litestar = [
                await api.post(path, json=EMAIL_ORDER, headers=TTD)
                for path in (f"{V1}/orders/email", f"{V1}/orders/email/")
            ]

    assert _alike(directly) == _alike(by_litestar)
    assert by_litestar.status_code == 500
    assert len({each["where"] for each in logs}) == 1 < len(logs)


def _alike(answer: httpx.Response) -> tuple[dict[str, str], dict[str, object]]:
    """What two answers to one request have in common."""
    headers = {name: value for name, value in answer.headers.items() if name != "location"}
    return headers, {name: value for name, value in answer.json().items() if "Id" not in name}


def test_what_is_called_ahead_of_litestar_asks_for_what_is_there_at_the_start() -> None:
    with pytest.raises(KeyError, match="placing"):
        direct([place_chain], {Access.OWNER: open_to_all}, {"links": None})


def test_what_refuses_in_words_of_its_own_is_not_called_ahead_of_litestar() -> None:
    described = replace(place_chain, refusals={LookupError: respond})
    with pytest.raises(ValueError, match="placeChain"):
        direct([described], {Access.OWNER: open_to_all}, {"placing": None})
