"""Raw ASGI doors for the paths that are in a hurry.

A door costs a tenth of what a handler does that Litestar calls with a request: no request object, no
dependency resolution, no response object.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from entrypoints.http.transport.errors import MethodNotAllowedError
from entrypoints.http.transport.responses import Answer

Endpoint: TypeAlias = Callable[[Scope, Receive], Awaitable[Answer]]


class Door:
    """One path, and what it does by method."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._methods = (*endpoints, "OPTIONS")

    async def open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            MethodNotAllowedError: nothing is done here by that method.
        """
        method = scope["method"]  # type: ignore[typeddict-item]  # websockets have been turned away
        if (endpoint := self._endpoints.get(method)) is not None:
            answer = await endpoint(scope, receive)
        elif method == "OPTIONS":
            answer = Answer(204, headers=((b"allow", ", ".join(sorted(self._methods)).encode()),))
        else:
            raise MethodNotAllowedError(sorted(self._methods))
        await answer(scope, receive, send)


def door(path: str, **endpoints: Endpoint) -> ASGIRouteHandler:
    """A door at a path, with what it does by method, as Litestar registers it."""
    return ASGIRouteHandler(path, copy_scope=False)(Door(endpoints).open)
