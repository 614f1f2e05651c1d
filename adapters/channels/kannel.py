"""Text messages by a Kannel gateway (1.4 and later), at its `sendsms`.

A message is posted, with everything else about it in headers, so that no number, text or password
stands in an address; and the HTTP client never sends a POST twice by itself.

What an answer means, by what it lets us know:

| answer                                          | outcome                                       |
| ----------------------------------------------- | --------------------------------------------- |
| no connection: refused, unknown host, TLS, slow | `Deferred`: no byte of the request has left   |
| broken or too slow after that                   | `Unknown`                                     |
| 202 `0: Accepted…`, `3: Queued…`, `Sent.`       | `Accepted`, under the attempt's token         |
| 202 with other words, or longer than 4 KiB      | `Unknown`                                     |
| 400 about a denied number                       | `Rejected`, `barred`                          |
| 400 about the characters of the text            | `Rejected`, `failed`                          |
| 403 `Authorization failed…`                     | `Deferred`: it is us who are refused          |
| 403 `Not routable…`                             | `Rejected`, `failed`                          |
| 503 `Temporal failure…`                         | `Deferred`: it has no room                    |
| other 3xx and 4xx but 408                       | `Deferred`: refused before it was taken       |
| other 2xx, 408, other 5xx                       | `Unknown`: it may have got through            |

Reports come to `report_url`, one request each (`kannel_reports`); Kannel sends its user and
password as HTTP Basic, and keeps them beside every message whose report it awaits.
The text of a carrier's receipt is not asked for, since it quotes the message.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog

from adapters.channels.concurrent import as_known, entered
from application.ports.provider import (
    Accepted,
    Deferred,
    Letter,
    Memory,
    Outcome,
    Rejected,
    SmsLetter,
    Unknown,
)
from domain.channel import Channel
from domain.order.events import Failure
from domain.sms_segments import SmsEncoding, segments

log = structlog.get_logger()

_TOO_LATE: Final = Deferred("too_late")
_UNREADABLE: Final = Unknown("unreadable_answer")
_UNPRINTABLE: Final = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEPARATORS: Final = re.compile(r"[ ().-]")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_SENDER: Final = re.compile(r"(?=.*[^0-9])[A-Za-z0-9ÆØÅæøå &._-]{1,11}|\+?[0-9]{3,15}")
_IN_A_HEADER: Final = re.compile(r"[\x21-\x7e]+")
_IN_USERINFO: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=-]+")
"""What Kannel passes on as it is: it decodes nothing there, and has its own use for `%`."""

_CODINGS: Final = {SmsEncoding.GSM7: "0", SmsEncoding.UCS2: "2"}
_EVERY_REPORT: Final = "31"
_ESCAPES: Final = "&dlr=%d&at=%T&error=%#smpp#dlr_err#"
"""Which report it is, when Kannel got it, and the carrier's error code, if it gives one."""

_TAKEN: Final = re.compile(rb"0: Accepted for delivery|3: Queued for later delivery|Sent\.")
_WORDS: Final[Mapping[tuple[int, bytes], Outcome]] = {
    (400, b"Number(s) has/have been denied"): Rejected(Failure.BARRED, "number_denied"),
    (400, b"Charset or body misformed"): Rejected(Failure.FAILED, "body_refused"),
    (403, b"Authorization failed"): Deferred("credentials_refused", refuses_us=True),
    (403, b"Not routable"): Rejected(Failure.FAILED, "not_routable"),
    (503, b"Temporal failure"): Deferred("temporary_failure"),
}
_DID_NOT_TAKE: Final = range(300, 500)
_LONGEST_ANSWER: Final = 4096
_KEEP_ALIVE: Final = 15.0
_ROUNDING: Final = 1.0
"""Seconds by which the HTTP client may round a time-out up."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One letter, checked, as the gateway is to get it."""

    letter: SmsLetter
    number: str = field(repr=False)


