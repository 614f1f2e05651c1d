"""Ask a sender's endpoint by HTTP whether to send.

Only https, and only public addresses, unless the operator names the host.
The name is resolved once, and the connection goes to the address that was judged.
No redirect is followed, and nothing is waited for longer than five seconds.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from typing_extensions import override
from yarl import URL

from adapters.conditions.public_addresses import is_public
from application.ports.send_condition import NoAnswer

SECONDS: Final = 5.0
_LARGEST: Final = 64 * 1024


class _Answer(Struct, frozen=True):
    send_notification: bool = msgspec.field(name="sendNotification")


_read = msgspec.json.Decoder(_Answer).decode


class _RefusedAddressError(Exception):
    """The host leads to an address that must not be called."""


class _JudgingResolver(AbstractResolver):
    """Resolves a host, and refuses it as a whole if one of its addresses must not be called."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        if host.lower() not in self._allowed and not all(
            is_public(str(each[4][0])) for each in found
        ):
            raise _RefusedAddressError
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=its_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for its_family, _, protocol, _, address in found
        ]

    @override
    async def close(self) -> None:
        """Nothing is held open."""


class HttpSendCondition:
    """Asks senders' endpoints, each question on a connection of its own."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        token: Callable[[str], Awaitable[str | None]] | None = None,
        seconds: float = SECONDS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Take what the operator decides.

        Args:
            allowed_hosts: hosts that may lie anywhere, and may be asked without TLS.
            token: gives the token for a host, where it expects one of ours.
            seconds: how long the whole question may take.
            ssl_context: whose certificates are trusted.
        """
        self._allowed = {each.lower() for each in allowed_hosts}
        self._token = token
        self._seconds = seconds
        self._ssl = ssl_context

    async def check(self, url: str) -> bool | NoAnswer:
        try:
            parsed = URL(url)
            host = (parsed.host or "").lower()
        except ValueError:
            return NoAnswer("malformed_address")
        if parsed.user is not None or not host:
            return NoAnswer("malformed_address")
        if parsed.scheme != "https" and not (parsed.scheme == "http" and host in self._allowed):
            return NoAnswer("not_https")
        if _is_literal(host) and host not in self._allowed and not is_public(host):
            return NoAnswer("refused_address")
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(parsed, host)
        except TimeoutError:
            return NoAnswer("timeout")
        except _RefusedAddressError:
            return NoAnswer("refused_address")
        except aiohttp.ClientConnectorDNSError as problem:
            refused = isinstance(problem.__cause__, _RefusedAddressError)
            return NoAnswer("refused_address" if refused else "host_not_found")
        except (aiohttp.ClientError, OSError, ValueError):
            return NoAnswer("not_reached")

    async def _ask(self, url: URL, host: str) -> bool | NoAnswer:
        connector = aiohttp.TCPConnector(
            resolver=_JudgingResolver(self._allowed), use_dns_cache=False, force_close=True
        )
        headers = {"Accept": "application/json"}
        token = None if self._token is None else await self._token(host)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        options: dict[str, Any] = {} if self._ssl is None else {"ssl": self._ssl}
        async with (
            aiohttp.ClientSession(
                connector=connector, trust_env=False, auto_decompress=False
            ) as session,
            session.get(url, headers=headers, allow_redirects=False, **options) as answer,
        ):
            if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return NoAnswer(f"status_{answer.status}")
            body = await answer.content.read(_LARGEST + 1)
            while len(body) <= _LARGEST and (more := await answer.content.read(_LARGEST)):
                body += more
        if len(body) > _LARGEST:
            return NoAnswer("too_large")
        try:
            return _read(body).send_notification
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return NoAnswer("not_json")


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
