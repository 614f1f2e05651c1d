"""What somebody answers over HTTP, with a limit to how much of it is read."""

from typing import Final

from aiohttp import StreamReader

_PIECE: Final = 64 * 1024


async def read_at_most(content: StreamReader, most: int) -> bytes | None:
    """All that is answered; None, and no more is read, where it is more than so many bytes."""
    body = bytearray()
    async for piece in content.iter_chunked(_PIECE):
        body += piece
        if len(body) > most:
            return None
    return bytes(body)
