"""The registers over HTTP: each at its own paths, in its own forms, and all on one port."""

import socket
import time
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Final, Self, TypeAlias
from urllib.parse import urlencode

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from msgspec import Struct

from entrypoints.sandbox.registers import decisions, parties, trouble
from entrypoints.sandbox.registers.addresses import LARGEST_PAGE, read_moment
from entrypoints.sandbox.registers.console import CONTROL, Console
from entrypoints.sandbox.registers.errors import RefusedRequestError, UnknownError
from entrypoints.sandbox.registers.holdings import Holdings
from entrypoints.sandbox.registers.requests import json, read, refusal
from entrypoints.sandbox.registers.tokens import GRANT, GrantRefusedError, TokenIssuer
from entrypoints.sandbox.registers.trouble import Trouble, Troubles
from entrypoints.sandbox.registers.units import File
from entrypoints.sandbox.registers.write_back import WrittenBack, answered

KRR: Final = "/rest/v2/krr/hentEndringer"
ADDRESSES: Final = "/varslingsadresser/fragments/json/v1"
PARTY_REGISTER: Final = "/register/api/v1"
MAIN_UNITS: Final = "/register/api/v2/internal/parties/main-units"
DECISION: Final = "/authorization/api/v1/decision"
AUTHORIZE: Final = "/authorization/api/v1/authorize"
UNITS: Final = "/enhetsregisteret/api/{file:enheter|underenheter}/lastned/csv"
TOKEN: Final = "/token"  # noqa: S105  # a path

_KRR_SCOPE: Final = "krr:global/hentendring.read"
_PARTY_SCOPE: Final = "altinn:register/partylookup.admin"
_LARGEST_BODY: Final = 4 * 1024 * 1024
_SECONDS_TO_END: Final = 1.0
_PACKED: Final = "application/vnd.brreg.enhetsregisteret.{}.v2+gzip"
_BASE: Final = 16
_TROUBLE: Final = web.RequestKey("trouble", Trouble)

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger(__name__)


class _Changes(Struct, frozen=True, rename={"after": "fraEndringsId"}):
    after: int