class KannelProvider:
    """Hands text messages to the gateway, one in a request."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        username: str,
        password: str,
        report_url: str,
        report_username: str,
        report_password: str,
        clock: Callable[[], datetime],
        connections: int = 16,
        connect_timeout: float = 10.0,
        timeout: float = 30.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the gateway; nothing is opened before the first text message.

        `url` is the whole address of `sendsms`, `report_url` that of our door for its reports.

        Raises:
            ValueError: Kannel could not send what it is to send.
        """
        for each in (username, password):
            if _IN_A_HEADER.fullmatch(each) is None:
                raise ValueError("Kannel's user and password are of visible ASCII characters")
        self._name = name
        self._url = url
        self._username = username
        self._password = password
        self._report_url = _report_url(report_url, report_username, report_password)
        self._clock = clock
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._ssl_context = ssl_context
        self._places = asyncio.Semaphore(connections)
        self._opened: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def channel(self) -> Channel:
        return Channel.SMS

    @property
    def memory(self) -> Memory | None:
        return None

    @property
    def longest_hand_over(self) -> float:
        return self._timeout + _ROUNDING

    async def send(self, letters: Sequence[Letter]) -> AsyncIterator[tuple[Letter, Outcome]]:
        known = as_known(letters, self._hand_over, at_once=self._connections)
        async with aclosing(known):
            async for letter, outcome in known:
                yield letter, outcome

    async def aclose(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            await self._opened.close()

    # One request

    async def _hand_over(self, letter: Letter) -> Outcome:
        patience = (letter.send_before - self._clock()).total_seconds()
        if not await entered(self._places, within=patience):
            return _TOO_LATE
        try:
            prepared = self._prepare(letter)
            return await self._post(prepared) if isinstance(prepared, _Message) else prepared
        finally:
            self._places.release()

    def _prepare(self, letter: Letter) -> _Message | Outcome:
        now = self._clock()
        if not isinstance(letter, SmsLetter):
            return Rejected(Failure.FAILED, "wrong_channel")
        if now > letter.send_before or now >= letter.expires_at:
            return _TOO_LATE
        if letter.body.is_erased:
            return Rejected(Failure.FAILED, "content_erased")
        if not letter.body.text:
            # Kannel takes a POST without a body for something else.
            return Rejected(Failure.FAILED, "no_content")
        if _UNPRINTABLE.search(letter.body.text):
            return Rejected(Failure.FAILED, "control_character")
        if _SENDER.fullmatch(letter.sender) is None:
            return Rejected(Failure.FAILED, "invalid_sender")
        number = _SEPARATORS.sub("", letter.to.text)
        number = f"+{number[2:]}" if number.startswith("00") else number
        if _NUMBER.fullmatch(number) is None:
            return Rejected(Failure.INVALID_ADDRESS, "invalid_address")
        return _Message(letter, number)

    async def _post(self, message: _Message) -> Outcome:
        try:
            async with self._session().post(
                self._url,
                data=message.letter.body.text.encode(),
                headers=self._headers(message),
                allow_redirects=False,
            ) as response:
                answer = await _bounded(response.content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Deferred("unreachable")
        except TimeoutError:
            return Unknown("timeout")
        except (aiohttp.ClientError, OSError):
            return Unknown("lost")
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            # Only its kind: the rest of it may hold what the message says.
            because = type(error).__name__
            log.error("hand_over_failed", provider=self._name, because=because)  # noqa: TRY400
            return Unknown("unexpected")
        return _read_answer(response.status, answer, message.letter.token)

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    keepalive_timeout=_KEEP_ALIVE,
                    ssl=self._ssl_context or True,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout, connect=self._connect_timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._opened

    def _headers(self, message: _Message) -> Mapping[str, str]:
        letter = message.letter
        remaining = (letter.expires_at - self._clock()).total_seconds()
        return {
            "Content-Type": "text/plain; charset=UTF-8",
            "Accept-Encoding": "identity",
            "X-Kannel-Username": self._username,
            "X-Kannel-Password": self._password,
            "X-Kannel-From": letter.sender,
            "X-Kannel-To": message.number,
            "X-Kannel-Coding": _CODINGS[segments(letter.body.text).encoding],
            "X-Kannel-Validity": str(max(1, int(remaining // 60))),
            "X-Kannel-DLR-Mask": _EVERY_REPORT,
            "X-Kannel-DLR-Url": f"{self._report_url}?token={letter.token}{_ESCAPES}",
        }


def _report_url(url: str, username: str, password: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("Kannel reports to an address with http or https, and no user in it")
    if parts.query or parts.fragment or "%" in url or _IN_A_HEADER.fullmatch(url) is None:
        raise ValueError("Kannel reports to an address without a query and without escapes")
    for each in (username, password):
        if _IN_USERINFO.fullmatch(each) is None:
            raise ValueError("Kannel reports by a user and a password of A-Z a-z 0-9 and ._~-")
    path = parts.path or "/"
    return f"{parts.scheme}://{username}:{password}@{parts.netloc}{path}"


async def _bounded(content: aiohttp.StreamReader) -> bytes | None:
    answer = bytearray()
    async for chunk in content.iter_any():
        answer += chunk
        if len(answer) > _LONGEST_ANSWER:
            return None
    return bytes(answer)


def _read_answer(status: int, answer: bytes | None, token: str) -> Outcome:
    words = (answer or b"").strip()
    if status == HTTPStatus.ACCEPTED:
        return Accepted(token) if _TAKEN.match(words) else _UNREADABLE
    for (its_status, beginning), outcome in _WORDS.items():
        if status == its_status and words.startswith(beginning):
            return outcome
    if status in _DID_NOT_TAKE and status != HTTPStatus.REQUEST_TIMEOUT:
        return Deferred(f"http_{status}")
    return Unknown(f"http_{status}")
