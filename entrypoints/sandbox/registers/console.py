"""What somebody at the console changes: what the registers hold, and what is wrong with them."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec import Struct

from entrypoints.sandbox.registers.decisions import Grant
from entrypoints.sandbox.registers.errors import RefusedRequestError, UnknownError
from entrypoints.sandbox.registers.holdings import Holdings
from entrypoints.sandbox.registers.persons import PersonChange
from entrypoints.sandbox.registers.requests import Asked, read
from entrypoints.sandbox.registers.trouble import Trouble, Troubles

CONTROL: Final = "/sandbox"
"""Below it lies what a console asks for; no register has such a path."""


class _Person(PersonChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str


class _Organisation(Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    email: str | None = None
    mobile: str | None = None
    remove: bool = False


class _Permit(Struct, frozen=True, forbid_unknown_fields=True):
    user: str
    party: str
    resource: str
    action: str = "read"
    withdrawn: bool = False


class _Trouble(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    trouble: Trouble | None = None
    """None ends it."""


class Console:
    """Obeys a console: numbers come in bodies alone, and never from a page that a browser shows."""

    def __init__(self, holdings: Holdings, troubles: Troubles) -> None:
        self._holdings = holdings
        self._troubles = troubles

    @property
    def routes(self) -> list[web.RouteDef]:
        """Where a console asks."""
        return [
            web.get(CONTROL, self._tell),
            web.post(f"{CONTROL}/person", self._change_person),
            web.post(f"{CONTROL}/organisation", self._change_organisation),
            web.post(f"{CONTROL}/permit", self._permit),
            web.post(f"{CONTROL}/trouble", self._trouble),
        ]

    async def _tell(self, _: web.Request) -> web.Response:
        holdings = self._holdings
        return web.json_response(
            {
                name: {"newest": each.newest, "told": each.told, "generated": each.generated}
                for name, each in (
                    ("person", holdings.persons),
                    ("organisation", holdings.addresses),
                )
            }
        )

    async def _change_person(self, request: web.Request) -> web.Response:
        asked = await _obeyed(request, _Person)
        try:
            change = self._holdings.change_person(asked.number, asked)
        except UnknownError as problem:
            raise RefusedRequestError(HTTPStatus.BAD_REQUEST, str(problem)) from None
        return web.json_response({"change": change})

    async def _change_organisation(self, request: web.Request) -> web.Response:
        asked = await _obeyed(request, _Organisation)
        try:
            if asked.remove:
                change = self._holdings.remove_organisation(asked.number)
            else:
                change = self._holdings.change_organisation(
                    asked.number, email=asked.email, mobile=asked.mobile
                )
        except UnknownError as problem:
            raise RefusedRequestError(HTTPStatus.BAD_REQUEST, str(problem)) from None
        return web.json_response({"change": change})

    async def _permit(self, request: web.Request) -> web.Response:
        asked = await _obeyed(request, _Permit)
        grant = Grant(asked.user, asked.party, asked.resource, asked.action)
        self._holdings.permit(grant, withdrawn=asked.withdrawn)
        return web.json_response({})

    async def _trouble(self, request: web.Request) -> web.Response:
        asked = await _obeyed(request, _Trouble)
        try:
            if asked.trouble is None:
                self._troubles.clear(asked.path)
            else:
                self._troubles.make(asked.path, asked.trouble)
        except UnknownError as problem:
            raise RefusedRequestError(HTTPStatus.BAD_REQUEST, str(problem)) from None
        return web.json_response({})


async def _obeyed(request: web.Request, kind: type[Asked]) -> Asked:
    if request.content_type != "application/json":
        raise RefusedRequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    return await read(request, kind)
