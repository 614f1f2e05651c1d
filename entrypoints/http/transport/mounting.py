"""Makes Litestar's handlers of routes: each with its path, its method and whom it lets in.

A route whose kind of access nobody watches over is none: the application does not start.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from litestar import HttpMethod, Request, route
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.transport.bodies import check_media_type
from entrypoints.http.transport.contract import Access, Route
from entrypoints.http.transport.problems import answer_to
from entrypoints.http.transport.responses import Answer, JsonResponse, as_answer

Door: TypeAlias = Callable[[Scope], Awaitable[object]]
"""Lets a request in, or raises what it is refused with."""
Direct: TypeAlias = Mapping[tuple[str, str], ASGIApp]
"""What answers a method on a path ahead of Litestar."""

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
    takes, enter = described.takes, _entrance(described, door)

    async def watch(request: Request[Any, Any, Any]) -> None:
        await enter(request.scope)

    return route(
        path,
        http_method=HttpMethod(described.method),
        status_code=described.status,
        before_request=watch,
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


def _entrance(described: Route, door: Door) -> Door:
    """See that a body is of a kind that is read there, and then who is at the door.

    That is no guard of Litestar's: before each of those it copies the handler.
    """
    takes = described.takes
    if takes is None or not takes.is_checked:
        return door
    accepted = frozenset({*takes.media_types, *takes.also_read})
    may_be_missing = takes.may_be_unnamed

    async def enter(scope: Scope) -> None:
        check_media_type(scope, accepted, may_be_missing=may_be_missing)
        await door(scope)

    return enter


def direct(
    routes: Iterable[Route], doors: Mapping[Access, Door], things: Mapping[str, object]
) -> Direct:
    """Make of the routes that say so what answers them ahead of Litestar, from the same description.

    Litestar serves them, too: it knows the methods of their paths, and takes what is written unusually.
    """
    return {
        (each.method, each.path.lower()): _directly(each, doors[each.access], things)
        for each in routes
        if each.is_direct
    }


def _directly(described: Route, door: Door, things: Mapping[str, object]) -> ASGIApp:
    path, status, endpoint = described.path, described.status, described.endpoint
    if described.refusals:
        raise ValueError(f"{described.name} refuses in words of its own, which Litestar looks up")
    enter = _entrance(described, door)
    asked_for = inspect.signature(endpoint).parameters.keys() - {"request"}
    gifts = {name: things[name] for name in asked_for}

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        scope["path_template"] = path
        try:
            await enter(scope)
            answer = as_answer(await endpoint(Request(scope, receive), **gifts), status)
        except Exception as error:  # noqa: BLE001  # each has its answer
            answer = answer_to(error, scope)
        await answer(scope, receive, send)

    return handle


def given(thing: object) -> Provide:
    """What handlers are given, always the same."""

    def give() -> object:
        return thing

    return Provide(give, sync_to_thread=False)


async def open_to_all(scope: Scope) -> None:
    """Let everybody in."""
    del scope
