"""All in one: start what the service needs, keep its processes up, stop them together."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from entrypoints.settings import REFUSED

log = structlog.get_logger()

_PORT_PATIENCE: Final = 3.0
"""Seconds that a port may stay taken by the remains of an installation that was killed."""
_STOP_PATIENCE: Final = 30.0
"""Seconds in which a process that is told to stop may bring what it has in hand to its end."""
_MANY_DEATHS: Final = 5
_SHORT_LIFE: Final = 10.0


class PortInUseError(Exception):
    """The port or the address cannot be listened on; the text is one line that says what to do."""


class ProcessFailedError(Exception):
    """One of the service's processes cannot be kept up; the text says which."""


def listen(host: str, port: int, *, setting: str = "VARSEL_PORT") -> socket.socket:
    """Take a port, waiting a moment for the remains of an installation that was killed.

    Raises:
        PortInUseError: somebody else listens there, or it is no address of this machine.
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
            if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
                raise PortInUseError(
                    f"{host} is no address of this machine ({problem.strerror}); "
                    "name one with VARSEL_HOST"
                ) from None
            if time.monotonic() > deadline:
                raise PortInUseError(
                    f"port {port} on {host} cannot be used ({problem.strerror}); "
                    f"stop what listens there, or choose another with {setting}"
                ) from None
            time.sleep(0.1)
        else:
            return listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process of the service: what it is called, and the command that it runs."""

    name: str
    arguments: Sequence[str]
    pass_fds: Sequence[int] = ()
    stops_last: bool = False
    """Whether the others need it until they have ended."""


class Supervisor:
    """Keeps processes up: one that dies is started again, and all stop together.

    None of them outlives this process, however it ends: each holds the reading end of a pipe that
    nobody writes to (`--lifeline`), and stops when it closes.
    """

    def __init__(self, children: Sequence[Child], environ: Mapping[str, str]) -> None:
        self._children = children
        self._environ = environ
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Start the processes, hand out the task that ends when they cannot be kept up, stop them."""
        lifeline, held = os.pipe()
        task = asyncio.create_task(self._keep_all(lifeline))
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ProcessFailedError):
                await task
            await self._stop()
            os.close(held)
            os.close(lifeline)

    async def _keep_all(self, lifeline: int) -> None:
        keepers = [asyncio.create_task(self._keep(child, lifeline)) for child in self._children]
        try:
            await asyncio.gather(*keepers)
        finally:
            # Before anything is stopped nobody may be left who would start it again.
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)

    async def _keep(self, child: Child, lifeline: int) -> None:
        deaths = 0
        while True:
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "entrypoints.cli",
                *child.arguments,
                "--lifeline",
                str(lifeline),
                env=dict(self._environ),
                pass_fds=(*child.pass_fds, lifeline),
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops the others in order
            )
            self._processes[child.name] = process
            code = await process.wait()
            if code == REFUSED:  # it has said why, and will say so again
                raise ProcessFailedError(f"the {child.name} process refuses its settings")
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
