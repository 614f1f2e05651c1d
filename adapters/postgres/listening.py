"""Be woken when something was written; a hint and never a promise, so whoever waits looks anyway."""

import asyncio
import contextlib
from typing import Final

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from adapters.postgres.connecting import to_primary
from adapters.postgres.connection import Connection, Succession

log = structlog.get_logger()

_RECONNECT: Final = 1.0
_GATHERS: Final = 0.02
"""Seconds after a call until the next ones are heard, all at once: at each append everybody is called."""


class Listener:
    """One connection that listens for one process, and wakes whoever waits for a channel."""

    def __init__(self, conninfo: str, *channels: str, succession: Succession | None = None) -> None:
        self._succession = succession
        self._conninfo = to_primary(conninfo)
        self._signals = {channel: asyncio.Event() for channel in channels}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self, channel: str, seconds: float) -> None:
        """Return when the channel was called since the last time, or when the time is up."""
        signal = self._signals[channel]
        # Not `wait_for`, which in 3.11 loses a cancellation that comes together with the call.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await signal.wait()
        signal.clear()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.OperationalError as problem:
                log.warning("listener_lost", because=type(problem).__name__)
                await asyncio.sleep(_RECONNECT)

    async def _listen(self) -> None:
        connection = await Connection.connect(
            self._conninfo, succession=self._succession, application_name="varsel listener"
        )
        async with connection:
            for channel in self._signals:
                await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
            for signal in self._signals.values():
                signal.set()  # something may have been missed while nobody listened
            while True:
                async for notification in connection.notifies(stop_after=1):
                    self._signals[notification.channel].set()
                await asyncio.sleep(_GATHERS)
