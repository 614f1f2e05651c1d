"""The outermost layer: paths in any letter case, and a line in the log for each request."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

access_log = structlog.get_logger("access")

UNKNOWN: Final = "(unknown)"
"""Stands for a path that is none of ours: what a stranger wrote there is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One request that was answered; nothing in here tells of whom an order is for."""

    method: str
    path: str
    """The path's template, without what stood in its places."""
    status: int
    seconds: float
    owner: str | None


Observer: TypeAlias = Callable[[Served], None]


def log_served(served: Served) -> None:
    """Write a request into the access log."""
    access_log.info(
        "served",
        method=served.method,
        path=served.path,
        status=served.status,
        ms=round(served.seconds * 1000, 2),
        owner=served.owner,
    )


class Gate:
    """Lets requests in to the application."""

    def __init__(self, app: ASGIApp, *, observer: Observer | None) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, and tell the observer how it went."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        scope["path"] = scope["path"].lower()
        if self._observer is None:
            await self._app(scope, receive, send)
        else:
            await self._observed(self._observer, scope, receive, send)

    async def _observed(
        self, observer: Observer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        status = 0
        begun = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            caller = scope.get("user")
            observer(
                Served(
                    method=scope["method"],  # type: ignore[typeddict-item]  # it is HTTP
                    path=scope.get("path_template") or UNKNOWN,
                    status=status,
                    seconds=time.perf_counter() - begun,
                    owner=getattr(caller, "owner", None),
                )
            )
