"""All in one: start what the service needs, keep its processes up, stop them together."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.get_logger()

_PORT_PATIENCE: Final = 3.0
"""Seconds that a port may stay taken by the remains of an installation that was killed."""
_STOP_PATIENCE: Final = 30.0
"""Seconds in which a process that is told to stop may bring what it has in hand to its end."""
_MANY_DEATHS: Final = 5
_SHORT_LIFE: Final = 10.0
_PARENT_POLL: Final = 0.25


class PortInUseError(Exception):
    """Somebody else listens on the port; the text is one line that says what to do."""


class ProcessFailedError(Exception):
    """One of the service's processes cannot be kept up; the text says which."""


def listen(host: str, port: int, *, setting: str = "VARSEL_PORT") -> socket.socket:
    """Take a port, waiting a moment for the remains of an installation that was killed.

    Raises:
        PortInUseError: somebody else listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + _PORT_PATIENCE
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as problem:
            listener.close()
            if time.monotonic() > deadline:
                raise PortInUseError(
                    f"port {port} on {host} cannot be used ({os.strerror(problem.errno or 0)}); "
                    f"stop what listens there, or choose another with {setting}"
                ) from None
            time.sleep(0.1)
        else:
            return listener


async def parent_gone() -> None:
    """Return when the process that started this one is gone, however it ended."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # nothing tells of it on every system
        await asyncio.sleep(_PARENT_POLL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process of the service: what it is called, and the command that it runs."""

    name: str
    arguments: Sequence[str]
    pass_fds: Sequence[int] = ()
    stops_last: bool = False
    """Whether the others need it until they have ended."""


class Supervisor:
    """Keeps processes up: one that dies is started again, and all stop together."""

    def __init__(self, children: Sequence[Child], environ: Mapping[str, str]) -> None:
        self._children = children
        self._environ = environ
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Start the processes, hand out the task that ends when they cannot be kept up, stop them."""
        keeping = asyncio.gather(*(self._keep(child) for child in self._children))
        task = asyncio.ensure_future(self._all(keeping))
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ProcessFailedError):
                await task
            await self._stop()

    @staticmethod
    async def _all(keeping: "asyncio.Future[list[None]]") -> None:
        await keeping

    async def _keep(self, child: Child) -> None:
        deaths = 0
        while True:
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "entrypoints.cli",
                *child.arguments,
                env=dict(self._environ),
                pass_fds=child.pass_fds,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops the others in order
            )
            self._processes[child.name] = process
            code = await process.wait()
            # What ended by itself soon after its start will do so again; what was killed will not.
            is_own_fault = code > 0 and time.monotonic() - began < _SHORT_LIFE
            deaths = deaths + 1 if is_own_fault else 0
            if deaths >= _MANY_DEATHS:
                raise ProcessFailedError(f"the {child.name} process cannot be kept up")
            log.warning("process_ended", process=child.name, code=code, does="starts it again")
            await asyncio.sleep(0.1 * deaths)

    async def _stop(self) -> None:
        for last in (False, True):
            names = [child.name for child in self._children if child.stops_last is last]
            await _end([self._processes[name] for name in names if name in self._processes])


async def _end(processes: Sequence[asyncio.subprocess.Process]) -> None:
    """Tell processes to stop, and end those that take too long."""
    for process in processes:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            await asyncio.wait_for(process.wait(), _STOP_PATIENCE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
