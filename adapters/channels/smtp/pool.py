"""So many sessions with a mail server at most, each used again and again while it lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.channels.concurrent import entered
from adapters.channels.smtp.session import SmtpSession

_LOOKS_PER_IDLE_TIME: Final = 2


class SmtpPool:
    """Lends sessions: the one used last first, so that those too many grow idle and are ended."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[SmtpSession]],
        *,
        size: int,
        idle_seconds: float,
        when_idle: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._places = asyncio.Semaphore(size)
        self._idle_seconds = idle_seconds
        self._when_idle = when_idle
        self._idle: list[tuple[float, SmtpSession]] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def enter(self, seconds: float) -> bool:
        """Wait for a place, but no longer than this; tell whether there is one."""
        return await entered(self._places, within=seconds)

    def leave(self) -> None:
        """Give a place back."""
        self._places.release()

    async def session(self, *, fresh: bool = False) -> SmtpSession:
        """Take a session that is idle, or else a new one.

        Raises:
            NotTakenError: none can be opened.
        """
        while self._idle:
            _, session = self._idle.pop()
            if session.is_usable and not fresh:
                return session
            session.end()
        return await self._connect()

    def give_back(self, session: SmtpSession) -> None:
        """Keep a session for the next message, if it is fit for one."""
        if self._is_closed or not session.is_usable:
            session.end()
            return
        self._idle.append((asyncio.get_running_loop().time(), session))
        if self._sweep is None:
            self._sweep_later()

    def close(self) -> None:
        """End every session that is idle, and each of the others when it is given back."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._idle:
            self._idle.pop()[1].end()
        self._when_idle()

    def _sweep_later(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(
            self._idle_seconds / _LOOKS_PER_IDLE_TIME, self._end_old
        )

    def _end_old(self) -> None:
        self._sweep = None
        end_before = asyncio.get_running_loop().time() - self._idle_seconds
        old = [session for since, session in self._idle if since <= end_before]
        self._idle = [(since, session) for since, session in self._idle if since > end_before]
        for session in old:
            session.end()
        if self._idle:
            self._sweep_later()
        else:
            self._when_idle()
