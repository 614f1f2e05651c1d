"""The catch-all mail server: an ESMTP server that takes everything and delivers nothing."""

import asyncio
from contextlib import suppress

from entrypoints.sandbox.mail_server_state import SmtpHouse
from entrypoints.sandbox.smtp_session import converse


class CatchAllSmtpServer:
    """Listens for mail clients, and speaks with each."""

    def __init__(self, house: SmtpHouse, *, host: str, port: int) -> None:
        self._house = house
        self._host = host
        self._port = port
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Tell where it listens; before the start, where it was asked to."""
        if self._server is None or not self._server.sockets:
            return self._host, self._port
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._meet, self._host, self._port)

    async def stop(self) -> None:
        """Listen no more, and break off what is under way; what was accepted is kept."""
        if self._server is None:
            return
        self._server.close()
        conversations = tuple(self._conversations)
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await converse(self._house, reader, writer)
        finally:
            writer.transport.abort()
