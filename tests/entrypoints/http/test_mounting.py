"""A route is served as it is described, or not at all."""

import re

import pytest
from litestar import Litestar

from entrypoints.http.orders.responses import OrderAnswer
from entrypoints.http.orders.routes import cancel_order, read_order
from entrypoints.http.transport.contract import Access, Reply, operation
from entrypoints.http.transport.middleware import RequestMiddleware
from entrypoints.http.transport.mounting import mounted, open_to_all
from entrypoints.http.transport.responses import Answer
from tests.entrypoints.http.described import ROUTES
from tests.entrypoints.http.installation import Installation


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
