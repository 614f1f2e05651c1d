"""The outermost layer: paths in any letter case, HEAD, answers that arrive, and a line in the log for each."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import structlog
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from entrypoints.http.transport.bodies import announced_length
from entrypoints.http.transport.errors import UnreadableLengthError
from entrypoints.http.transport.problems import answer_to
from entrypoints.http.transport.tracing import trail

access_log = structlog.get_logger("access")

UNKNOWN: Final = "(unknown)"
"""Stands for a path that is none of ours: what a stranger wrote there is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSummary:
    """One request that was answered; nothing in here tells of whom an order is for."""

    method: str
    path: str
    """The path's template, without what stood in its places."""
    status: int
    seconds: float
    owner: str | None = None
    client: str | None = None
    """The client's id, as its token has it."""
    token: str | None = None
    """The token's id, never the token."""
    trace_id: str
    """As a problem tells it to the client."""
    code: str | None = None
    """Why it was refused, as the client was told; None if it was not, or without a word."""
    reason: str | None = None
    """What no client is told."""


_SHORT: Final = 64 * 1024
"""A body of so many bytes is with us before anything is answered."""
_TAKEN_IN: Final = 16 * 1024 * 1024
_SILENCE: Final = 0.25
_HOST: Final = re.compile(rb"[A-Za-z0-9.-]+(:[0-9]+)?")
_TELLS_METHODS: Final = frozenset({204, 405})

Observer: TypeAlias = Callable[[RequestSummary], None]


def log_served(served: RequestSummary) -> None:
    """Write a request into the access log; what is not known of it is left out."""
    told = {
        "owner": served.owner,
        "client": served.client,
        "token": served.token,
        "code": served.code,
        "reason": served.reason,
    }
    access_log.info(
        "served",
        method=served.method,
        path=served.path,
        status=served.status,
        ms=round(served.seconds * 1000, 2),
        trace_id=served.trace_id,
        **{name: value for name, value in told.items() if value is not None},
    )


class RequestMiddleware:
    """Lets requests in to the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        direct: Mapping[tuple[str, str], ASGIApp] | None = None,
        observer: Observer | None,
    ) -> None:
        """Take the application, and what answers a method on a path ahead of it."""
        self._app = app
        self._direct = direct or {}
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, and tell the observer how it went."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        method = str(scope["method"])
        # The server knows by its own scope that an answer to HEAD has no body.
        scope = cast("HTTPScope", {**scope, "path": scope["path"].lower()})
        if method == "HEAD":
            scope["method"] = "GET"
        answering = _Answering(send, is_head=method == "HEAD")
        try:
            await self._let_in(scope, receive, answering.send)
        finally:
            if self._observer is not None:
                self._observer(
                    _served(scope, method, answering.status, time.perf_counter() - begun)
                )

    async def _let_in(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        try:
            is_long = _announces_a_long_body(scope)
        except UnreadableLengthError as error:
            await answer_to(error, scope)(scope, receive, send)
            return
        if is_long:
            body = _LongBody(receive, send)
            receive, send = body.receive, body.send
        app = self._direct.get((scope["method"], scope["path"]))
        if app is None or not _names_a_usual_host(scope):
            app = self._app
        await app(scope, receive, send)


def _served(scope: HTTPScope, method: str, status: int, seconds: float) -> RequestSummary:
    caller, its_trail = scope.get("user"), trail(scope)
    return RequestSummary(
        method=method,
        path=scope.get("path_template") or UNKNOWN,
        status=status,
        seconds=seconds,
        owner=getattr(caller, "owner", None),
        client=getattr(caller, "client_id", None),
        token=getattr(caller, "token_id", None),
        trace_id=its_trail.trace_id,
        code=its_trail.code,
        reason=its_trail.reason,
    )


class _Answering:
    """An answer on its way; of one to HEAD everything but the body leaves (RFC 9110 § 9.3.2)."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self._send = send
        self._is_head = is_head
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status in _TELLS_METHODS:
                message["headers"] = [_with_head(each) for each in message["headers"]]
        elif self._is_head and message["type"] == "http.response.body":
            message["body"] = b""
        await self._send(message)


def _with_head(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Of the methods that a path allows, HEAD is one wherever GET is."""
    name, value = header
    methods = value.split(b", ")
    if name.lower() != b"allow" or b"GET" not in methods or b"HEAD" in methods:
        return header
    return name, b", ".join(sorted([*methods, b"HEAD"]))


def _announces_a_long_body(scope: Scope) -> bool:
    """Whether the client goes on sending whatever is answered, so that it may never see the answer."""
    names = [name for name, _ in scope["headers"]]
    if b"expect" in names:
        return False  # it waits to be told
    return b"transfer-encoding" in names or (announced_length(scope) or 0) > _SHORT


def _names_a_usual_host(scope: Scope) -> bool:
    """Whether the host is named as it usually is; what is more than that, Litestar judges."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


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
