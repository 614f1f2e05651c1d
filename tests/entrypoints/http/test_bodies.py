"""A body is read whole, and not a byte more than allowed."""

from typing import Any

import pytest
from litestar.types import Receive, Scope

from entrypoints.http.bodies import BodyLimits, read_body
from entrypoints.http.refusals import BodyTooLargeError, ClientGoneError

LIMITS = BodyLimits(max_bytes=10, seconds=1)


def saying(*messages: dict[str, object]) -> Receive:
    waiting = iter(messages)

    async def receive() -> Any:  # noqa: ANN401  # messages as a server sends them
        return next(waiting)

    return receive


def part(body: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


def scope() -> Scope:
    bare: Any = {"type": "http", "headers": []}
    its_scope: Scope = bare
    return its_scope


async def test_a_body_comes_in_parts() -> None:
    receive = saying(part(b"one ", more=True), part(b"", more=True), part(b"body", more=False))

    assert await read_body(scope(), receive, LIMITS) == b"one body"


async def test_the_part_that_is_too_much_is_the_last_that_is_read() -> None:
    receive = saying(part(b"x" * 10, more=True), part(b"x", more=True))

    with pytest.raises(BodyTooLargeError):
        await read_body(scope(), receive, LIMITS)


async def test_half_a_body_is_none() -> None:
    receive = saying(part(b"half", more=True), {"type": "http.disconnect"})

    with pytest.raises(ClientGoneError):
        await read_body(scope(), receive, LIMITS)
