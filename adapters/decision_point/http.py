"""Put questions to a decision point (PDP) over HTTP, with limits to how long and how much it answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from adapters.bounded_answer import read_at_most
from adapters.decision_point.xacml import AwayError, NoAnswerError

_LARGEST: Final = 4 * 1024 * 1024
_IDLE: Final = 2.0
"""Seconds for which a connection is kept: whoever waits at its other end for longer hangs up first."""
_HEADERS: Final = {
    "Accept": "application/json",
    # What is packed could be of any size unpacked.
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
}
_MAY_BE_THE_QUESTIONS_FAULT: Final = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class DecisionPointClient:
    """Posts questions, and reads what is answered."""

    def __init__(
        self, url: str, credentials: Callable[[], Awaitable[Mapping[str, str]]], *, seconds: float
    ) -> None:
        """Take where the decision point lies, and by what it knows us.

        Args:
            url: the whole address that questions are posted to.
            credentials: gives the headers by which we are known there.
            seconds: how long one question may take.
        """
        self._url = URL(url)
        self._credentials = credentials
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, question: bytes) -> bytes:
        """What is answered to a question.

        Raises:
            NoAnswerError: nothing to this one; another may be answered.
            AwayError: nothing to anybody.
        """
        try:
            credentials = await self._credentials()
        except Exception as error:  # noqa: BLE001  # whatever it is, nothing can be asked
            raise AwayError(f"we have nothing to be known by ({type(error).__name__})") from None
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._opened().post(
                    self._url,
                    data=question,
                    headers={**_HEADERS, **credentials},
                    allow_redirects=False,
                ) as answer,
            ):
                return await _body(answer)
        except aiohttp.ClientConnectorError as error:
            raise AwayError(f"cannot be reached ({type(error).__name__})") from None
        except (OSError, aiohttp.ClientPayloadError, aiohttp.ServerConnectionError):
            # It came to no end within its time, or broke off.
            raise NoAnswerError(is_readable=False) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise AwayError(f"cannot be asked ({type(error).__name__})") from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=_IDLE),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            )
        return self._session


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    if answer.status in _MAY_BE_THE_QUESTIONS_FAULT:
        raise NoAnswerError(is_readable=False)
    if answer.status != HTTPStatus.OK:
        raise AwayError(f"answered {answer.status}")
    if (body := await read_at_most(answer.content, _LARGEST)) is None:
        raise NoAnswerError(is_readable=False)
    return body
