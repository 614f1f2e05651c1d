"""Read a request's body, within a size and a time."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from litestar.types import Receive, Scope

from entrypoints.http.refusals import (
    BodyTooLargeError,
    BodyTooSlowError,
    ClientGoneError,
    UnsupportedMediaTypeError,
)

JSON_TYPES: Final = frozenset({"application/json"})
XML_TYPES: Final = frozenset({"application/xml", "text/xml", "text/plain"})

_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How large a body may be, and how long it may take to arrive."""

    max_bytes: int = 1024 * 1024
    seconds: float = 15.0


def check_media_type(scope: Scope, accepted: Collection[str], *, may_be_missing: bool) -> None:
    """See that a body is of a kind that is read here.

    Raises:
        UnsupportedMediaTypeError: it is not, or it says so twice, or it is compressed.
    """
    given: str | None = None
    for name, value in scope["headers"]:
        if name == b"content-type":
            if given is not None:
                raise UnsupportedMediaTypeError
            given = value.decode("latin-1")
        elif name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise UnsupportedMediaTypeError
    if given is None:
        if not may_be_missing:
            raise UnsupportedMediaTypeError
    elif given not in accepted and not _is_accepted(given, accepted):
        raise UnsupportedMediaTypeError


def _is_accepted(given: str, accepted: Collection[str]) -> bool:
    media_type, *parameters = given.split(";")
    if media_type.strip().lower() not in accepted:
        return False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower() in _CHARSETS
    return True


async def read_body(scope: Scope, receive: Receive, limits: BodyLimits) -> bytes:
    """Read the whole body, and not a byte more than allowed.

    Raises:
        BodyTooLargeError: it is announced as too large, or is found to be.
        BodyTooSlowError: it has not arrived in time.
        ClientGoneError: the client hung up.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limits.max_bytes:
            raise BodyTooLargeError
    try:
        async with asyncio.timeout(limits.seconds):
            return await _gathered(receive, limits.max_bytes)
    except TimeoutError:
        raise BodyTooSlowError from None


async def _gathered(receive: Receive, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        chunk = message.get("body", b"")
        length += len(chunk)
        if length > max_bytes:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)
