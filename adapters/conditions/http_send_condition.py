"""Ask a sender's endpoint by HTTP whether to send.

Nothing is waited for longer than five seconds, and no more than 64 KiB is read.
Each owner has so many questions under way at most, and waits for itself alone.
Whatever goes wrong is told by a stable code.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct
from yarl import URL

from adapters.foreign_json import in_utf8
from adapters.guarded_http.client import (
    GuardedClient,
    LookUp,
    NotFetchedError,
    Resolve,
    ask_system,
)
from adapters.guarded_http.permitted_hosts import folded
from application.delivery.shares import Shares
from application.ports.send_condition import NoAnswer, NotYetAsked

SECONDS: Final = 5.0
_LARGEST: Final = 64 * 1024
_EACH: Final = 16
"""Questions of one owner that are under way at once."""
_TOGETHER: Final = 256
"""Questions of all owners, likewise."""
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "varsel",
}


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
        look_up: LookUp = ask_system,
    ) -> None:
        """Take what the operator decides.

        Args:
            allowed_hosts: hosts and networks that need not be public, and may be asked without TLS.
            token: gives our token for a host; asked only for those of `token_hosts`.
            token_hosts: the hosts that expect a token of ours; no other ever sees one.
            seconds: how long the whole question may take.
            ssl_context: whose certificates are trusted.
            resolve: finds the addresses of a host; `look_up` in threads of its owner's by default.
            look_up: finds the addresses of a host, and holds its thread meanwhile.
        """
        self._client = GuardedClient(
            permitted=allowed_hosts, ssl_context=ssl_context, resolve=resolve, look_up=look_up
        )
        self._shares = Shares(_EACH, together=_TOGETHER)
        self._token = token
        self._token_hosts = {folded(each) for each in token_hosts}
        self._seconds = seconds

    async def aclose(self) -> None:
        """Let go of what look-ups are made with; those that hang are not waited for."""
        await self._client.aclose()

    async def check(self, url: str, *, owner: str) -> bool | NoAnswer | NotYetAsked:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._seconds):
                    await stack.enter_async_context(self._shares.place(owner))
            except TimeoutError:
                return NotYetAsked()
            return await self._ask(url, owner)

    async def _ask(self, url: str, owner: str) -> bool | NoAnswer:
        try:
            headers = _HEADERS | await self._credentials(url)
        except Exception:  # noqa: BLE001  # whatever it is, the question cannot be asked
            return NoAnswer("no_token")
        try:
            status, body = await self._client.get(
                url, owner=owner, headers=headers, seconds=self._seconds, largest=_LARGEST
            )
        except NotFetchedError as error:
            return NoAnswer(error.code)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return NoAnswer(f"status_{status}")
        return _verdict(body)

    async def _credentials(self, url: str) -> dict[str, str]:
        try:
            parsed = URL(url, encoded=True)
            host = parsed.raw_host
        except ValueError:
            return {}
        if self._token is None or parsed.scheme != "https" or not host:
            return {}
        if folded(host) not in self._token_hosts:
            return {}
        return {"Authorization": f"Bearer {await self._token(host)}"}


def _verdict(body: bytes) -> bool | NoAnswer:
    try:
        return _read(in_utf8(body).decode()).send_notification
    except msgspec.ValidationError:
        return NoAnswer("no_verdict")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NoAnswer("not_json")
