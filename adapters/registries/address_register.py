"""The register of businesses' notification addresses, told of changes over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec
import structlog
from msgspec import Struct
from yarl import URL

from adapters.bounded_answer import read_at_most
from adapters.foreign_json import in_utf8
from adapters.registries.registry_http import pause
from application.phone_number import parts
from application.ports.address_register import (
    ChangeNotTaken,
    ChangeOutcome,
    ChangeRefused,
    ChangeTaken,
    ChangeUnknown,
)
from application.ports.registries import RegistryUnavailableError
from domain.channel import Channel
from domain.official_address import Place
from domain.recipient import OrganisationNumber

log = structlog.get_logger()

_SECONDS: Final = 15.0
_LARGEST: Final = 64 * 1024
_LONGEST_PAUSE: Final = 24 * 3600.0
"""Seconds after which a register is told again, whatever it asks for."""
_NO_ORGANISATION: Final = "not a valid norwegian organization number"
"""By these words the register says that it knows no such organisation."""
_NOT_NOW: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""What is answered by whoever has not looked at the change."""


class _Email(Struct, frozen=True):
    domenenavn: str
    brukernavn: str


class _Mobile(Struct, frozen=True):
    internasjonaltPrefiks: str  # noqa: N815  # the register's own spelling
    nasjonaltNummer: str  # noqa: N815  # the same


class _Alert(Struct, frozen=True, omit_defaults=True):
    epostadresse: _Email | None = None
    mobiltelefon: _Mobile | None = None


class _Identifier(Struct, frozen=True):
    type: str
    verdi: str


class _Unit(Struct, frozen=True):
    enhetsidentifikator: _Identifier


class _Contact(
    Struct,
    frozen=True,
    rename={"alert": "digitalVarslingsinformasjon", "unit": "kontaktinformasjonForEnhet"},
):
    alert: _Alert
    unit: _Unit


class _Change(Struct, frozen=True, rename={"contact": "Kontaktinformasjon"}):
    contact: _Contact


class _Answer(Struct, frozen=True, rename="camel"):
    bool_result: bool = False
    address_id: str | None = None
    details: str | None = None
    trace_id: str | None = None


_read = msgspec.json.Decoder(_Answer).decode


class HttpAddressRegister:
    """Tells the register by `/define` and `/replace/{id}`; to remove is to replace by nothing."""

    def __init__(
        self,
        url: str,
        token: Callable[[], Awaitable[str]] | None,
        *,
        seconds: float = _SECONDS,
    ) -> None:
        """Take where the register receives changes, and who gives a token to show there.

        Args:
            url: its base address; `/define` and `/replace` are below it.
            token: gives a token that holds just now; None where none is asked for.
            seconds: how long one telling may take.
        """
        self._url = URL(url.rstrip("/"))
        self._token = token
        self._seconds = seconds

    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        return await self._tell(self._url / "define", _body(organisation, place))

    async def replace(
        self, registry_id: str, organisation: OrganisationNumber, place: Place
    ) -> ChangeOutcome:
        return await self._tell(self._url / "replace" / registry_id, _body(organisation, place))

    async def remove(self, registry_id: str) -> ChangeOutcome:
        return await self._tell(self._url / "replace" / registry_id, b"")

    async def _tell(self, url: URL, body: bytes) -> ChangeOutcome:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if body:
            headers["Content-Type"] = "application/json"
        try:
            if self._token is not None:
                headers["Authorization"] = f"Bearer {await self._token()}"
        except RegistryUnavailableError:
            return ChangeNotTaken("no_token")
        try:
            async with (
                asyncio.timeout(self._seconds),
                aiohttp.ClientSession(trust_env=False, auto_decompress=False) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return await _outcome(answer)
        except aiohttp.ClientConnectorError as error:
            return ChangeNotTaken(type(error).__name__)
        except TimeoutError:
            return ChangeUnknown("timeout")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return ChangeUnknown(type(error).__name__)


async def _outcome(answer: aiohttp.ClientResponse) -> ChangeOutcome:
    if answer.status in _NOT_NOW:
        again_in = pause(answer.headers.get("Retry-After"), datetime.now(UTC))
        return ChangeNotTaken(
            f"status_{answer.status}",
            None if again_in is None else timedelta(seconds=min(again_in, _LONGEST_PAUSE)),
        )
    if answer.status != HTTPStatus.OK:
        return ChangeUnknown(f"status_{answer.status}")
    if (body := await read_at_most(answer.content, _LARGEST)) is None:
        return ChangeUnknown("too_large")
    try:
        told = _read(in_utf8(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ChangeUnknown("unreadable")
    if told.bool_result:
        return ChangeTaken(told.address_id) if told.address_id else ChangeUnknown("no_address_id")
    log.warning("address_change_refused", trace=told.trace_id)
    is_unknown = _NO_ORGANISATION in (told.details or "").lower()
    return ChangeRefused("unknown_organisation" if is_unknown else "validation_error")


def _body(organisation: OrganisationNumber, place: Place) -> bytes:
    unit = _Unit(_Identifier(type="ORGANISASJONSNUMMER", verdi=organisation))
    return msgspec.json.encode(_Change(_Contact(alert=_alert(place), unit=unit)))


def _alert(place: Place) -> _Alert:
    text = place.address.text
    if place.channel is Channel.EMAIL:
        user, _, domain = text.rpartition("@")
        return _Alert(epostadresse=_Email(domenenavn=domain, brukernavn=user))
    code, number = parts(text) or ("", text)
    return _Alert(mobiltelefon=_Mobile(internasjonaltPrefiks=f"+{code}", nasjonaltNummer=number))
