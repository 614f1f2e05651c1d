"""Hosts of a network on one machine, made of network namespaces; each can be cut off and joined again.

host 1 ── 10.77.1.2 ═══ 10.77.1.1 ──┐
                                    ├── this machine: the database and the mail server
host 2 ── 10.77.2.2 ═══ 10.77.2.1 ──┘
"""

import asyncio
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.debian import ProgramUnavailableError, program

_CHUNK: Final = 1 << 16


class Host:
    """A host that sees this machine, and nobody else."""

    def __init__(self, number: int) -> None:
        self.name = f"varsel-{os.getpid()}-{number}"
        self.here = f"10.77.{number}.1"
        """This machine's address, as the host sees it."""
        self._there = f"10.77.{number}.2"
        self._link = f"vs{os.getpid() % 100_000}h{number}"
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        _ip("netns", "add", self.name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("addr", "add", f"{self.here}/24", "dev", self._link)
        _ip("link", "set", self._link, "up")
        for words in (
            ("addr", "add", f"{self._there}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", self.name, *words)

    def work(self, environ: Mapping[str, str]) -> None:
        """Let a worker run there."""
        self._process = subprocess.Popen(
            [_tool(), "netns", "exec", self.name, sys.executable, "-m", "entrypoints.cli", "work"],
            env=dict(environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def is_working(self) -> bool:
        """Whether the worker lives."""
        return self._process is not None and self._process.poll() is None

    def cut_off(self) -> None:
        """Let nothing through, in either direction; nobody is told."""
        _ip("link", "set", self._link, "down")

    def join(self) -> None:
        """Let everything through again."""
        _ip("link", "set", self._link, "up")

    def remove(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "delete", self.name)
        with suppress(subprocess.CalledProcessError):
            _ip("link", "delete", self._link)


@contextmanager
def hosts(*numbers: int) -> Iterator[list[Host]]:
    """Make hosts.

    Raises:
        ProgramUnavailableError: this machine lets nobody make any.
    """
    made = [Host(number) for number in numbers]
    try:
        for each in made:
            try:
                each.make()
            except subprocess.CalledProcessError as error:
                raise ProgramUnavailableError("no network namespaces can be made") from error
        yield made
    finally:
        for each in made:
            each.remove()


@contextmanager
def reachable(
    address: str, inside: tuple[str, int] | Path, *, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Let what listens on this machine alone be reached by a host, by TLS if told so; the port where."""

    async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(inside, Path):
                back, forth = await asyncio.open_unix_connection(str(inside))
            else:
                back, forth = await asyncio.open_connection(*inside)
            try:
                await asyncio.gather(_carry(reader, forth), _carry(back, writer))
            finally:
                forth.transport.abort()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async def serve() -> None:
        under_way: set[asyncio.Task[None]] = set()

        def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(carried(reader, writer))
            under_way.add(task)
            task.add_done_callback(under_way.discard)

        async with await asyncio.start_server(carry, address, 0, ssl=tls) as server:
            port.set_result(int(server.sockets[0].getsockname()[1]))
            await asyncio.get_running_loop().run_in_executor(None, over.wait)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    port: Future[int] = Future()
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield port.result(30)
    finally:
        over.set()
        thread.join(30)


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    target.close()


def _tool() -> str:
    return str(program("iproute2", "ip"))


def _ip(*words: str) -> None:
    subprocess.run([_tool(), *words], check=True, capture_output=True)
