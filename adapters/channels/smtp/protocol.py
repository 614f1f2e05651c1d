"""The replies of a mail server, in the order of the commands, over one connection."""

import asyncio
import socket
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, cast

from typing_extensions import override

from adapters.channels.forgetting import FORGETTING
from adapters.channels.smtp.enhanced_status import enhanced_code

_MOST_UNREAD: Final = 1 << 16
_MOST_LINES: Final = 512
_MOST_REPLIES: Final = 64
_CODE_LENGTH: Final = 3


class WireError(Exception):
    """The conversation cannot go on; the code says why: `lost`, `timeout`, `unreadable`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; of its words only the codes are ever told on."""

    code: int
    lines: tuple[str, ...] = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.code < 300  # noqa: PLR2004  # RFC 5321, 4.2.1

    @property
    def is_temporary(self) -> bool:
        """Whether the same may be granted at another time."""
        return 400 <= self.code < 500  # noqa: PLR2004  # RFC 5321, 4.2.1

    @property
    def is_refusal(self) -> bool:
        """Whether the same will never be granted."""
        return 500 <= self.code < 600  # noqa: PLR2004  # RFC 5321, 4.2.1

    @property
    def is_failure(self) -> bool:
        """Whether the server has said no, in one way or the other."""
        return self.is_temporary or self.is_refusal

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code, if the reply has one."""
        return enhanced_code(self.lines[-1])

    @property
    def told(self) -> str:
        """The codes: `550 5.1.1`."""
        enhanced = self.enhanced
        return f"{self.code} {enhanced}" if enhanced else str(self.code)


class SmtpWire(asyncio.Protocol):
    """Sends bytes, and gives the replies one by one."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._broken: str | None = None

    # Called by the loop

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked with isinstance: the transports of uvloop are no subclasses.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._break("lost")

    @override
    def pause_writing(self) -> None:
        self._drained.clear()

    @override
    def resume_writing(self) -> None:
        self._drained.set()

    @override
    def data_received(self, data: bytes) -> None:
        if self._broken is not None:
            return
        self._unread += data
        try:
            while (end := self._unread.find(b"\n")) >= 0:
                line = bytes(self._unread[:end]).rstrip(b"\r")
                del self._unread[: end + 1]
                self._read(line)
        except ValueError:
            self._give_up("unreadable")
            return
        if len(self._unread) > _MOST_UNREAD or len(self._replies) > _MOST_REPLIES:
            self._give_up("unreadable")
        elif self._replies:
            self._wake()

    def _read(self, line: bytes) -> None:
        code, mark = line[:_CODE_LENGTH], line[_CODE_LENGTH : _CODE_LENGTH + 1]
        if not (len(code) == _CODE_LENGTH and code.isdigit()) or mark not in {b"", b" ", b"-"}:
            raise ValueError("not a reply")
        self._lines.append(line[_CODE_LENGTH + 1 :].decode("ascii", "replace"))
        if mark != b"-":
            self._replies.append(Reply(int(code), tuple(self._lines)))
            self._lines.clear()
        elif len(self._lines) > _MOST_LINES:
            raise ValueError("endless reply")

    def _give_up(self, reason: str) -> None:
        self._break(reason)
        self.abort()

    def _break(self, reason: str) -> None:
        self._broken = self._broken or reason
        self._drained.set()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Used by the session

    @property
    def is_quiet(self) -> bool:
        """Whether the connection is open and the server has said nothing unasked."""
        return self._is_open() and not self.has_unread

    @property
    def has_unread(self) -> bool:
        """Whether the server has said something that nobody has asked for yet."""
        return bool(self._replies or self._unread or self._lines)

    def _is_open(self) -> bool:
        transport = self._transport
        return self._broken is None and transport is not None and not transport.is_closing()

    def _error(self) -> WireError:
        return WireError(self._broken or "lost")

    def write(self, data: bytes) -> None:
        """Send, without waiting."""
        if self._transport is None or not self._is_open():
            raise self._error()
        self._transport.write(data)

    async def drained(self, seconds: float) -> None:
        """Wait until everything has been given to the network."""
        try:
            async with asyncio.timeout(seconds):
                await self._drained.wait()
        except TimeoutError:
            raise WireError("timeout") from None
        if not self._is_open():
            raise self._error()

    async def reply(self, seconds: float) -> Reply:
        """Wait for the next reply."""
        if not self._replies:
            await self._wait(seconds)
        return self._replies.popleft()

    async def _wait(self, seconds: float) -> None:
        if self._broken is not None:
            raise self._error()
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        # Several for each message: no `asyncio.timeout`, which costs as much as the message itself.
        timer = loop.call_later(seconds, _time_out, self._waiter)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if not self._replies:
            raise self._error()

    async def start_tls(self, context: ssl.SSLContext, *, host: str, seconds: float) -> None:
        """Make the connection private; nothing that came before counts any more."""
        if self._transport is None or not self.is_quiet:
            raise WireError("unreadable")
        try:
            secured = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                context,
                server_hostname=host,
                ssl_handshake_timeout=seconds,
            )
        except OSError:
            raise WireError("tls_failed") from None
        if secured is None:
            raise WireError("lost")
        secured.set_write_buffer_limits(high=0)
        self._transport = secured

    def close(self) -> None:
        """End the connection, after what was sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once; what the system still had to send does not arrive later."""
        if self._transport is not None:
            if (ours := self._transport.get_extra_info("socket")) is not None:
                with suppress(OSError):  # it is gone already
                    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FORGETTING)
            self._transport.abort()


def _time_out(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(WireError("timeout"))
