"""One connection to the mail server, from greeting to QUIT, with pipelining and TLS.

Commands are read and answered as they come, and answers to what came together leave together.
While a message is being kept nothing further is read, so answers are always in order.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final, cast

import structlog
from typing_extensions import override

from entrypoints.sandbox.errors import MailboxUnavailableError
from entrypoints.sandbox.mail_server_state import SmtpHouse
from entrypoints.sandbox.scenarios import MailConduct
from entrypoints.sandbox.smtp_dialogue import Answer, SmtpDialogue, Then
from entrypoints.sandbox.smtp_envelope import SmtpRefusal
from entrypoints.sandbox.smtp_framing import Incoming, LineTooLongError

_log = structlog.get_logger(__name__)

_HIGH_WATER: Final = 1 << 20


class SmtpSession(asyncio.Protocol):
    """Speaks with one client."""

    def __init__(
        self,
        house: SmtpHouse,
        *,
        on_open: Callable[["SmtpSession"], None],
        on_close: Callable[["SmtpSession"], None],
    ) -> None:
        self._house = house
        self._on_open = on_open
        self._on_close = on_close
        self._dialogue = SmtpDialogue(house)
        self._incoming = Incoming(largest_message=house.rules.largest_message)
        self._answers: list[str] = []
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_receiving = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not every event loop's transports inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._on_open(self)
        self._answers.append(self._dialogue.greeting())
        self._send_answers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._on_close(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._incoming.feed(data)
        if self._task is None:
            self._work()
        elif len(self._incoming) > _HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()

    async def close(self) -> None:
        """Break off at once; what has been accepted stays kept."""
        self._drop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # Reading

    def _work(self) -> None:
        while self._task is None and self._transport is not None:
            if not (self._receive() if self._is_receiving else self._read_command()):
                break
        self._send_answers()

    def _read_command(self) -> bool:
        try:
            line = self._incoming.line()
            if line is None:
                return False
            answer = self._dialogue.answer(line.decode())
        except LineTooLongError:
            answer = Answer("500 5.5.2 Line too long", Then.HANG_UP)
        except UnicodeDecodeError:
            answer = Answer("500 5.5.2 Not UTF-8")
        if answer.text:
            self._answers.append(answer.text)
        self._follow(answer.then)
        return True

    def _follow(self, then: Then) -> None:
        match then:
            case Then.RECEIVE:
                self._is_receiving = True
            case Then.SECURE:
                if self._transport is not None:
                    self._transport.pause_reading()
                # What a client, or somebody between, sent after the command was not protected.
                self._incoming.clear()
                self._meanwhile(self._secure())
            case Then.HANG_UP:
                self._hang_up()
            case Then.DROP:
                self._drop()
            case Then.GO_ON:
                pass

    def _receive(self) -> bool:
        try:
            content = self._incoming.content()
        except SmtpRefusal as refusal:
            self._is_receiving = False
            self._dialogue.reset()
            self._answers.append(str(refusal))
            return True
        if content is None:
            return False
        self._is_receiving = False
        self._meanwhile(self._take(content))
        return True

    # Answering

    def _send_answers(self) -> None:
        if self._answers and self._transport is not None:
            self._transport.write("".join(f"{answer}\r\n" for answer in self._answers).encode())
        self._answers.clear()

    def _hang_up(self) -> None:
        self._send_answers()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # What takes its time

    def _meanwhile(self, work: Coroutine[None, None, None]) -> None:
        self._send_answers()
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._go_on)

    def _go_on(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("catch_all_session_failed", reason=type(error).__name__)
            self._drop()
        if self._transport is not None:
            self._transport.resume_reading()
            self._work()

    async def _take(self, content: bytes) -> None:
        dialogue = self._dialogue
        if dialogue.sender is None:
            raise AssertionError("content is received for a sender only")
        try:
            name = await self._house.take(dialogue.sender, dialogue.recipients, content)
        except MailboxUnavailableError as error:
            _log.warning("catch_all_mailbox_unavailable", reason=str(error))
            self._answers.append("452 4.3.1 The mailbox cannot be written just now")
        else:
            if dialogue.asks_for(MailConduct.DROP):
                self._drop()
            if dialogue.asks_for(MailConduct.SLOW):
                await asyncio.sleep(self._house.pace.slow)
            self._answers.append(f"250 2.0.0 Ok: queued as {name}")
        dialogue.reset()

    async def _secure(self) -> None:
        tls = self._house.rules.tls
        if self._transport is None or tls is None:
            return
        loop = asyncio.get_running_loop()
        try:
            self._transport = await loop.start_tls(self._transport, self, tls, server_side=True)
        except OSError:
            self._drop()
        else:
            self._dialogue.begin_anew()
