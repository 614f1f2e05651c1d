"""A body is read whole, and not a byte more than allowed."""

import threading
from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope

from entrypoints.http.transport.bodies import SHORT, BodyLimits, beside_the_loop, read_body
from entrypoints.http.transport.errors import BodyTooLargeError, ClientGoneError
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.installation import TTD, V1

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


@pytest.mark.parametrize("size, is_beside", [(SHORT, False), (SHORT + 1, True)])
async def test_sense_is_made_of_a_large_body_beside_the_loop(size: int, *, is_beside: bool) -> None:
    thread = await beside_the_loop(size, threading.get_ident)

    assert (thread != threading.get_ident()) == is_beside


async def test_what_is_wrong_with_a_large_body_is_told_like_any_other(
    api: httpx.AsyncClient,
) -> None:
    order = EMAIL_ORDER | {"body": "x" * SHORT, "recipients": []}
    answer = await api.post(f"{V1}/orders/email", json=order, headers=TTD)

    assert list(answer.json()["errors"]) == ["Recipients"]
