"""The OpenAPI document, and the page that shows it without a word from another host."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from entrypoints.http.transport.contract import Access, Reply, operation
from entrypoints.http.transport.responses import JSON, Answer

POLICY: Final = (
    b"content-security-policy",
    (
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'"
    ),
)
_PUBLIC: Final = (b"cache-control", b"public, max-age=300")

_HTML: Final = b"text/html; charset=utf-8"
_ASSETS: Final[Mapping[str, tuple[str, bytes]]] = {
    "/docs/rapidoc-min.js": ("rapidoc-min.js", b"text/javascript; charset=utf-8"),
    "/docs/favicon.svg": ("favicon.svg", b"image/svg+xml"),
}


@operation(
    "GET",
    "/openapi.json",
    name="describeApi",
    access=Access.OPEN,
    tag="Service",
    replies={200: Reply(words="The API in OpenAPI 3.1.", media_type="application/json")},
)
async def describe_api(description: NamedDependency[bytes]) -> Answer:
    """This document."""
    return Answer(200, description, JSON, cache=_PUBLIC)


@operation(
    "GET",
    "/docs",
    name="showApi",
    access=Access.OPEN,
    tag="Service",
    replies={200: Reply(words="The page.", media_type="text/html")},
)
async def show_api() -> Answer:
    """This document as a page."""
    return Answer(200, _asset("docs.html"), _HTML, (POLICY,), cache=_PUBLIC)


ROUTES: Final = (describe_api, show_api)


def what_the_page_needs() -> list[HTTPRouteHandler]:
    """The parts of the page, which are no operations."""
    return [
        _always(path, Answer(200, _asset(file), media_type, (POLICY,), cache=_PUBLIC))
        for path, (file, media_type) in _ASSETS.items()
    ]


def public_documents(documents: Mapping[str, bytes]) -> list[HTTPRouteHandler]:
    """Documents in JSON that are open to all, such as an issuer's keys, by their paths."""
    return [
        _always(path, Answer(200, body, JSON, cache=_PUBLIC)) for path, body in documents.items()
    ]


@cache
def _asset(file: str) -> bytes:
    return (files("entrypoints.http.openapi") / "static" / file).read_bytes()


def _always(path: str, answer: Answer) -> HTTPRouteHandler:
    @get(path)
    async def give() -> Answer:
        return answer

    return give
