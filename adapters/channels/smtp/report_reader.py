"""Mail from anywhere is read in processes of their own, which are ended when they take too long.

The library that takes mails apart takes minutes for some of a few hundred kilobytes; whoever may write to
an address can send those. Here they cost a process its life, and the event loop nothing.

Each mail has a short time at first, of which nearly all need a hundredth. Those that are not read in it
are tried once more with a longer time, one after the other, so that they keep none of the others waiting.
"""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Iterator
from typing import Final

import structlog
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process

from adapters.channels.smtp.delivery_reports import LARGEST, read_mail
from application.ports.unread_mail import MailRead, ReaderUnavailableError, UnreadKind

log = structlog.get_logger()

_NICE: Final = 10
"""How far reading stands back for who waits for an answer, on one machine."""
_GRACE: Final = 1.0
"""Seconds after which a reader is killed that has not even noticed that its time is up."""


class MailReader:
    """Reads mails, several at once; each within its time and its memory, or it is not read."""

    def __init__(
        self,
        provider: str,
        *,
        at_once: int = 2,
        quick_seconds: float = 0.1,
        seconds: float = 1.0,
        megabytes: int = 256,
        patience: float = 60.0,
    ) -> None:
        """Describe the readers; none is started before the first mail.

        `seconds` of a processor and `megabytes` are what a mail may take, and `quick_seconds` at first.
        After `patience` seconds a reader is given up that was given no processor.
        """
        self._provider = provider
        self._at_once = at_once
        self._lanes = (
            (asyncio.Semaphore(at_once), quick_seconds),
            (asyncio.Semaphore(1), seconds),
        )
        self._bytes = megabytes << 20
        self._patience = patience

    async def read(self, raw: bytes) -> MailRead:
        """Read a mail, as it was received: what it reports, or of which kind it is.

        Raises:
            ReaderUnavailableError: nobody could read it now; try again later.
        """
        for places, seconds in self._lanes:
            async with places:
                if (read := await self._tried(raw[:LARGEST], seconds)) is not None:
                    return read
        log.warning("mail_not_read", because="it takes too long, or too much memory")
        return UnreadKind.UNREADABLE

    async def _tried(self, raw: bytes, seconds: float) -> MailRead | None:
        """What a mail tells, if it can be read in such a time."""
        try:
            return await self._in_a_process(raw, seconds)
        except (BrokenWorkerProcess, MemoryError):
            pass
        # Either this mail ends its readers, or none can be had at all.
        try:
            await self._in_a_process(b"", seconds)
        except (BrokenWorkerProcess, MemoryError):
            raise ReaderUnavailableError from None
        return None

    async def _in_a_process(self, raw: bytes, seconds: float) -> MailRead | None:
        try:
            async with asyncio.timeout(self._patience):
                return await to_process.run_sync(
                    _read,
                    raw,
                    self._provider,
                    seconds,
                    self._bytes,
                    cancellable=True,
                    limiter=CapacityLimiter(self._at_once),
                )
        except TimeoutError:
            raise ReaderUnavailableError from None


def _read(raw: bytes, provider: str, seconds: float, most_bytes: int) -> MailRead | None:
    """Read a mail in this process, which exists for nothing else; None if its time is too short."""
    with _limits(seconds, most_bytes):
        try:
            return read_mail(raw, provider=provider)
        except _TooLongError:
            return None


class _TooLongError(Exception):
    """The time that a mail may take is up."""


@contextlib.contextmanager
def _limits(seconds: float, most_bytes: int) -> Iterator[None]:
    """Let what follows take so much, and no more: it is told to stop, and killed if it does not listen."""

    def stop(*_: object) -> None:
        raise _TooLongError

    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), _NICE))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, hard))
    signal.signal(signal.SIGVTALRM, stop)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_PROF, seconds + _GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
