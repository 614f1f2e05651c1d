"""One session with a mail server: RFC 5321, phase by phase.

    open ──greeting, EHLO, STARTTLS, EHLO, AUTH──▶ ready
    ready ──offer: MAIL, RCPT, DATA──▶ awaited ──deliver: content──▶ … ──final dot──▶ ready

Whatever fails before the final dot left was certainly not accepted; what fails after it is unknown.
`offer` and `deliver` therefore raise `NotTakenError` for a conversation that broke before the dot,
and tell everything else as an outcome.
"""

import asyncio
import base64
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from adapters.channels.smtp.envelope import Envelope
from adapters.channels.smtp.protocol import Reply, SmtpWire, WireError
from adapters.channels.smtp.replies import verdict
from application.ports.provider import HandoverAccepted, HandoverUnknown, Outcome, Trouble

_SERVICE_CLOSING: Final = 421
_START_INPUT: Final = 354
_GO_ON: Final = 334
_SMALL: Final = 1 << 16


class Tls(StrEnum):
    """How a connection is made private."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTimeouts:
    """How long a mail server may take, in seconds; RFC 5321, 4.5.3.2 with shorter beginnings."""

    connect: float = 10.0
    command: float = 30.0
    content: float = 180.0
    """To take in the content of a long message, before its final dot."""
    final: float = 600.0
    """To answer the final dot; a short one makes duplicates (RFC 1047)."""

    @property
    def before_content(self) -> float:
        """How long everything together may take before the content begins to leave."""
        return self.connect + 2 * self.command

    @property
    def longest(self) -> float:
        """How long one hand-over may take from beginning to end."""
        return self.before_content + self.content + self.final


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The mail server, and how we present ourselves there."""

    host: str
    port: int
    greet_as: str
    tls: Tls
    ssl_context: ssl.SSLContext | None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeouts: SmtpTimeouts


