"""A wire to the database that can be cut at a chosen moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Wire:
    """Carries bytes between clients and the database, and can lose them."""

    def __init__(self, conninfo: str) -> None:
        given = conninfo_to_dict(conninfo)
        self._host = str(given.get("host") or "localhost")
        self._port = int(given.get("port") or 5432)
        self._tasks: set[asyncio.Task[None]] = set()
        self._links: set[asyncio.StreamWriter] = set()
        self.answers_to_lose = 0
        """So many answers are read from the database, and lost with their connections."""
        self.is_silent = False
        """Whether nothing gets through, while connections stay open."""
        self.connections = 0

    @asynccontextmanager
    async def laid(self, conninfo: str) -> AsyncIterator[str]:
        """Yield how to connect through the wire."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._lay_down, server)
            yield make_conninfo(conninfo, host="127.0.0.1", port=port, gssencmode="disable")

    def cut(self) -> None:
        """Cut every connection there is."""
        for link in self._links:
            link.transport.abort()

    async def _lay_down(self, server: asyncio.Server) -> None:
        server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        if self._host.startswith("/"):
            socket = Path(self._host) / f".s.PGSQL.{self._port}"
            from_server, to_server = await asyncio.open_unix_connection(str(socket))
        else:
            from_server, to_server = await asyncio.open_connection(self._host, self._port)
        self._links |= {to_client, to_server}
        for carrying in (
            self._carry(from_client, to_server),
            self._carry_answers(from_server, to_client),
        ):
            task = asyncio.ensure_future(carrying)
            self._tasks.add(task)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if not self.is_silent:
                    target.write(data)
                    await target.drain()
        target.transport.abort()

    async def _carry_answers(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if self.answers_to_lose:
                    self.answers_to_lose -= 1
                    break
                if not self.is_silent:
                    target.write(data)
                    await target.drain()
        target.transport.abort()
