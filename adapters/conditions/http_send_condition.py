"""Ask a sender's endpoint by HTTP whether to send.

Only https, and only public addresses, unless the operator names the host or its network.
The name is resolved once, all its addresses are judged, and the connection goes to one of these.
No redirect is followed, nothing is waited for longer than five seconds, and no more than 64 KiB is
read. Whatever goes wrong is told by a stable code.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from adapters.conditions.judged_connection import connector_to
from adapters.conditions.permitted_hosts import PermittedHosts, folded, literal
from application.ports.send_condition import NoAnswer

SECONDS: Final = 5.0
_LARGEST: Final = 64 * 1024
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "varsel",
}
_LOOK_UPS: Final = 8

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host; an `OSError` if it has none."""


class _Answer(Struct, frozen=True):
    send_notification: bool = msgspec.field(name="sendNotification")


_read = msgspec.json.Decoder(_Answer).decode


class HttpSendCondition:
    """Asks senders' endpoints, each question on a connection of its own."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        token: Callable[[str], Awaitable[str]] | None = None,
        token_hosts: Collection[str] = (),
        seconds: float = SECONDS,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Take what the operator decides.

        Args:
            allowed_hosts: hosts and networks that need not be public, and may be asked without TLS.
            token: gives our token for a host; asked only for those of `token_hosts`.
            token_hosts: the hosts that expect a token of ours; no other ever sees one.
            seconds: how long the whole question may take.
            ssl_context: whose certificates are trusted.
            resolve: finds the addresses of a host; the system's own resolver by default.
        """
        self._permitted = PermittedHosts(allowed_hosts)
        self._token = token
        self._token_hosts = {folded(each) for each in token_hosts}
        self._seconds = seconds
        self._ssl = ssl_context
        # Threads of their own: a sender's slow name server must not hold up anybody else's look-ups.
        self._threads = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="condition-name")
        self._resolve = resolve or partial(_resolve_by_system, self._threads)

    async def aclose(self) -> None:
        """Let go of the threads; look-ups that hang are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def check(self, url: str) -> bool | NoAnswer:
        try:
            parsed = URL(url)
            host, port = parsed.raw_host, parsed.port
            # As it was written: an empty user is dropped where the address is parsed.
            has_user = "@" in urlsplit(url).netloc
        except ValueError:
            return NoAnswer("malformed_address")
        if not host or not port or has_user:
            return NoAnswer("malformed_address")
        if parsed.scheme != "https" and not (
            parsed.scheme == "http" and self._permitted.names(host)
        ):
            return NoAnswer("not_https")
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._addresses(host, port)
                if isinstance(addresses, NoAnswer):
                    return addresses
                return await self._ask(parsed, host, addresses)
        except TimeoutError:
            return NoAnswer("timeout")

    async def _addresses(self, host: str, port: int) -> Sequence[str] | NoAnswer:
        """Every address of the host, if each of them may be called."""
        if literal(host) is not None:
            found: Sequence[str] = [host]
        else:
            try:
                found = await self._resolve(host, port)
            except (OSError, ValueError):
                return NoAnswer("host_not_found")
        if not found:
            return NoAnswer("host_not_found")
        if self._permitted.names(host) or all(self._permitted.allows(each) for each in found):
            return found
        return NoAnswer("refused_address")

    async def _ask(self, url: URL, host: str, addresses: Sequence[str]) -> bool | NoAnswer:
        headers = dict(_HEADERS)
        if self._token is not None and url.scheme == "https" and folded(host) in self._token_hosts:
            try:
                headers["Authorization"] = f"Bearer {await self._token(host)}"
            except Exception:  # noqa: BLE001  # whatever it is, the question cannot be asked
                return NoAnswer("no_token")
        options: dict[str, Any] = {} if self._ssl is None else {"ssl": self._ssl}
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector_to(addresses), trust_env=False, auto_decompress=False
                ) as session,
                session.get(url, headers=headers, allow_redirects=False, **options) as answer,
            ):
                if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    return NoAnswer(f"status_{answer.status}")
                body = await answer.content.read(_LARGEST + 1)
                while len(body) <= _LARGEST and (more := await answer.content.read(_LARGEST)):
                    body += more
        except aiohttp.ClientSSLError:
            return NoAnswer("tls_failed")
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            if isinstance(problem, TimeoutError):
                raise
            return NoAnswer("not_reached")
        return NoAnswer("too_large") if len(body) > _LARGEST else _verdict(body)


def _verdict(body: bytes) -> bool | NoAnswer:
    try:
        return _read(body.decode()).send_notification
    except msgspec.ValidationError:
        return NoAnswer("no_verdict")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NoAnswer("not_json")


async def _resolve_by_system(threads: ThreadPoolExecutor, host: str, port: int) -> Sequence[str]:
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(threads, ask)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
