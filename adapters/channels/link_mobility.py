"""Text messages by LINK Mobility's XML gateway.

What an answer means, by what it lets us know:

| answer                                          | outcome                                     |
| ----------------------------------------------- | ------------------------------------------- |
| no connection: refused, unknown host, TLS, slow | `Deferred`: no byte of the request has left |
| broken or too slow after that                   | `Unknown`                                   |
| HTTP 3xx, 4xx but 408                           | `Deferred`: refused before it was read      |
| HTTP 408, 5xx                                   | `Unknown`: it may have got through          |
| HTTP 2xx with garbage, or longer than 1 MiB     | `Unknown`                                   |
| `LOGON` not OK                                  | `Deferred`: it is us who are refused        |
| `STATUS` OK                                     | `Accepted`, under the gateway's `REF`       |
| `INFO` that begins with `Invalid RCV`           | `Rejected`, `invalid_address`               |
| any other `STATUS`                              | `Rejected`, `failed`                        |
| no word about a message, or two                 | `Unknown`                                   |
"""

import asyncio
import math
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

import aiohttp
import structlog

from adapters.channels.concurrent import as_known, entered
from adapters.channels.small_xml import LARGEST, XmlError, read_xml, text_of
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

log = structlog.get_logger()

_TOO_LATE: Final = Deferred("too_late")
_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEPARATORS: Final = re.compile(r"[ ().-]")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_SENDER: Final = re.compile(r"(?=.*[^0-9])[A-Za-z0-9ÆØÅæøå &._-]{1,11}|\+?[0-9]{3,15}")
_ANSWERED: Final = range(200, 300)
_DID_NOT_READ: Final = range(300, 500)
_KEEP_ALIVE: Final = 15.0
_ROUNDING: Final = 1.0
"""Seconds by which the HTTP client may round a time-out up."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One letter, checked, as the gateway is to get it."""

    letter: SmsLetter
    number: str = field(repr=False)


class LinkMobilityProvider:
    """Hands text messages to the gateway; several in one request where they come together."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        username: str,
        password: str,
        clock: Callable[[], datetime],
        number_with_plus: bool = True,
        connections: int = 8,
        messages_per_request: int = 50,
        connect_timeout: float = 10.0,
        timeout: float = 30.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the gateway; nothing is opened before the first text message."""
        self._name = name
        self._url = url
        self._username = username
        self._password = password
        self._clock = clock
        self._number_with_plus = number_with_plus
        self._connections = connections
        self._messages_per_request = messages_per_request
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
        batches = [
            letters[start : start + self._messages_per_request]
            for start in range(0, len(letters), self._messages_per_request)
        ]
        known = as_known(batches, self._hand_over, at_once=self._connections)
        async with aclosing(known):
            async for batch, outcomes in known:
                for letter, outcome in zip(batch, outcomes, strict=True):
                    yield letter, outcome

    async def aclose(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            await self._opened.close()

    # One request

    async def _hand_over(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        patience = max((letter.send_before - self._clock()).total_seconds() for letter in letters)
        if not await entered(self._places, within=patience):
            return [_TOO_LATE] * len(letters)
        try:
            prepared = [self._prepare(letter) for letter in letters]
            messages = [each for each in prepared if isinstance(each, _Message)]
            told = iter(await self._post(messages) if messages else ())
            return [next(told) if isinstance(each, _Message) else each for each in prepared]
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
        if _NO_XML.search(letter.body.text):
            return Rejected(Failure.FAILED, "control_character")
        if _SENDER.fullmatch(letter.sender) is None:
            return Rejected(Failure.FAILED, "invalid_sender")
        number = _SEPARATORS.sub("", letter.to.text)
        number = f"+{number[2:]}" if number.startswith("00") else number
        if _NUMBER.fullmatch(number) is None:
            return Rejected(Failure.INVALID_ADDRESS, "invalid_address")
        return _Message(letter, number if self._number_with_plus else number[1:])

    async def _post(self, messages: Sequence[_Message]) -> Sequence[Outcome]:
        everyone = len(messages)
        try:
            async with self._session().post(
                self._url,
                data=self._request(messages),
                headers={"Content-Type": "text/xml; charset=utf-8", "Accept-Encoding": "identity"},
                allow_redirects=False,
            ) as response:
                if response.status not in _ANSWERED:
                    return [_by_status(response.status)] * everyone
                document = await _bounded(response.content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return [Deferred("unreachable")] * everyone
        except TimeoutError:
            return [Unknown("timeout")] * everyone
        except (aiohttp.ClientError, OSError):
            return [Unknown("lost")] * everyone
        except XmlError:
            return [Unknown("unreadable_answer")] * everyone
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            # Only its kind: the rest of it may hold what the message says.
            because = type(error).__name__
            log.error("hand_over_failed", provider=self._name, because=because)  # noqa: TRY400
            return [Unknown("unexpected")] * everyone
        return _read_answer(document, messages)

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

    def _request(self, messages: Sequence[_Message]) -> bytes:
        session = Element("SESSION")
        SubElement(session, "CLIENT").text = self._username
        SubElement(session, "PW").text = self._password
        several = SubElement(session, "MSGLST")
        now = self._clock()
        for number, message in enumerate(messages, start=1):
            one = SubElement(several, "MSG")
            remaining = (message.letter.expires_at - now).total_seconds()
            for tag, text in (
                ("ID", str(number)),
                ("TEXT", message.letter.body.text),
                ("SND", message.letter.sender),
                ("RCV", message.number),
                ("TTL", str(max(1, math.ceil(remaining / 60)))),
            ):
                SubElement(one, tag).text = text
        document: bytes = tostring(session, encoding="utf-8", xml_declaration=True)
        return document


def _by_status(status: int) -> Outcome:
    did_not_read = status in _DID_NOT_READ and status != HTTPStatus.REQUEST_TIMEOUT
    return Deferred(f"http_{status}") if did_not_read else Unknown(f"http_{status}")


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    document = bytearray()
    async for chunk in content.iter_any():
        document += chunk
        if len(document) > LARGEST:
            raise XmlError("the document is too long")
    return bytes(document)


def _read_answer(document: bytes, messages: Sequence[_Message]) -> Sequence[Outcome]:
    everyone = len(messages)
    try:
        session = read_xml(document)
    except XmlError:
        return [Unknown("unreadable_answer")] * everyone
    logon = text_of(session, "LOGON").upper()
    if session.tag != "SESSION" or not logon:
        return [Unknown("unreadable_answer")] * everyone
    if logon != "OK":
        return [Deferred("logon_failed", refuses_us=True)] * everyone
    answers: dict[str, Element | None] = {}
    for answer in session.iterfind("MSGLST/MSG"):
        number = text_of(answer, "ID")
        answers[number] = None if number in answers else answer
    return [
        _outcome(answers.get(f"{number}"), message.letter.token)
        for number, message in enumerate(messages, start=1)
    ]


def _outcome(answer: Element | None, token: str) -> Outcome:
    if answer is None:
        return Unknown("no_answer")
    match text_of(answer, "STATUS").upper(), text_of(answer, "REF"), text_of(answer, "INFO"):
        case "OK", reference, _:
            # Without a reference it has been taken over all the same; no report will be matched.
            return Accepted(reference or token)
        case "", _, _:
            return Unknown("no_status")
        case _, _, info if info.lower().startswith("invalid rcv"):
            return Rejected(Failure.INVALID_ADDRESS, "invalid_rcv")
        case _:
            return Rejected(Failure.FAILED, "refused")
