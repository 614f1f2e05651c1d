"""Text messages by LINK Mobility's XML gateway.

What an answer means, by what it lets us know; the rest is as `gateway_client` says:

| answer                                          | outcome                                     |
| ----------------------------------------------- | ------------------------------------------- |
| HTTP 2xx with garbage, or longer than 64 KiB    | `Unknown`                                   |
| `LOGON` not OK                                  | `Deferred`: it is us who are refused        |
| `STATUS` OK                                     | `Accepted`, under the gateway's `REF`       |
| `INFO` that begins with `Invalid RCV`           | `Rejected`, `invalid_address`               |
| any other `STATUS`                              | `Rejected`, `failed`                        |
| no word about a message, or two                 | `Unknown`                                   |
"""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from adapters.channels.concurrent import as_known
from adapters.channels.link_mobility.xml import XmlError, read_xml, text_of
from adapters.channels.own_faults import own_fault
from adapters.channels.sms.gateway_client import Answer, GatewayClient
from adapters.channels.sms.text_message import TextMessage, text_message
from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    OutboundMessage,
    Outcome,
    OutcomeLookup,
    Told,
    Trouble,
)
from domain.channel import Channel
from domain.order.events import Failure

_UNREADABLE: Final = HandoverUnknown("unreadable_answer")
_ANSWERED: Final = range(200, 300)
_LONGEST_ANSWER: Final = 1 << 16
"""Fifty messages are answered in a sixth of it, and it is read on the event loop."""


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
        self._username = username
        self._password = password
        self._clock = clock
        self._number_with_plus = number_with_plus
        self._connections = connections
        self._messages_per_request = messages_per_request
        self._gateway = GatewayClient(
            name,
            url,
            connections=connections,
            connect_timeout=connect_timeout,
            timeout=timeout,
            longest_answer=_LONGEST_ANSWER,
            reads=_ANSWERED,
            ssl_context=ssl_context,
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def channel(self) -> Channel:
        return Channel.SMS

    @property
    def memory(self) -> OutcomeLookup | None:
        return None

    @property
    def longest_hand_over(self) -> float:
        return self._gateway.longest_request

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        batches = [
            letters[start : start + self._messages_per_request]
            for start in range(0, len(letters), self._messages_per_request)
        ]
        known = as_known(batches, self._hand_over, at_once=self._connections)
        async with aclosing(known):
            async for _, several in known:
                for told in several:
                    yield told

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._gateway.aclose()

    # One request

    async def _hand_over(self, letters: Sequence[OutboundMessage]) -> Sequence[Told]:
        patience = max((letter.send_before - self._clock()).total_seconds() for letter in letters)
        async with self._gateway.place(within=patience) as is_free:
            began = self._clock()
            if not is_free:
                return [Told(each, TOO_LATE, began) for each in letters]
            written = [self._written(number, each, began) for number, each in enumerate(letters, 1)]
            messages = [each for each in written if isinstance(each, _Written)]
            answers = iter(await self._post(messages) if messages else ())
            return [
                Told(letter, next(answers) if isinstance(each, _Written) else each, began)
                for letter, each in zip(letters, written, strict=True)
            ]

    async def _post(self, messages: Sequence["_Written"]) -> Sequence[Outcome]:
        answer = await self._gateway.post(
            self._request(messages), {"Content-Type": "text/xml; charset=utf-8"}
        )
        if not isinstance(answer, Answer):
            return [answer] * len(messages)
        if answer.status not in _ANSWERED:
            return [answer.by_status] * len(messages)
        return _read_answer(answer.body, messages)

    def _written(self, number: int, letter: OutboundMessage, now: datetime) -> "_Written | Outcome":
        """Write a letter as its part of the request; what cannot be written stays out alone."""
        try:
            message = text_message(letter, now)
            if not isinstance(message, TextMessage):
                return message
            element = Element("MSG")
            for tag, text in (
                ("ID", str(number)),
                ("TEXT", message.letter.body.text),
                ("SND", message.letter.sender),
                ("RCV", message.number if self._number_with_plus else message.number[1:]),
                ("TTL", str(message.minutes_to_live(now))),
            ):
                SubElement(element, tag).text = text
            return _Written(f"{number}", letter.token, element)
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            return own_fault(self._name, error)

    def _request(self, messages: Sequence["_Written"]) -> bytes:
        session = Element("SESSION")
        SubElement(session, "CLIENT").text = self._username
        SubElement(session, "PW").text = self._password
        SubElement(session, "MSGLST").extend(each.element for each in messages)
        document: bytes = tostring(session, encoding="utf-8", xml_declaration=True)
        return document


@dataclass(frozen=True, slots=True)
class _Written:
    """A letter as it stands in a request."""

    number: str
    token: str
    element: Element = field(repr=False)


def _read_answer(document: bytes | None, messages: Sequence[_Written]) -> Sequence[Outcome]:
    try:
        session = read_xml(document or b"")
    except XmlError:
        return [_UNREADABLE] * len(messages)
    logon = text_of(session, "LOGON").upper()
    if session.tag != "SESSION" or not logon:
        return [_UNREADABLE] * len(messages)
    if logon != "OK":
        return [HandoverDeferred("logon_failed", Trouble.REFUSES_US)] * len(messages)
    answers: dict[str, Element | None] = {}
    for answer in session.iterfind("MSGLST/MSG"):
        number = text_of(answer, "ID")
        answers[number] = None if number in answers else answer
    return [_outcome(answers.get(each.number), each.token) for each in messages]


def _outcome(answer: Element | None, token: str) -> Outcome:
    if answer is None:
        return HandoverUnknown("no_answer")
    match text_of(answer, "STATUS").upper(), text_of(answer, "REF"), text_of(answer, "INFO"):
        case "OK", reference, _:
            # Without a reference it has been accepted all the same; no report will be matched.
            return HandoverAccepted(reference or token)
        case "", _, _:
            return HandoverUnknown("no_status")
        case _, _, info if info.lower().startswith("invalid rcv"):
            return HandoverRejected(Failure.INVALID_ADDRESS, "invalid_rcv")
        case _:
            return HandoverRejected(Failure.FAILED, "refused")
