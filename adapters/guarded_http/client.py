"""Fetch what lies at an address that a stranger chose, or hand something over there.

Only https, and only public addresses, unless the operator names the host or its network.
The name is resolved once, all its addresses are judged, and the connection goes to one of these.
No redirect is followed, and no more is read than asked for.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from adapters.guarded_http.judged_connection import connector_to
from adapters.guarded_http.permitted_hosts import PermittedHosts, literal

T = TypeVar("T")

_LOOK_UPS: Final = 8

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host; an `OSError` if it has none."""


class NotFetchedError(Exception):
    """There is no answer, or nobody was called; `code` says why, and never where.

    `malformed_address`, `not_https`, `host_not_found`, `refused_address`, `tls_failed`,
    `not_reached`, `timeout` or `too_large`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GuardedClient:
    """Calls strangers' addresses, each time on a connection of its own."""

    def __init__(
        self,
        *,
        permitted: Collection[str] = (),
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Take what the operator decides.

        Args:
            permitted: hosts and networks that need not be public, and may be called without TLS.
            ssl_context: whose certificates are trusted.
            resolve: finds the addresses of a host; the system's own resolver by default.
        """
        self._permitted = PermittedHosts(permitted)
        self._ssl = ssl_context
        # Threads of their own: a stranger's slow name server must not hold up anybody else's look-ups.
        self._threads = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="guarded-name")
        self._resolve = resolve or partial(_resolve_by_system, self._threads)

    async def aclose(self) -> None:
        """Let go of the threads; look-ups that hang are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def get(
        self, url: str, *, headers: Mapping[str, str], seconds: float, largest: int
    ) -> tuple[int, bytes]:
        """Fetch an address: the status, and the body if the status is a success.

        Raises:
            NotFetchedError: it must not be called, or gave no answer in time, or too long a one.
        """

        async def read(answer: aiohttp.ClientResponse) -> tuple[int, bytes]:
            if not answer.ok or answer.status >= 300:  # noqa: PLR2004  # a redirect
                return answer.status, b""
            return answer.status, await _body(answer, largest)

        return await self._call("GET", url, read, headers=headers, seconds=seconds)

    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> int:
        """Hand a body over at an address: the status; what the answer says beside it is not read.

        Raises:
            NotFetchedError: it must not be called, or gave no answer in time.
        """

        async def read(answer: aiohttp.ClientResponse) -> int:
            return answer.status

        return await self._call("POST", url, read, headers=headers, seconds=seconds, body=body)

    def check(self, url: str) -> None:
        """Look at an address as it is written, and call nobody.

        Raises:
            NotFetchedError: it must not be called, wherever it leads.
        """
        self._read(url)

    async def _call(
        self,
        method: str,
        url: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        *,
        headers: Mapping[str, str],
        seconds: float,
        body: bytes | None = None,
    ) -> T:
        parsed, host, port = self._read(url)
        try:
            async with asyncio.timeout(seconds):
                addresses = await self._addresses(host, port)
                return await self._ask(method, parsed, addresses, read, headers=headers, data=body)
        except TimeoutError:
            raise NotFetchedError("timeout") from None

    def _read(self, url: str) -> tuple[URL, str, int]:
        try:
            parsed = URL(url, encoded=True)
            host, port = parsed.raw_host, parsed.port
            # As it was written: an empty user is dropped where the address is parsed.
            has_user = "@" in urlsplit(url).netloc
        except ValueError:
            raise NotFetchedError("malformed_address") from None
        if not host or not port or has_user:
            raise NotFetchedError("malformed_address")
        is_permitted_in_clear = parsed.scheme == "http" and self._permitted.names(host)
        if parsed.scheme != "https" and not is_permitted_in_clear:
            raise NotFetchedError("not_https")
        return parsed, host, port

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Every address of the host, if each of them may be called."""
        if literal(host) is not None:
            found: Sequence[str] = [host]
        else:
            try:
                found = await self._resolve(host, port)
            except (OSError, ValueError):
                found = ()
        if not found:
            raise NotFetchedError("host_not_found")
        if self._permitted.names(host) or all(self._permitted.allows(each) for each in found):
            return found
        raise NotFetchedError("refused_address")

    async def _ask(
        self,
        method: str,
        url: URL,
        addresses: Sequence[str],
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        **options: Any,  # noqa: ANN401  # any of a request
    ) -> T:
        if self._ssl is not None:
            options["ssl"] = self._ssl
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector_to(addresses), trust_env=False, auto_decompress=False
                ) as session,
                session.request(method, url, allow_redirects=False, **options) as answer,
            ):
                return await read(answer)
        except aiohttp.ClientSSLError:
            raise NotFetchedError("tls_failed") from None
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            if isinstance(problem, TimeoutError):
                raise
            raise NotFetchedError("not_reached") from None


async def _body(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    if answer.content_length is not None and answer.content_length > largest:
        raise NotFetchedError("too_large")
    body = bytearray()
    while more := await answer.content.read(64 * 1024):
        body += more
        if len(body) > largest:
            raise NotFetchedError("too_large")
    return bytes(body)


async def _resolve_by_system(threads: ThreadPoolExecutor, host: str, port: int) -> Sequence[str]:
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(threads, ask)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
