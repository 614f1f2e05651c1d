"""How an issuer's published keys are found: its metadata (RFC 8414) names the address of its key set."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from adapters.bounded_answer import read_at_most
from adapters.foreign_json import in_utf8
from adapters.tokens.signing_keys import MOST_BYTES
from application.loopback import is_loopback

TIMEOUT: Final = 5.0

_HTTP_OK: Final = 200
_CODE: Final = re.compile(r"[a-z_]{1,40}")


class IssuerUnreachableError(Exception):
    """An issuer's keys could not be fetched, or a token; the text says why, for operators."""


class GrantRefusedError(IssuerUnreachableError):
    """An issuer gives no token for a grant; the text says with which status, and which code (RFC 6749 § 5.2)."""

    def __init__(self, status: int, code: str | None) -> None:
        super().__init__(
            f"it answered {status}" if code is None else f"it answered {status} {code}"
        )
        self.code = code


class _Metadata(msgspec.Struct):
    issuer: str
    jwks_uri: str
    token_endpoint: str | None = None


class _Refusal(msgspec.Struct):
    error: str


_decode = msgspec.json.Decoder(_Metadata).decode
_decode_refusal = msgspec.json.Decoder(_Refusal).decode


def metadata_url(kind: str, issuer: str) -> str:
    """Where an issuer of this kind publishes its metadata."""
    document = "oauth-authorization-server" if kind == "maskinporten" else "openid-configuration"
    return f"{issuer.rstrip('/')}/.well-known/{document}"


class Discovery:
    """Fetches an issuer's key set: https only, bounded in size and time, following no redirect.

    `allow_http` is for issuers on this very machine, as in development.
    """

    def __init__(
        self, *, issuer: str, url: str, allow_http: bool = False, timeout: float = TIMEOUT
    ) -> None:
        self.issuer = issuer
        self._url = url
        self._allow_http = allow_http
        self._timeout = timeout
        if not self._may_be_asked(url):
            raise ValueError("an issuer's metadata is fetched by https")

    async def fetch(self) -> bytes:
        """The key set as it is published.

        Raises:
            IssuerUnreachableError: there was no answer that could be used.
        """
        async with self._asking() as session:
            metadata = await self._metadata(session)
            if not self._may_be_asked(metadata.jwks_uri):
                raise IssuerUnreachableError("its key set is not at an https address")
            return await self._answer(session.get(metadata.jwks_uri, allow_redirects=False))

    async def ask_for_token(self, grant: Callable[[], Mapping[str, str]]) -> bytes:
        """Post a grant, made right before it is sent, to where the issuer gives tokens; its answer.

        Raises:
            IssuerUnreachableError: there was no answer that could be used.
        """
        async with self._asking() as session:
            endpoint = (await self._metadata(session)).token_endpoint
            if endpoint is None or not self._may_be_asked(endpoint):
                raise IssuerUnreachableError("it gives tokens at no https address")
            async with session.post(endpoint, data=grant(), allow_redirects=False) as answer:
                text = await _text(answer)
                if answer.status != _HTTP_OK:
                    raise GrantRefusedError(answer.status, _error_code(text))
                return in_utf8(text)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[aiohttp.ClientSession]:
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            async with aiohttp.ClientSession(
                timeout=timeout, auto_decompress=False, headers=headers
            ) as session:
                yield session
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise IssuerUnreachableError(f"it cannot be read ({type(error).__name__})") from None

    async def _metadata(self, session: aiohttp.ClientSession) -> _Metadata:
        try:
            metadata = _decode(await self._answer(session.get(self._url, allow_redirects=False)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise IssuerUnreachableError("its metadata is malformed") from None
        if metadata.issuer != self.issuer:
            raise IssuerUnreachableError("its metadata names another issuer")
        return metadata

    async def _answer(self, request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> bytes:
        async with request as answer:
            if answer.status != _HTTP_OK:
                raise IssuerUnreachableError(f"it answered {answer.status}")
            return in_utf8(await _text(answer))

    def _may_be_asked(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if not parts.hostname or parts.username is not None:
            return False
        if parts.scheme == "http":
            return self._allow_http and is_loopback(parts.hostname)
        return parts.scheme == "https"


async def _text(answer: aiohttp.ClientResponse) -> bytes:
    if (text := await read_at_most(answer.content, MOST_BYTES)) is None:
        raise IssuerUnreachableError("its answer is too large")
    return text


def _error_code(text: bytes) -> str | None:
    """The code by which a refusal says its reason; what it says beside that is not repeated."""
    try:
        code = _decode_refusal(in_utf8(text)).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return code if _CODE.fullmatch(code) else None
