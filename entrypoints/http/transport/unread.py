"""What is held for clients that do not take their answers, and when it is let go of.

An answer that a client does not read waits in this process. A client that takes too little of its
answer in its time is cut off; and if all of them together make us hold too much, so is whoever has
kept us waiting for longest.

The system takes an answer from us as its client takes it from the system, and not in one gulp of
megabytes after which nothing seems to move for minutes.
"""

import asyncio
import contextlib
import socket
from typing import Final

import structlog

log = structlog.get_logger()

MOST_BYTES: Final = 64 * 1024 * 1024
SECONDS: Final = 20.0
PACE: Final = 32 * 1024
"""Bytes that a client takes in that time, as the slowest line that is worth waiting for does."""
_AHEAD: Final = 128 * 1024
"""Bytes that the system takes ahead of what is on its way."""
_LOOKS: Final = 4
"""So often within that time it is looked at what is held."""


class Unread:
    """Looks after the connections of one process."""

    def __init__(
        self, *, most_bytes: int = MOST_BYTES, seconds: float = SECONDS, pace: int = PACE
    ) -> None:
        """Hold so many bytes for all clients that keep us waiting, but for the newest of them."""
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._pace = pace
        self._waiting: dict[asyncio.Transport, tuple[float, int]] = {}
        """Since when each keeps us waiting, and for how many bytes it did then; the longest first."""
        self._connections: set[asyncio.Transport] = set()
        self._next_look: asyncio.TimerHandle | None = None

    def opened(self, transport: asyncio.Transport) -> None:
        """Look after a connection from now on."""
        self._connections.add(transport)
        if (its_socket := transport.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):  # it is none of TCP's
                its_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _AHEAD)
        if self._next_look is None:
            self._look_again(asyncio.get_running_loop())

    def closed(self, transport: asyncio.Transport) -> None:
        """Look after it no more."""
        self._connections.discard(transport)
        self._waiting.pop(transport, None)
        if not self._connections and self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def grown(self, transport: asyncio.Transport) -> None:
        """Hear that more is held for a connection than is usual; cut off others if it is too much."""
        self._note(transport)
        held = {each: each.get_write_buffer_size() for each in self._waiting}
        total = sum(held.values())
        for each in list(held)[:-1]:
            if total <= self._most_bytes:
                break
            total -= held[each]
            self._cut_off(each, "too_much_is_held")

    def taken(self, transport: asyncio.Transport) -> None:
        """Hear that a client has taken nearly all that was held for it."""
        self._waiting.pop(transport, None)

    def _note(self, transport: asyncio.Transport) -> None:
        now = asyncio.get_running_loop().time()
        self._waiting.setdefault(transport, (now, transport.get_write_buffer_size()))

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next_look = loop.call_later(self._seconds / _LOOKS, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for transport in list(self._connections):
            held = transport.get_write_buffer_size()
            if held == 0:
                self.taken(transport)
                continue
            self._note(transport)
            since, before = self._waiting[transport]
            if now - since < self._seconds:
                continue
            if before - held < self._pace:
                self._cut_off(transport, "takes_too_little")
            else:
                self._waiting[transport] = now, held
        self._look_again(loop)

    def _cut_off(self, transport: asyncio.Transport, reason: str) -> None:
        log.info("client_cut_off", reason=reason, bytes=transport.get_write_buffer_size())
        self._waiting.pop(transport, None)
        self._connections.discard(transport)
        transport.abort()
