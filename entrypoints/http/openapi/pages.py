"""The OpenAPI document, and the page that shows it without a word from another host."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from entrypoints.http.transport.asgi_routes import Endpoint, door
from entrypoints.http.transport.contract import Access, Reply, Route
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

_ASSETS: Final[Mapping[str, tuple[str, bytes]]] = {
    "/docs": ("docs.html", b"text/html; charset=utf-8"),
    "/docs/rapidoc-min.js": ("rapidoc-min.js", b"text/javascript; charset=utf-8"),
    "/docs/favicon.svg": ("favicon.svg", b"image/svg+xml"),
}

ROUTES: Final = (
    Route(
        name="describeApi",
        method="GET",
        path="/openapi.json",
        access=Access.OPEN,
        tag="Service",
        summary="This document",
        replies={200: Reply(words="The API in OpenAPI 3.1.", media_type="application/json")},
    ),
    Route(
        name="showApi",
        method="GET",
        path="/docs",
        access=Access.OPEN,
        tag="Service",
        summary="This document as a page",
        replies={200: Reply(words="The page.", media_type="text/html")},
    ),
)


def documentation(document: bytes) -> list[ASGIRouteHandler]:
    """The paths of the document, the page and what the page needs."""
    folder = files("entrypoints.http.openapi") / "static"
    doors = [door("/openapi.json", GET=_always(Answer(200, document, JSON, cache=_PUBLIC)))]
    for path, (file, media_type) in _ASSETS.items():
        body = (folder / file).read_bytes()
        doors.append(
            door(path, GET=_always(Answer(200, body, media_type, (POLICY,), cache=_PUBLIC)))
        )
    return doors


def public_documents(documents: Mapping[str, bytes]) -> list[ASGIRouteHandler]:
    """Documents in JSON that are open to all, such as an issuer's keys, by their paths."""
    return [
        door(path, GET=_always(Answer(200, body, JSON, cache=_PUBLIC)))
        for path, body in documents.items()
    ]


def _always(answer: Answer) -> Endpoint:
    async def give(scope: Scope, receive: Receive) -> Answer:  # noqa: ARG001  # an endpoint
        return answer

    return give
