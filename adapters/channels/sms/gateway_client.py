"""Requests to an SMS gateway over HTTP, each sent once, and what is known when one goes wrong.

| what goes wrong                                 | outcome                                     |
| ----------------------------------------------- | ------------------------------------------- |
| no connection: refused, unknown host, TLS, slow | `Deferred`: no byte of the request has left |
| broken or too slow after that                   | `Unknown`                                   |
| HTTP 3xx, 4xx but 408, and no better word       | `Deferred`: refused before it was taken     |
| HTTP 401, 403, and no better word               | `Deferred`: it is us who are refused        |
| any other status that is no success             | `Unknown`: it may have got through          |
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp.connector import AddrInfoType

from adapters.bounded_answer import read_at_most
from adapters.channels.concurrent import entered
from adapters.channels.forgetting import FORGETTING
from adapters.channels.own_faults import UNEXPECTED, note_fault
from application.ports.provider import HandoverDeferred, HandoverUnknown, Trouble

_DID_NOT_TAKE: Final = range(300, 500)
_REFUSES_US: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_KEEP_ALIVE: Final = 15.0
_ROUNDING: Final = 1.0
"""Seconds by which the HTTP client may round a time-out up."""


def _letting_go(found: AddrInfoType) -> socket.socket:
    """A socket that is let go of with whatever the system still had to send through it.

    What is given up must not arrive later, when a network that was cut is whole again.
    """
    family, kind, protocol, _, _ = found
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FORGETTING)
    return made


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway answered."""

    status: int
    body: bytes | None
    """None where it is longer than any answer of that gateway, or is not asked for."""

    @property
    def by_status(self) -> HandoverDeferred | HandoverUnknown:
        """What the status alone lets us know, where it is no success."""
        if self.status in _REFUSES_US:
            return HandoverDeferred(f"http_{self.status}", Trouble.REFUSES_US)
        did_not_take = self.status in _DID_NOT_TAKE and self.status != HTTPStatus.REQUEST_TIMEOUT
        return (HandoverDeferred if did_not_take else HandoverUnknown)(f"http_{self.status}")


class GatewayClient:
    """Posts to one address of a gateway, so many requests at once."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        connections: int,
        connect_timeout: float,
        timeout: float,
        longest_answer: int,
        reads: range = range(1000),
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the gateway; nothing is opened before the first request.

        `reads` are the statuses whose bodies say something.
        """
        self._name = name
        self._url = url
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._longest_answer = longest_answer
        self._reads = reads
        self._ssl_context = ssl_context
        self._places = asyncio.Semaphore(connections)
        self._opened: aiohttp.ClientSession | None = None

    @property
    def longest_request(self) -> float:
        """After so many seconds a request has ended one way or another."""
        return self._timeout + _ROUNDING

    @asynccontextmanager
    async def place(self, *, within: float) -> AsyncIterator[bool]:
        """Wait so many seconds for one of the connections to be free, and tell whether one is."""
        is_free = await entered(self._places, within=within)
        try:
            yield is_free
        finally:
            if is_free:
                self._places.release()

    async def post(
        self, body: bytes, headers: Mapping[str, str]
    ) -> Answer | HandoverDeferred | HandoverUnknown:
        """Post a request, once; what raises, and what comes without end, is an outcome too."""
        try:
            async with self._session().post(
                self._url,
                data=body,
                headers={**headers, "Accept-Encoding": "identity"},
                allow_redirects=False,
            ) as response:
                is_read = response.status in self._reads
                return Answer(
                    response.status,
                    await read_at_most(response.content, self._longest_answer) if is_read else None,
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return HandoverDeferred("unreachable")
        except TimeoutError:
            return HandoverUnknown("timeout")
        except (aiohttp.ClientError, OSError):
            return HandoverUnknown("lost")
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            note_fault(self._name, error)
            return HandoverUnknown(UNEXPECTED, Trouble.ELSEWHERE)

    async def aclose(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    keepalive_timeout=_KEEP_ALIVE,
                    ssl=self._ssl_context or True,
                    socket_factory=_letting_go,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout, connect=self._connect_timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._opened
