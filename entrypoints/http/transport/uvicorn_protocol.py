"""HTTP on the wire, by uvicorn, with an end to every patience.

uvicorn waits for ever for the first byte of a connection, for the end of a request's head, for the
rest of a body that was refused unread, and for a client to take its answer. Bodies that are read have
a deadline of their own there.
"""

import asyncio
from enum import Enum, auto
from typing import Any, ClassVar, Final, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.http.transport.bodies import IS_WHOLE
from entrypoints.http.transport.unread import Unread

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 30.0
HEAD_BYTES: Final = 64 * 1024


class _Phase(Enum):
    """What of a request is being received."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class _Gathering:
    """A connection on which all that is written in one turn of the loop leaves at once.

    uvicorn writes an answer's head and its body apart, and each would be a call of the system's that
    wakes the client.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._written:
            self._loop.call_soon(self._leave)
        self._written.append(data)

    def close(self) -> None:
        self._leave()
        self._transport.close()

    def _leave(self) -> None:
        written, self._written = self._written, []
        if written and not self._transport.is_closing():
            self._transport.writelines(written)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the connection's own
        return getattr(self._transport, name)


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not come, or whose answer is not taken, in time."""

    head_seconds: float = HEAD_SECONDS
    body_seconds: float = BODY_SECONDS
    """Longer than a body may take where it is read, so that the answer comes from there."""
    head_bytes: int = HEAD_BYTES
    unread: ClassVar[Unread] = Unread()
    """What all connections of the process hold."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # as uvicorn has it
        super().__init__(*arguments, **named)
        self._phase = _Phase.HEAD
        self._head_length = 0
        self._deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(cast("asyncio.Transport", _Gathering(transport, self.loop)))
        self._connection = transport
        self.unread.opened(transport)
        self._set_deadline(self.head_seconds)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_deadline()
        self.unread.closed(self._connection)
        super().connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread.grown(self._connection)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread.taken(self._connection)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A request that came whole, as nearly all do, costs no timer.
        match self._phase:
            case _Phase.HEAD:
                self._head_length += len(data)
                if self._head_length > self.head_bytes:
                    self._refuse(b"431 Request Header Fields Too Large")
                elif self._deadline is None:
                    self._set_deadline(self.head_seconds)
            case _Phase.BODY if self._deadline is None:
                self._set_deadline(self.body_seconds)
            case _:
                pass

    @override
    def _should_upgrade(self) -> bool:
        return False  # whoever asks for another protocol is answered in this one (RFC 9110 § 7.8)

    @override
    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: it is no fault of ours, and strangers could fill the log by it."""

    @override
    def on_message_begin(self) -> None:
        self._phase = _Phase.HEAD
        self._head_length = 0
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._phase = _Phase.BODY
        self._unset_deadline()
        super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        self._phase = _Phase.NOTHING
        self.scope["state"][IS_WHOLE] = True
        self._unset_deadline()
        super().on_message_complete()

    def _set_deadline(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._refuse, b"408 Request Timeout")

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes) -> None:
        self._unset_deadline()
        if self.transport.is_closing():
            return
        if self._phase is _Phase.HEAD:
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
        self.transport.close()
