"""Single processes of the service, as an operator's machines run them: no `varsel up` above them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

_PATIENCE: Final = 60.0


def bare_environ() -> dict[str, str]:
    """What this process was started with, without any setting of the service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VARSEL_")}


class Process:
    """One process of the service, which can be stopped or killed, and started again as it was."""

    def __init__(
        self,
        *words: str,
        environ: Mapping[str, str],
        log: Path,
        program: Sequence[str] = (sys.executable, "-m", "entrypoints.cli"),
    ) -> None:
        self._command = [*program, *words]
        self._environ = {**bare_environ(), **environ}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> str:
        """All that it has said since it was first started."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def answers(self, url: str) -> None:
        """Wait until it answers that it is alive."""
        async with aiohttp.ClientSession() as session, asyncio.timeout(_PATIENCE):
            while True:
                assert self.is_running, f"it has ended:\n{self.said}"
                with suppress(aiohttp.ClientError):
                    async with session.get(f"{url}/health") as answer:
                        if answer.ok:
                            return
                await asyncio.sleep(0.05)

    async def over(self) -> int:
        """Wait until it has ended by itself; the code with which it has."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, _PATIENCE)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal by which it ends, and wait; the code with which it has ended."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        code = await asyncio.to_thread(self._process.wait, _PATIENCE)
        self._process = None
        return code

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            await self.end()
