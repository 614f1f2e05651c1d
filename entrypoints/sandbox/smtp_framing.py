"""Where commands and content end in what a mail client sends.

The end of content is a dot between two full line ends and nothing else: lone CRs and LFs end
nothing, so what one server takes for content is never a command to another.
"""

import asyncio
from typing import Final

from entrypoints.sandbox.smtp_envelope import SmtpRefusal

_LINE_END: Final = b"\r\n"
_LONELY_DOT: Final = b".\r\n"


async def read_command(reader: asyncio.StreamReader) -> bytes:
    """Read one line, without its end.

    Raises:
        asyncio.IncompleteReadError: the client has gone.
        asyncio.LimitOverrunError: the line is longer than the reader holds.
    """
    return (await reader.readuntil(_LINE_END)).removesuffix(_LINE_END)


async def read_content(reader: asyncio.StreamReader, *, largest: int) -> bytes:
    """Read a whole message, without the dots that were put in for the way.

    Raises:
        SmtpRefusal: it was too large; it has been read to its end all the same.
        asyncio.IncompleteReadError: the client has gone.
        asyncio.LimitOverrunError: a line is longer than the reader holds.
    """
    content = bytearray()
    size = 0
    while (line := await reader.readuntil(_LINE_END)) != _LONELY_DOT:
        size += len(line)
        if size <= largest:
            content += line.removeprefix(b".")
    if size > largest:
        raise SmtpRefusal("552 5.3.4 Message too large")
    return bytes(content)
