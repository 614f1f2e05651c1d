"""Makes Litestar's handlers of routes: each with its path, its method and whom it lets in.

A route whose kind of access nobody watches over is none: the application does not start.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from litestar import HttpMethod, Request, route
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import Scope

from entrypoints.http.transport.bodies import check_media_type
from entrypoints.http.transport.contract import Access, Body, Route
from entrypoints.http.transport.responses import Answer, JsonResponse

Door: TypeAlias = Callable[[Scope], Awaitable[object]]
"""Lets a request in, or raises what it is refused with."""
Watch: TypeAlias = Callable[[Request[Any, Any, Any]], Awaitable[None]]
"""Does so before a handler is called."""

_PLACE: Final = re.compile(r"\{(\w+)\}")
_IN_LOGS: Final[Mapping[str, str]] = {"id": "order_id"}
"""What stands in a path, as the access log has always named it."""


def mounted(routes: Iterable[Route], doors: Mapping[Access, Door]) -> Iterator[HTTPRouteHandler]:
    """Make the handlers of routes; what a path can do is told to everybody who asks."""
    by_path: dict[str, list[Route]] = {}
    for each in routes:
        by_path.setdefault(_PLACE.sub(_as_litestar, each.path), []).append(each)
    for path, several in by_path.items():
        # First: of methods that are registered after its own, Litestar's handler would not know.
        yield _options(path, several)
        for each in several:
            yield _handler(path, each, doors[each.access])


def _handler(path: str, described: Route, door: Door) -> HTTPRouteHandler:
    takes = described.takes
    is_checked = takes is not None and takes.is_checked
    return route(
        path,
        http_method=HttpMethod(described.method),
        status_code=described.status,
        before_request=_watch(door, takes if is_checked else None),
        exception_handlers=dict(described.refusals),
        response_class=JsonResponse,
        opt={"most_bytes": None if takes is None else takes.most_bytes},
    )(described.endpoint)


def _options(path: str, routes: Iterable[Route]) -> HTTPRouteHandler:
    methods = sorted({"OPTIONS", *(each.method for each in routes)})
    answer = Answer(204, headers=((b"allow", ", ".join(methods).encode()),))

    @route(path, http_method=HttpMethod.OPTIONS)
    async def tell_methods() -> Answer:
        return answer

    return tell_methods


def _as_litestar(place: re.Match[str]) -> str:
    return f"{{{_IN_LOGS.get(place[1], place[1])}:str}}"


# Litestar copies a handler with all that it holds, and what the running service is made of must not be
# copied: tasks and connections cannot be, and a copy would go its own way. Functions are not copied.


def _watch(door: Door, takes: Body | None) -> Watch:
    """See that a body is of a kind that is read there, and then who is at the door.

    That is no guard of Litestar's: before each of those it copies the handler.
    """
    accepted = frozenset() if takes is None else frozenset({*takes.media_types, *takes.also_read})

    async def watch(request: Request[Any, Any, Any]) -> None:
        if takes is not None:
            check_media_type(request.scope, accepted, may_be_missing=takes.may_be_unnamed)
        await door(request.scope)

    return watch


def given(thing: object) -> Provide:
    """What handlers are given, always the same."""

    def give() -> object:
        return thing

    return Provide(give, sync_to_thread=False)


async def open_to_all(scope: Scope) -> None:
    """Let everybody in."""
    del scope
