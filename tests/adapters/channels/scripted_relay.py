"""A mail server over a real socket that answers, falls silent or hangs up as a test says."""

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

DROP: Final = "(drop)"
"""Hang up in place of an answer."""
HANG_UP: Final = "(hang up)"
"""The same, but let what was said before arrive."""
SILENCE: Final = "(silence)"
"""Do not answer, and do not hang up."""

_ANSWERS: Final = {
    "greeting": "220 relay.example ESMTP",
    "STARTTLS": "220 2.0.0 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "DATA": "354 go ahead",
    ".": "250 2.0.0 queued as 4711",
    "QUIT": "221 2.0.0 bye",
}


class ScriptedRelay:
    def __init__(
        self, *abilities: str, secure: ssl.SSLContext | None = None, is_implicit: bool = False
    ) -> None:
        self.abilities = list(abilities)
        self.commands: list[str] = []
        self.contents: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.was_asked = asyncio.Event()
        """Set when a silence begins."""
        self._secure = secure
        self._is_implicit = is_implicit
        self._answers: defaultdict[str, deque[str]] = defaultdict(deque)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._heard = asyncio.Event()

    def answer(self, verb: str, *answers: str) -> None:
        """Answer the next commands of a kind so, and the ones after them as usual."""
        self._answers[verb].extend(answers)

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._meet,
            "127.0.0.1",
            self.port,
            ssl=self._secure if self._is_implicit else None,
            limit=1 << 22,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._open.values())

    async def heard(self, verb: str) -> None:
        """Wait until a command of this kind has come."""
        while not self.sent(verb):
            self._heard.clear()
            await self._heard.wait()

    def sent(self, verb: str) -> list[str]:
        return [each for each in self.commands if each.upper().startswith(verb)]

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open[writer] = asyncio.create_task(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, EOFError):
                await self._talk(reader, writer)
        finally:
            del self._open[writer]
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say("greeting", writer, reader)
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.commands.append(line)
            self._heard.set()
            verb = line.split(" ", 1)[0].upper()
            answer = await self._say(verb, writer, reader)
            if verb == "STARTTLS" and answer.startswith("220") and self._secure is not None:
                await writer.start_tls(self._secure)
            elif verb == "DATA" and answer.startswith("354"):
                self.contents.append(await reader.readuntil(b"\r\n.\r\n"))
                await self._say(".", writer, reader)
            elif verb == "QUIT":
                return

    async def _say(
        self, verb: str, writer: asyncio.StreamWriter, reader: asyncio.StreamReader
    ) -> str:
        answer = self._answers[verb].popleft() if self._answers[verb] else self._usual(verb)
        if answer == DROP:
            writer.transport.abort()
            raise EOFError
        if answer == HANG_UP:
            raise EOFError
        if answer == SILENCE:
            self.was_asked.set()
            await reader.read()
            raise EOFError
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return answer

    def _usual(self, verb: str) -> str:
        if verb == "EHLO":
            return "\r\n".join(
                [*(f"250-{each}" for each in ("relay", *self.abilities)), "250 HELP"]
            )
        return _ANSWERS.get(verb, "250 2.1.0 fine")


@asynccontextmanager
async def scripted_relay(
    *abilities: str, secure: ssl.SSLContext | None = None, is_implicit: bool = False
) -> AsyncIterator[ScriptedRelay]:
    relay = ScriptedRelay(*abilities, secure=secure, is_implicit=is_implicit)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()