class NotTakenError(Exception):
    """The conversation ended before the content can have been accepted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        is_about_us = code.startswith(("auth_5", "auth_missing", "starttls_missing"))
        self.trouble = Trouble.REFUSES_US if is_about_us else Trouble.PROVIDER


async def open_session(relay: Relay) -> "SmtpSession":
    """Connect, greet, secure and log in.

    Raises:
        NotTakenError: the server is away, or will not have us; the code says at what.
    """
    wire = await _connect(relay)
    try:
        session = SmtpSession(wire, relay)
        await session.begin()
    except BaseException:
        wire.abort()
        raise
    return session


async def _connect(relay: Relay) -> SmtpWire:
    is_implicit = relay.tls is Tls.IMPLICIT
    try:
        async with asyncio.timeout(relay.timeouts.connect):
            _, wire = await asyncio.get_running_loop().create_connection(
                SmtpWire,
                relay.host,
                relay.port,
                ssl=relay.ssl_context if is_implicit else None,
                server_hostname=relay.host if is_implicit else None,
            )
    except TimeoutError:
        raise NotTakenError("connect_timeout") from None
    except ssl.SSLError:
        raise NotTakenError("tls_failed") from None
    except (OSError, UnicodeError):
        raise NotTakenError("unreachable") from None
    return wire


class SmtpSession:
    """Hands messages over, one after another."""

    def __init__(self, wire: SmtpWire, relay: Relay) -> None:
        self._wire = wire
        self._relay = relay
        self._times = relay.timeouts
        self._abilities: dict[str, str] = {}
        self._is_clean = True
        self._is_idle = False
        self.is_fresh = True
        """Whether nothing has been offered through it yet."""

    @property
    def is_usable(self) -> bool:
        """Whether another message may be tried through it."""
        return self._is_idle and self._wire.is_quiet

    def end(self) -> None:
        """Take leave."""
        if self.is_usable:
            self._wire.write(b"QUIT\r\n")
            self._wire.close()
        else:
            self._wire.abort()

    # Beginning

    async def begin(self) -> None:
        """Greet the server, make the connection private and log in, as far as is asked for."""
        greeting = await self._hear("greeting")
        _require(greeting, "greeting")
        await self._greet()
        if self._relay.tls is Tls.STARTTLS:
            await self._start_tls()
            await self._greet()
        if self._relay.username is not None:
            await self._log_in(self._relay.username, self._relay.password or "")
        self._is_idle = True

    async def _greet(self) -> None:
        reply = await self._ask(f"EHLO {self._relay.greet_as}", "ehlo")
        _require(reply, "ehlo")
        words = (line.partition(" ") for line in reply.lines[1:])
        self._abilities = {name.upper(): rest for name, _, rest in words}

    async def _start_tls(self) -> None:
        if "STARTTLS" not in self._abilities:
            raise NotTakenError("starttls_missing")
        _require(await self._ask("STARTTLS", "starttls"), "starttls")
        context = self._relay.ssl_context or ssl.create_default_context()
        try:
            await self._wire.start_tls(context, host=self._relay.host, seconds=self._times.connect)
        except WireError as error:
            raise NotTakenError(_at("starttls", error)) from None

    async def _log_in(self, username: str, password: str) -> None:
        ways = self._abilities.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            words = _base64(f"\0{username}\0{password}")
            reply = await self._ask(f"AUTH PLAIN {words}", "auth")
        elif "LOGIN" in ways:
            reply = await self._ask("AUTH LOGIN", "auth")
            for word in (username, password):
                if reply.code != _GO_ON:
                    break
                reply = await self._ask(_base64(word), "auth")
        else:
            raise NotTakenError("auth_missing")
        _require(reply, "auth")

    # A message

    async def offer(self, envelope: Envelope) -> Outcome | None:
        """Name sender and recipient, and ask to send the content; None means: go ahead.

        Raises:
            NotTakenError: the conversation broke; on a connection used before, perhaps by its age.
        """
        if (refusal := envelope.refusal(self._abilities)) is not None:
            return refusal
        commands = [
            ("mail", envelope.mail(self._abilities)),
            ("rcpt", envelope.rcpt(self._abilities)),
            ("data", "DATA"),
        ]
        if not self._is_clean:
            commands.insert(0, ("rset", "RSET"))
        self._is_idle = self._is_clean = False
        replies, is_in_step = await self._converse(commands)
        refused = next(((at, it) for at, it in replies if not _is_consent(at, it)), None)
        if refused is not None and refused[1].code == _SERVICE_CLOSING:
            raise NotTakenError(refused[1].told)
        self.is_fresh = False
        if refused is None:
            return None
        at, reply = refused
        # A server that asks for the content of what it has just refused is not spoken with again.
        asks_for_content = replies[-1][1].code == _START_INPUT
        self._is_idle = is_in_step and reply.is_failure and not asks_for_content
        return verdict(reply, at)

    async def _converse(
        self, commands: Sequence[tuple[str, str]]
    ) -> tuple[list[tuple[str, Reply]], bool]:
        """Give commands up to the first refusal; tell the replies, and whether each has come."""
        replies: list[tuple[str, Reply]] = []
        if "PIPELINING" not in self._abilities:
            for at, command in commands:
                replies.append((at, await self._ask(command, at)))
                if not _is_consent(*replies[-1]):
                    break
            return replies, True
        self._say("".join(f"{command}\r\n" for _, command in commands).encode(), commands[0][0])
        try:
            for at, _ in commands:
                replies.append((at, await self._hear(at)))
        except NotTakenError:
            # Some servers refuse, and hang up before they have answered the rest.
            if all(_is_consent(*each) for each in replies):
                raise
        return replies, len(replies) == len(commands)

    async def deliver(self, content: bytes, *, token: str) -> Outcome:
        """Send the content, end it, and tell what the server says of it.

        Raises:
            NotTakenError: the conversation broke before the final dot left.
        """
        if len(content) > _SMALL:
            # So that a break in the midst of a long message is known to be one.
            self._say(content, "content")
            try:
                await self._wire.drained(self._times.content)
            except WireError as error:
                raise NotTakenError(_at("content", error)) from None
            content = b""
        if self._wire.has_unread:
            # What the server has said unasked must not be taken for its answer to the dot.
            raise NotTakenError("unreadable_at_content")
        self._say(content + b".\r\n", "content")
        try:
            reply = await self._wire.reply(self._times.final)
        except WireError as error:
            return HandoverUnknown(_at("final", error))
        self._is_clean = True
        if reply.is_success:
            self._is_idle = True
            return HandoverAccepted(token)
        self._is_idle = reply.is_failure and reply.code != _SERVICE_CLOSING
        return verdict(reply, "final")

    # Words and answers

    def _say(self, data: bytes, at: str) -> None:
        try:
            self._wire.write(data)
        except WireError as error:
            raise NotTakenError(_at(at, error)) from None

    async def _ask(self, command: str, at: str) -> Reply:
        self._say(f"{command}\r\n".encode(), at)
        return await self._hear(at)

    async def _hear(self, at: str) -> Reply:
        try:
            return await self._wire.reply(self._times.command)
        except WireError as error:
            raise NotTakenError(_at(at, error)) from None


def _at(place: str, error: WireError) -> str:
    return error.code if error.code == "tls_failed" else f"{error.code}_at_{place}"


def _require(reply: Reply, at: str) -> None:
    if not reply.is_success:
        raise NotTakenError(f"{at}_{reply.told}")


def _is_consent(at: str, reply: Reply) -> bool:
    return reply.code == _START_INPUT if at == "data" else reply.is_success


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
