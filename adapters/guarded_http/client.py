"""Fetch what lies at an address that a stranger chose, or hand something over there.

Only https, and only public addresses, unless the operator names the host or its network.
Whose call it is, its owner, is always said, since each owner has a share of its own.
The name is resolved once, all its addresses are judged, and the connection goes to one of these.
No redirect is followed, and no more is read than asked for.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from adapters.bounded_answer import read_at_most
from adapters.guarded_http.judged_connection import connector_to
from adapters.guarded_http.owners_threads import OwnersThreads
from adapters.guarded_http.permitted_hosts import PermittedHosts, literal

T = TypeVar("T")

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host; an `OSError` if it has none."""


LookUp: TypeAlias = Callable[[str, int], Sequence[str]]
"""The same, and the thread that asks has to wait."""


def ask_system(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system's own resolver tells them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


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
        look_up: LookUp = ask_system,
    ) -> None:
        """Take what the operator decides.

        Args:
            permitted: hosts and networks that need not be public, and may be called without TLS.
            ssl_context: whose certificates are trusted.
            resolve: finds the addresses of a host; `look_up` in threads of its owner's by default.
            look_up: finds the addresses of a host, and holds its thread meanwhile.
        """
        self._permitted = PermittedHosts(permitted)
        self._ssl = ssl_context
        self._threads = OwnersThreads(look_up)
        self._resolve = resolve

    async def aclose(self) -> None:
        """Let go of the threads; look-ups that hang are not waited for."""
        self._threads.close()

    async def get(
        self, url: str, *, owner: str, headers: Mapping[str, str], seconds: float, largest: int
    ) -> tuple[int, bytes]:
        """Fetch an address for an owner: the status, and the body if the status is a success.

        Raises:
            NotFetchedError: it must not be called, or gave no answer in time, or too long a one.
        """

        async def read(answer: aiohttp.ClientResponse) -> tuple[int, bytes]:
            if not answer.ok or answer.status >= 300:  # noqa: PLR2004  # a redirect
                return answer.status, b""
            return answer.status, await _body(answer, largest)

        return await self._call("GET", url, owner, read, headers=headers, seconds=seconds)

    async def post(
        self,
        url: str,
        *,
        owner: str,
        headers: Mapping[str, str],
        body: bytes,
        seconds: float,
        largest: int = 0,
    ) -> tuple[int, bytes]:
        """Hand a body over at an address of an owner's: the status, and what a success said.

        Where `largest` is 0, nothing but the status is read.

        Raises:
            NotFetchedError: it must not be called, or gave no answer in time, or too long a one.
        """

        async def read(answer: aiohttp.ClientResponse) -> tuple[int, bytes]:
            if not largest or not answer.ok or answer.status >= 300:  # noqa: PLR2004  # a redirect
                return answer.status, b""
            return answer.status, await _body(answer, largest)

        return await self._call(
            "POST", url, owner, read, headers=headers, seconds=seconds, body=body
        )

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
        owner: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        *,
        headers: Mapping[str, str],
        seconds: float,
        body: bytes | None = None,
    ) -> T:
        parsed, host, port = self._read(url)
        try:
            async with asyncio.timeout(seconds):
                addresses = await self._addresses(owner, host, port)
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

    async def _addresses(self, owner: str, host: str, port: int) -> Sequence[str]:
        """Every address of the host, if each of them may be called."""
        if literal(host) is not None:
            found: Sequence[str] = [host]
        else:
            try:
                found = await self._found(owner, host, port)
            except (OSError, ValueError):
                found = ()
        if not found:
            raise NotFetchedError("host_not_found")
        if self._permitted.names(host) or all(self._permitted.allows(each) for each in found):
            return found
        raise NotFetchedError("refused_address")

    async def _found(self, owner: str, host: str, port: int) -> Sequence[str]:
        if self._resolve is not None:
            return await self._resolve(host, port)
        return await self._threads.addresses(owner, host, port)

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
    if (body := await read_at_most(answer.content, largest)) is None:
        raise NotFetchedError("too_large")
    return body
