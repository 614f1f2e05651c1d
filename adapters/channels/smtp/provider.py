"""E-mail by SMTP: over a pool of sessions with one relay."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from adapters.channels.concurrent import as_known
from adapters.channels.own_faults import UNEXPECTED, note_fault, own_fault
from adapters.channels.smtp.envelope import Envelope
from adapters.channels.smtp.pool import SmtpPool
from adapters.channels.smtp.rendering import Mail, Renderer, UnmailableError
from adapters.channels.smtp.session import (
    NotTakenError,
    Relay,
    SmtpSession,
    SmtpTimeouts,
    Tls,
    open_session,
)
from application.mail_address import read_address
from application.ports.attachments import Attachments, NotFetched
from application.ports.provider import (
    TOO_LATE,
    HandoverDeferred,
    HandoverUnknown,
    OutboundEmail,
    OutboundMessage,
    Outcome,
    OutcomeLookup,
    Told,
    Trouble,
    withheld,
)
from domain.channel import Channel
from domain.order.events import Failure


@dataclass(frozen=True, slots=True)
class _Ready:
    """A session whose server waits for the content."""

    session: SmtpSession
    content: bytes = field(repr=False)
    since: datetime


class SmtpProvider:
    """Hands e-mails to a mail server.

    The reference of an accepted e-mail is its attempt's token: the server carries it back, as
    ENVID where it knows DSN, and in any case as part of the envelope sender (VERP).
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        *,
        mail_domain: str,
        bounce_address: str,
        clock: Callable[[], datetime],
        tls: Tls = Tls.STARTTLS,
        ssl_context: ssl.SSLContext | None = None,
        username: str | None = None,
        password: str | None = None,
        greet_as: str | None = None,
        connections: int = 8,
        idle_seconds: float = 30.0,
        timeouts: SmtpTimeouts | None = None,
        attachments: Attachments | None = None,
    ) -> None:
        """Describe the relay; nothing is opened before the first e-mail.

        `mail_domain` ends the Message-IDs. To `bounce_address`, `bounce@agency.example`, come the
        notifications of what did not arrive, as `bounce+<token>@agency.example`.
        """
        if username is not None and tls is Tls.NONE:
            raise ValueError("credentials are only sent over TLS")
        bounce = read_address(bounce_address)
        self._bounce = (bounce.local, bounce.domain)
        self._name = name
        self._clock = clock
        self._connections = connections
        self._times = timeouts or SmtpTimeouts()
        self._attachments = attachments
        self._renderer = Renderer(mail_domain)
        if tls is not Tls.NONE and ssl_context is None:
            ssl_context = ssl.create_default_context()
        self._relay = Relay(
            host=host,
            port=port,
            greet_as=greet_as or mail_domain,
            tls=tls,
            ssl_context=ssl_context,
            username=username,
            password=password,
            timeouts=self._times,
        )
        self._pool = SmtpPool(
            self._open,
            size=connections,
            idle_seconds=idle_seconds,
            when_idle=self._renderer.forget,
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def channel(self) -> Channel:
        return Channel.EMAIL

    @property
    def memory(self) -> OutcomeLookup | None:
        return None

    @property
    def longest_hand_over(self) -> float:
        fetching = 0.0 if self._attachments is None else self._attachments.longest
        return fetching + self._times.longest

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        if len(letters) == 1:
            yield await self._hand_over(letters[0])
            return
        known = as_known(letters, self._hand_over, at_once=self._connections)
        async with aclosing(known):
            async for _, told in known:
                yield told

    async def aclose(self) -> None:
        """End the sessions: the idle ones now, the others after their hand-over."""
        self._pool.close()

    # One letter

    async def _hand_over(self, letter: OutboundMessage) -> Told:
        if not isinstance(letter, OutboundEmail):
            return Told(letter, withheld(Failure.FAILED, "wrong_channel"), self._clock())
        try:
            files = await self._files(letter)
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            files = own_fault(self._name, error)
        if isinstance(files, Outcome):
            return Told(letter, files, self._clock())
        remaining = (letter.send_before - self._clock()).total_seconds()
        if not await self._pool.enter(remaining):
            return Told(letter, TOO_LATE, self._clock())
        began = self._clock()
        try:
            ready = await self._prepare(letter, files, began)
            outcome = await self._deliver(letter, ready) if isinstance(ready, _Ready) else ready
            return Told(letter, outcome, began)
        finally:
            self._pool.leave()

    async def _files(self, letter: OutboundEmail) -> Sequence[bytes] | Outcome:
        """The letter's attachments, before anything is said to the relay."""
        if not letter.attachments:
            return ()
        if self._attachments is None:
            return HandoverDeferred("attachments_not_configured", Trouble.ELSEWHERE)
        if self._clock() > letter.send_before:
            return TOO_LATE
        fetched = await self._attachments.fetch(letter.attachments, owner=letter.owner)
        if not isinstance(fetched, NotFetched):
            return fetched
        if fetched.failure is None:
            return HandoverDeferred(fetched.code, Trouble.ELSEWHERE)
        return withheld(fetched.failure, fetched.code)

    async def _prepare(
        self, letter: OutboundEmail, files: Sequence[bytes], began: datetime
    ) -> "_Ready | Outcome":
        """Come as far as can be come before the content leaves."""
        if began > letter.send_before:
            return TOO_LATE
        try:
            mail = await self._renderer.render(letter, at=began, files=files)
            envelope = self._envelope(letter.token, mail)
        except UnmailableError as error:
            return withheld(error.failure, error.code)
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            return own_fault(self._name, error)
        try:
            session, refusal = await self._offer(envelope)
        except NotTakenError as error:
            return HandoverDeferred(error.code, error.trouble)
        except Exception as error:  # noqa: BLE001  # likewise
            # In the conversation: with another session it may not come again.
            note_fault(self._name, error)
            return HandoverDeferred(UNEXPECTED, Trouble.ELSEWHERE)
        if refusal is not None:
            self._pool.give_back(session)
            return refusal
        return _Ready(session, mail.content, began)

    async def _deliver(self, letter: OutboundEmail, ready: "_Ready") -> Outcome:
        try:
            now = self._clock()
            if (now - ready.since).total_seconds() > self._times.before_content:
                return TOO_LATE  # this process slept, and others may have drawn conclusions
            if now >= letter.expires_at:
                return TOO_LATE
            return await ready.session.deliver(ready.content, token=letter.token)
        except NotTakenError as error:
            return HandoverDeferred(error.code, error.trouble)
        except Exception as error:  # noqa: BLE001  # the port promises an outcome for every letter
            note_fault(self._name, error)
            return HandoverUnknown(UNEXPECTED, Trouble.ELSEWHERE)
        finally:
            self._pool.give_back(ready.session)

    def _envelope(self, token: str, mail: Mail) -> Envelope:
        return Envelope(
            sender=f"{self._bounce[0]}+{token}@{self._bounce[1]}",
            recipient=mail.to.spec,
            token=token,
            size=len(mail.content),
            needs_smtputf8=mail.needs_smtputf8,
        )

    async def _offer(self, envelope: Envelope) -> tuple[SmtpSession, Outcome | None]:
        """Find a session whose server will take the content, or refuses this e-mail."""
        try:
            async with asyncio.timeout(self._times.before_content):
                session = await self._pool.session()
                try:
                    return session, await self._try(session, envelope)
                except NotTakenError:
                    if session.is_fresh:
                        raise
                # A server may end a connection between two messages; a new one will do.
                session = await self._pool.session(fresh=True)
                return session, await self._try(session, envelope)
        except TimeoutError:
            raise NotTakenError("timeout_before_content") from None

    async def _try(self, session: SmtpSession, envelope: Envelope) -> Outcome | None:
        try:
            return await session.offer(envelope)
        except BaseException:
            session.end()
            raise

    async def _open(self) -> SmtpSession:
        return await open_session(self._relay)
