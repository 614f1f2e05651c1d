"""Fetch attachments by HTTPS from the storage that the operator allows.

At most four files at once of one owner, and sixteen over the whole process, each within a size and a
time, and all of an e-mail within a size: a relay would refuse it otherwise, after everything had been
carried there. One owner's slow storage keeps no other waiting.
"""

import asyncio
import ssl
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from adapters.guarded_http.client import GuardedClient, NotFetchedError, Resolve
from application.delivery.shares import Shares
from application.ports.attachments import NotFetched
from domain.message import Attachment
from domain.order.events import Failure

MAX_FILE: Final = 10 * 1024 * 1024
MAX_TOTAL: Final = 15 * 1024 * 1024
"""Bytes before encoding: base64 makes a third more of them, and many relays take 20 to 25 MB."""
SECONDS: Final = 30.0
_EACH: Final = 4
_TOGETHER: Final = 16
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "varsel"}

_NEVER: Final = {"malformed_address", "not_https", "refused_address"}
_FOR_NOW: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class HttpAttachments:
    """Fetches files from the hosts that are allowed, and from nowhere else."""

    def __init__(
        self,
        *,
        hosts: Collection[str],
        permitted: Collection[str] = (),
        max_file: int = MAX_FILE,
        max_total: int = MAX_TOTAL,
        seconds: float = SECONDS,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Take what the operator decides.

        Args:
            hosts: where files may lie: a host, or after a leading dot everything below one.
            permitted: hosts and networks of these that need not be public.
            max_file: bytes of one file.
            max_total: bytes of all files of one e-mail.
            seconds: how long the files of one e-mail may take.
            ssl_context: whose certificates are trusted.
            resolve: finds the addresses of a host; the system's own resolver by default.
        """
        self._hosts = [each.lower() for each in hosts]
        self._client = GuardedClient(permitted=permitted, ssl_context=ssl_context, resolve=resolve)
        self._max_file = max_file
        self._max_total = max_total
        self._seconds = seconds
        self._shares = Shares(_EACH, together=_TOGETHER)

    @property
    def longest(self) -> float:
        return self._seconds

    async def aclose(self) -> None:
        """Let go of what look-ups are made with."""
        await self._client.aclose()

    async def fetch(
        self, attachments: Sequence[Attachment], *, owner: str
    ) -> Sequence[bytes] | NotFetched:
        files: list[bytes] = []
        left = self._max_total
        try:
            async with asyncio.timeout(self._seconds):
                # One after another: memory holds one e-mail's files, and not more than are allowed.
                for each in attachments:
                    file = await self._fetch(each, owner, min(left, self._max_file))
                    if isinstance(file, NotFetched):
                        return file
                    left -= len(file)
                    files.append(file)
        except TimeoutError:
            return NotFetched("attachment_timeout")
        return files

    async def _fetch(self, attachment: Attachment, owner: str, largest: int) -> bytes | NotFetched:
        if attachment.url.is_erased:
            return NotFetched("attachment_erased", Failure.INVALID_ATTACHMENT)
        if not self._may_lie_there(attachment.url.text):
            return NotFetched("attachment_refused_host", Failure.INVALID_ATTACHMENT)
        try:
            async with self._shares.place(owner):
                status, body = await self._client.get(
                    attachment.url.text,
                    owner=owner,
                    headers=_HEADERS,
                    seconds=self._seconds,
                    largest=largest,
                )
        except NotFetchedError as error:
            code = f"attachment_{error.code}"
            if error.code == "too_large":
                return NotFetched(code, Failure.PAYLOAD_TOO_LARGE)
            return NotFetched(code, Failure.INVALID_ATTACHMENT if error.code in _NEVER else None)
        if status == HTTPStatus.OK:
            return body
        return NotFetched(f"attachment_status_{status}", _failure(status))

    def _may_lie_there(self, url: str) -> bool:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return parts.scheme == "https" and any(
            host.endswith(each) if each.startswith(".") else host == each for each in self._hosts
        )


def _failure(status: int) -> Failure | None:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Failure.PAYLOAD_TOO_LARGE
    is_for_now = status in _FOR_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return None if is_for_now else Failure.INVALID_ATTACHMENT
