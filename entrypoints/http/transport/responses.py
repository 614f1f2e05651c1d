"""An answer as it leaves: status, headers and bytes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from litestar import Litestar, Request, Response
from litestar.types import Receive, Scope, Send
from msgspec import Meta, Struct
from typing_extensions import override

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

JSON: Final = b"application/json; charset=utf-8"
PROBLEM: Final = b"application/problem+json"
XML: Final = b"application/xml; charset=utf-8"
TEXT: Final = b"text/plain; charset=utf-8"

PRIVATE: Final = (b"cache-control", b"no-store")
"""What is told to one owner is kept by nobody on the way."""
NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A moment in an answer, in UTC."""

_encoder = msgspec.json.Encoder()


def in_json(content: object) -> bytes:
    """Indented JSON, as Altinn's clients are used to."""
    return msgspec.json.format(_encoder.encode(content), indent=2)


def utc(moment: datetime) -> datetime:
    """A moment as the wire tells it: with `Z`."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class Answer(Struct, frozen=True):
    """An answer, ready to be sent; it is an ASGI application."""

    status: int
    body: bytes = b""
    media_type: bytes = JSON
    headers: Headers = ()
    cache: tuple[bytes, bytes] = PRIVATE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI
        """Send the answer."""
        headers = [
            NO_SNIFFING,
            self.cache,
            (b"content-length", str(len(self.body)).encode()),
            *self.headers,
        ]
        if self.body:
            headers.append((b"content-type", self.media_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class JsonResponse(Response[Any]):
    """What a handler gives, as it leaves."""

    @override
    def to_asgi_response(  # type: ignore[override]  # any ASGI application will do
        self,
        app: Litestar | None,
        request: Request[Any, Any, Any],
        **named: Any,
    ) -> Answer:
        """Make an answer of it."""
        return as_answer(self.content, self.status_code or 200)


def as_answer(content: object, status: int) -> Answer:
    """What a handler gives, as it leaves: in JSON like every answer, and without a body if it is nothing."""
    if isinstance(content, Answer):
        return content
    return Answer(status) if content is None else told(content, status)


def told(content: object, status: int = 200, headers: Headers = ()) -> Answer:
    """An answer in JSON."""
    return Answer(status, in_json(content), headers=headers)


def left_out(spoilt: Sequence[UUID]) -> Headers:
    """Say which orders are missing in an answer, since their histories cannot be read."""
    if not spoilt:
        return ()
    return ((b"varsel-history-spoilt", ", ".join(map(str, spoilt)).encode()),)