class Registers:
    """Stands in for the registers on one port, until it is stopped.

    Args:
        holdings: what they hold; closed when they stop.
        host: where they listen.
        port: at which port; 0 means any that is free.
        listener: a socket that listens already, in place of both.
        tokens: tokens that are always good, beside those that are issued for grants.
        client_key: the public key by which grants must be signed (PEM), if that is judged.
        clock: tells the seconds since 1970, by which tokens run out.

    Raises:
        ValueError: the client's key is no RSA key.
    """

    def __init__(
        self,
        holdings: Holdings,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
        tokens: Collection[str] = (),
        client_key: bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.holdings = holdings
        self.troubles = Troubles()
        self._address = (host, port)
        self._listener = listener
        self._issuer = TokenIssuer(clock=clock, client_key=client_key, constant=tokens)
        self._edition = f'"{time.time_ns():x}"'
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where they listen, without a slash at its end."""
        host, port = self._address
        if self._runner is not None and self._runner.addresses:
            host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._middleware()])
        app.add_routes(
            [
                web.get("/.well-known/oauth-authorization-server", self._metadata),
                web.get("/jwk", self._keys),
                web.post(TOKEN, self._token),
                web.post(KRR, self._krr),
                web.get(ADDRESSES, self._addresses),
                web.post("/define", self._define),
                web.post("/replace/{registry_id}", self._replace),
                web.post(DECISION, self._decide),
                web.post(AUTHORIZE, self._authorize),
                web.post(f"{PARTY_REGISTER}/parties/nameslookup", self._names),
                web.get(f"{PARTY_REGISTER}/parties/identifiers", self._identifiers),
                web.post(MAIN_UNITS, self._main_units),
                web.get(UNITS, self._units),
                *Console(self.holdings, self.troubles).routes,
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SECONDS_TO_END)
        await self._runner.setup()
        if self._listener is None:
            await web.TCPSite(self._runner, *self._address).start()
        else:
            await web.SockSite(self._runner, self._listener).start()
        _log.info(
            "registers_started",
            url=self.url,
            newest_change=self.holdings.persons.newest,
            people=self.holdings.persons.generated,
            organisations=self.holdings.units.generated,
        )

    async def stop(self) -> None:
        """Listen no more; what was changed is kept where the holdings keep it."""
        if self._runner is not None:
            await self._runner.cleanup()
        self.holdings.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def answering(request: web.Request, handler: _Handler) -> web.StreamResponse:
            try:
                made = self.troubles.next(request.path)
                if made is None or request.path.startswith(CONTROL):
                    return await handler(request)
                request[_TROUBLE] = made
                return await trouble.answer(request, made, handler)
            except RefusedRequestError as problem:
                return refusal(problem)

        return answering

    # Maskinporten.

    async def _metadata(self, request: web.Request) -> web.Response:
        origin = request.url.origin()
        return web.json_response(
            {
                "issuer": f"{origin}/",
                "token_endpoint": f"{origin}{TOKEN}",
                "jwks_uri": f"{origin}/jwk",
                "grant_types_supported": [GRANT],
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        # Its tokens are read by nobody but these registers.
        return web.json_response({"keys": []})

    async def _token(self, request: web.Request) -> web.Response:
        posted = (await request.post()).items()
        form = {name: value for name, value in posted if isinstance(value, str)}
        try:
            return web.json_response(self._issuer.issue(form, f"{request.url.origin()}/"))
        except GrantRefusedError as refused:
            said = {"error": refused.code, "error_description": str(refused)}
            return web.json_response(said, status=HTTPStatus.BAD_REQUEST)

    def _demand_token(self, request: web.Request, scope: str | None = None) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        status: HTTPStatus | None = HTTPStatus.UNAUTHORIZED
        if kind.lower() == "bearer":
            status = self._issuer.refusal(token, scope)
        if status is not None:
            raise RefusedRequestError(
                status, f"a token is needed that is good for {scope or 'this'}"
            )

    # The contact and reservation register.

    async def _krr(self, request: web.Request) -> web.Response:
        self._demand_token(request, _KRR_SCOPE)
        asked = await read(request, _Changes)
        return json(self.holdings.persons.page(asked.after))

    # The register of organisations' addresses.

    async def _addresses(self, request: web.Request) -> web.Response:
        self._demand_token(request)
        asked, addresses = request.query, self.holdings.addresses
        try:
            size = int(asked.get("pageSize", LARGEST_PAGE))
            if "page" in asked:
                after = int(asked["page"], _BASE)
            else:
                after = addresses.before(read_moment(asked["since"])) if "since" in asked else 0
        except ValueError:
            why = "since is a time, pageSize a number, and page what nextPage says"
            raise RefusedRequestError(HTTPStatus.BAD_REQUEST, why) from None

        def next_page(reached: int) -> str:
            more = urlencode({"pageSize": size, "page": f"{reached:x}"})
            return f"{request.url.origin()}{ADDRESSES}?{more}"

        return json(addresses.page(after, max(size, 1), next_page))

    async def _define(self, request: web.Request) -> web.Response:
        self._demand_token(request)
        sent = await read(request, WrittenBack)
        return answered(lambda: self.holdings.define(sent.organisation, *sent.address), sent)

    async def _replace(self, request: web.Request) -> web.Response:
        self._demand_token(request)
        registry_id = request.match_info["registry_id"]
        if not await request.read():
            return answered(lambda: self.holdings.remove(registry_id))
        sent = await read(request, WrittenBack)
        return answered(
            lambda: self.holdings.replace(registry_id, sent.organisation, *sent.address), sent
        )

    # The decision point.

    async def _decide(self, request: web.Request) -> web.Response:
        asked = await request.read()
        return json(decisions.decide(asked, self.holdings.grants, takes_numbers=False))

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = await request.read()
        return json(decisions.decide(asked, self.holdings.grants, takes_numbers=True))

    # The party register.

    async def _names(self, request: web.Request) -> web.Response:
        self._demand_platform_token(request)
        with_parts = request.query.get("partyComponentOption") == "person-name"
        question = await request.read()
        try:
            return json(parties.names(question, self.holdings.name, with_parts=with_parts))
        except UnknownError as problem:
            return _invalid(problem)

    async def _identifiers(self, request: web.Request) -> web.Response:
        self._demand_platform_token(request)
        numbers = [each for each in request.query.get("orgs", "").split(",") if each]
        try:
            return json(parties.identifiers(numbers, self.holdings.units.find))
        except UnknownError as problem:
            return _invalid(problem)

    async def _main_units(self, request: web.Request) -> web.Response:
        self._demand_platform_token(request)
        question = await request.read()
        try:
            return json(parties.main_units(question, self.holdings.units.find))
        except UnknownError as problem:
            return _invalid(problem)

    def _demand_platform_token(self, request: web.Request) -> None:
        # One of any issuer will do there.
        if not request.headers.get("PlatformAccessToken"):
            self._demand_token(request, _PARTY_SCOPE)

    # The open register of organisations.

    async def _units(self, request: web.Request) -> web.StreamResponse:
        file: File = "enheter" if request.match_info["file"] == "enheter" else "underenheter"
        if request.headers.get("If-None-Match") == self._edition:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": self._edition})
        made = request.get(_TROUBLE)
        answer = web.StreamResponse(headers={"ETag": self._edition})
        answer.content_type = _PACKED.format(file.removesuffix("er"))
        await answer.prepare(request)
        for piece in self.holdings.units.packed(file):
            if made is not None and made.halve:
                await answer.write(piece[: len(piece) // 2])
                await trouble.hang_up(request)
                break
            await answer.write(piece)
        return answer


def _invalid(problem: UnknownError) -> web.Response:
    said = {
        "type": "urn:altinn:error:STD-00000",
        "code": "STD-00000",
        "title": "One or more validation errors occurred.",
        "status": HTTPStatus.BAD_REQUEST.value,
        "validationErrors": [{"code": "REG.VLD-00006", "title": str(problem), "paths": []}],
    }
    return web.Response(
        body=msgspec.json.encode(said),
        status=HTTPStatus.BAD_REQUEST,
        content_type="application/problem+json",
    )
