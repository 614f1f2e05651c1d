"""Where commands and content end in what a mail client sends. No input or output in here.

The end of content is a dot between two full line ends and nothing else: lone CRs and LFs end
nothing, so what one server takes for content is never a command to another.
"""

from typing import Final

from entrypoints.sandbox.smtp_envelope import SmtpRefusal

_LONGEST_LINE: Final = 8192
_LINE_END: Final = b"\r\n"
_END: Final = b"\r\n.\r\n"
_LONELY_DOT: Final = b".\r\n"


class LineTooLongError(Exception):
    """A command has no end; what follows cannot be told from it."""


class Incoming:
    """Bytes that have come and have not been read yet."""

    def __init__(self, *, largest_message: int) -> None:
        self._largest = largest_message
        self._buffer = bytearray()
        self._searched = 0
        self._is_too_large = False

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._buffer += data

    def clear(self) -> None:
        """Forget what has not been read."""
        self._buffer.clear()

    def line(self) -> bytes | None:
        """Take out one command, or nothing while it is incomplete.

        Raises:
            LineTooLongError: the conversation cannot go on.
        """
        end = self._buffer.find(_LINE_END)
        if end > _LONGEST_LINE or (end < 0 and len(self._buffer) > _LONGEST_LINE):
            raise LineTooLongError
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + len(_LINE_END)]
        return line

    def content(self) -> bytes | None:
        """Take out a whole message without the dots that were put in for the way, or nothing yet.

        Raises:
            SmtpRefusal: it was too large; it is taken out all the same.
        """
        if self._buffer.startswith(_LONELY_DOT) and not self._is_too_large:
            del self._buffer[: len(_LONELY_DOT)]
            return b""
        end = self._buffer.find(_END, max(0, self._searched - len(_END)))
        if end < 0:
            self._wait_for_more()
            return None
        content = bytes(self._buffer[: end + len(_LINE_END)])
        del self._buffer[: end + len(_END)]
        is_too_large = self._is_too_large or len(content) > self._largest
        self._searched, self._is_too_large = 0, False
        if is_too_large:
            raise SmtpRefusal("552 5.3.4 Message too large")
        return content.removeprefix(b".").replace(b"\r\n.", _LINE_END)

    def _wait_for_more(self) -> None:
        if len(self._buffer) > self._largest + len(_END):
            self._is_too_large = True
            del self._buffer[: -len(_END)]
        self._searched = len(self._buffer)
