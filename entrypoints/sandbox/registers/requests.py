"""How requests to the stand-ins are read, and what all of their answers have in common."""

from http import HTTPStatus
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from entrypoints.sandbox.registers.errors import RefusedRequestError

Asked = TypeVar("Asked", bound=Struct)


async def read(request: web.Request, kind: type[Asked]) -> Asked:
    """The body of a request.

    Raises:
        RefusedRequestError: it is not what is asked for.
    """
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RefusedRequestError(
            HTTPStatus.BAD_REQUEST, "the body is not what is asked for here"
        ) from None


def json(body: bytes, *, status: int = HTTPStatus.OK) -> web.Response:
    """An answer that is JSON already."""
    return web.Response(body=body, status=status, content_type="application/json")


def refusal(problem: RefusedRequestError) -> web.Response:
    """How a request is refused."""
    return json(msgspec.json.encode({"detail": str(problem)}), status=problem.status)
