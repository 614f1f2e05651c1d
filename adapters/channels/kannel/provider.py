"""Text messages by a Kannel gateway (1.4 and later), at its `sendsms`.

A message is posted, with everything else about it in headers, so that no number, text or password
stands in an address; and the HTTP client never sends a POST twice by itself.

What an answer means, by what it lets us know; the rest is as `gateway_client` says:

| answer                                          | outcome                                       |
| ----------------------------------------------- | --------------------------------------------- |
| 202 `0: Accepted…`, `3: Queued…`, `Sent.`       | `Accepted`, under the attempt's token         |
| 202 with other words, or longer than 4 KiB      | `Unknown`                                     |
| 400 about a denied number                       | `Rejected`, `barred`                          |
| 400 about the characters of the text            | `Rejected`, `failed`                          |
| 403 `Authorization failed…`                     | `Deferred`: it is us who are refused          |
| 403 `Not routable…`                             | `Rejected`, `failed`                          |
| 503 `Temporal failure…`                         | `Deferred`: it has no room                    |
| other 2xx                                       | `Unknown`: it may have got through            |

Reports come to `report_url`, one request each (`kannel_reports`); Kannel sends its user and
password as HTTP Basic, and keeps them beside every message whose report it awaits.
The text of a carrier's receipt is not asked for, since it quotes the message.
"""

import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from adapters.channels.concurrent import as_known
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
from domain.sms_segments import SmsEncoding, segments

_UNREADABLE: Final = HandoverUnknown("unreadable_answer")
_IN_A_HEADER: Final = re.compile(r"[\x21-\x7e]+")
_IN_USERINFO: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=-]+")
"""What Kannel passes on as it is: it decodes nothing there, and has its own use for `%`."""

_CODINGS: Final = {SmsEncoding.GSM7: "0", SmsEncoding.UCS2: "2"}
_EVERY_REPORT: Final = "31"
_ESCAPES: Final = "&dlr=%d&at=%T&error=%#smpp#dlr_err#"
"""Which report it is, when Kannel got it, and the carrier's error code, if it gives one."""

_TAKEN: Final = re.compile(rb"0: Accepted for delivery|3: Queued for later delivery|Sent\.")
_WORDS: Final[Mapping[tuple[int, bytes], Outcome]] = {
    (400, b"Number(s) has/have been denied"): HandoverRejected(Failure.BARRED, "number_denied"),
    (400, b"Charset or body misformed"): HandoverRejected(Failure.FAILED, "body_refused"),
    (403, b"Authorization failed"): HandoverDeferred("credentials_refused", Trouble.REFUSES_US),
    (403, b"Not routable"): HandoverRejected(Failure.FAILED, "not_routable"),
    (503, b"Temporal failure"): HandoverDeferred("temporary_failure"),
}
_LONGEST_ANSWER: Final = 4096


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
        self._username = username
        self._password = password
        self._report_url = _report_url(report_url, report_username, report_password)
        self._clock = clock
        self._connections = connections
        self._gateway = GatewayClient(
            name,
            url,
            connections=connections,
            connect_timeout=connect_timeout,
            timeout=timeout,
            longest_answer=_LONGEST_ANSWER,
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
        known = as_known(letters, self._hand_over, at_once=self._connections)
        async with aclosing(known):
            async for _, told in known:
                yield told

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._gateway.aclose()

    # One request

    async def _hand_over(self, letter: OutboundMessage) -> Told:
        patience = (letter.send_before - self._clock()).total_seconds()
        async with self._gateway.place(within=patience) as is_free:
            began = self._clock()
            if not is_free:
                return Told(letter, TOO_LATE, began)
            return Told(letter, await self._outcome(letter, began), began)

    async def _outcome(self, letter: OutboundMessage, began: datetime) -> Outcome:
        try:
            message = text_message(letter, began)
            if not isinstance(message, TextMessage):
                return message
            body, headers = message.letter.body.text.encode(), self._headers(message)
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            return own_fault(self._name, error)
        answer = await self._gateway.post(body, headers)
        return _meaning(answer, letter.token) if isinstance(answer, Answer) else answer

    def _headers(self, message: TextMessage) -> Mapping[str, str]:
        letter = message.letter
        return {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self._username,
            "X-Kannel-Password": self._password,
            "X-Kannel-From": letter.sender,
            "X-Kannel-To": message.number,
            "X-Kannel-Coding": _CODINGS[segments(letter.body.text).encoding],
            "X-Kannel-Validity": str(message.minutes_to_live(self._clock())),
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


def _meaning(answer: Answer, token: str) -> Outcome:
    words = (answer.body or b"").strip()
    if answer.status == HTTPStatus.ACCEPTED:
        return HandoverAccepted(token) if _TAKEN.match(words) else _UNREADABLE
    for (status, beginning), outcome in _WORDS.items():
        if answer.status == status and words.startswith(beginning):
            return outcome
    return answer.by_status
