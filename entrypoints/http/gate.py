"""The outermost layer: paths in any letter case, answers that arrive, and a line in the log for each."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

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


_SHORT: Final = 64 * 1024
"""A body of so many bytes is with us before anything is answered."""
_TAKEN_IN: Final = 16 * 1024 * 1024
_SILENCE: Final = 0.25

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
        if _announces_a_long_body(scope):
            body = _LongBody(receive, send)
            receive, send = body.receive, body.send
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


def _announces_a_long_body(scope: Scope) -> bool:
    """Whether the client goes on sending whatever is answered, so that it may never see the answer."""
    is_long = False
    for name, value in scope["headers"]:
        if name == b"expect":
            return False  # it waits to be told
        if name == b"transfer-encoding" or (
            name == b"content-length" and value.isdigit() and int(value) > _SHORT
        ):
            is_long = True
    return is_long


class _LongBody:
    """Takes in what is left of a body before a refusal is sent.

    A connection that is closed on unread bytes is reset, and the client would see that
    instead of what is wrong. What comes no more, or goes on for too long, is not waited for.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_whole = False

    async def receive(self) -> HTTPReceiveMessage:
        message = cast("HTTPReceiveMessage", await self._receive())
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._is_whole:
            await self._take_in()
        await self._send(message)

    async def _take_in(self) -> None:
        left = _TAKEN_IN
        try:
            while left > 0 and not self._is_whole:
                async with asyncio.timeout(_SILENCE):
                    message = await self.receive()
                left -= len(message["body"]) if message["type"] == "http.request" else left
        except TimeoutError:
            pass
