"""A mail server that takes everything and keeps nothing: `python -m benchmarks.smtp_sink PORT`."""

import asyncio
import sys
from typing import cast

import uvloop
from typing_extensions import override


class _Session(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._in_content = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink ESMTP\r\n")

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self._in_content:
            _, dot, rest = self._buffer.partition(b"\r\n.\r\n")
            if not dot:
                return False
            self._buffer, self._in_content = rest, False
            self._transport.write(b"250 2.0.0 taken\r\n")
            return True
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return False
        self._buffer = rest
        self._transport.write(self._answer(line[:4].upper()))
        return True

    def _answer(self, verb: bytes) -> bytes:
        match verb:
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 DSN\r\n"
            case b"DATA":
                self._in_content = True
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 2.0.0 bye\r\n"
            case _:
                return b"250 2.0.0 ok\r\n"


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Session, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
