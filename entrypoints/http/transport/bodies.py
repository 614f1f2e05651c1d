"""Read a request's body, within a size and a time, and make sense of it beside the loop if it is large."""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, TypeVar

from litestar.types import Receive, Scope

from entrypoints.http.transport.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    ClientGoneError,
    UnreadableLengthError,
    UnsupportedMediaTypeError,
)

T = TypeVar("T")

JSON_TYPES: Final = frozenset({"application/json"})

_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_DIGITS: Final = 18
"""Longer numbers are not read: no body is as large, and to read one costs the square of its digits."""

SHORT: Final = 16 * 1024
"""Bytes of which sense is made at once; whatever they hold, that takes a few milliseconds."""

IS_WHOLE: Final = "varsel_body_is_whole"
"""Stands in the state of a request whose body is here; nobody waits for it, and no timer is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How large a body may be, and how long it may take to arrive."""

    max_bytes: int = 1024 * 1024
    seconds: float = 15.0

    def within(self, max_bytes: int) -> "BodyLimits":
        """The same for a door that never needs as much."""
        return replace(self, max_bytes=min(self.max_bytes, max_bytes))


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
        UnreadableLengthError: it is announced in a way that nobody can read.
        BodyTooLargeError: it is announced as too large, or is found to be.
        BodyTooSlowError: it has not arrived in time.
        ClientGoneError: the client hung up.
    """
    if (announced_length(scope) or 0) > limits.max_bytes:
        raise BodyTooLargeError
    if IS_WHOLE in scope.get("state", ()):
        return await _gathered(receive, limits.max_bytes)
    try:
        async with asyncio.timeout(limits.seconds):
            return await _gathered(receive, limits.max_bytes)
    except TimeoutError:
        raise BodyTooSlowError from None


async def read_beginning(scope: Scope, receive: Receive, limits: BodyLimits) -> bytes:
    """Read the beginning of a body, as much as is allowed, and let the rest of it pass.

    Raises:
        UnreadableLengthError: it is announced in a way that nobody can read.
        BodyTooSlowError: it has not arrived in time.
        ClientGoneError: the client hung up.
    """
    announced_length(scope)
    try:
        async with asyncio.timeout(limits.seconds):
            return await _beginning(receive, limits.max_bytes)
    except TimeoutError:
        raise BodyTooSlowError from None


def announced_length(scope: Scope) -> int | None:
    """How many bytes the body is said to have (RFC 9110 § 8.6); None if nothing is said.

    Raises:
        UnreadableLengthError: it is no number, one of too many digits, or more than one.
    """
    given = [value for name, value in scope["headers"] if name == b"content-length"]
    if not given:
        return None
    if len(given) > 1 or not given[0].isdigit() or len(given[0]) > _DIGITS:
        raise UnreadableLengthError
    return int(given[0])


async def beside_the_loop(size: int, work: Callable[[], T]) -> T:
    """Do what may take long for so many bytes in a thread of its own, so that nobody waits for it.

    What is short is done at once. One thread is enough: more would not be faster, as they take turns.
    """
    if size <= SHORT:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_thread(), work)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="bodies")


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


async def _beginning(receive: Receive, max_bytes: int) -> bytes:
    beginning = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        beginning += message.get("body", b"")[: max_bytes - len(beginning)]
        if not message.get("more_body", False):
            return bytes(beginning)
