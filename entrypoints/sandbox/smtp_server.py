"""The catch-all mail server: an ESMTP server that takes everything and delivers nothing."""

import asyncio

from entrypoints.sandbox.mail_server_state import SmtpHouse
from entrypoints.sandbox.smtp_session import SmtpSession


class CatchAllSmtpServer:
    """Listens for mail clients, and gives each a session."""

    def __init__(self, house: SmtpHouse, *, host: str, port: int) -> None:
        self._house = house
        self._host = host
        self._port = port
        self._sessions: set[SmtpSession] = set()
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
        self._server = await asyncio.get_running_loop().create_server(
            self._session, self._host, self._port
        )

    async def stop(self) -> None:
        """Listen no more, and break off what is under way; what was accepted is kept."""
        if self._server is None:
            return
        self._server.close()
        await asyncio.gather(*(session.close() for session in tuple(self._sessions)))
        await self._server.wait_closed()
        self._server = None

    def _session(self) -> SmtpSession:
        return SmtpSession(self._house, on_open=self._sessions.add, on_close=self._sessions.discard)
