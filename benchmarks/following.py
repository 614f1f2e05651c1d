"""How fast KRR is followed from its first change to its last, over HTTP, beside how fast its pages come.

The stand-in is a process of its own, as the register is; whoever follows it asks for a page, seals it,
brings it into the copy, and asks for the next. The yardstick asks for the same pages and drops them.
VARSEL_BENCH_PERSONS says how many people there are.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from adapters.postgres import EmbeddedPostgres, migrate
from benchmarks.figures import ROUNDS, Figure
from benchmarks.registries import PERSONS
from entrypoints.sandbox.registers import KRR
from entrypoints.settings import Settings
from entrypoints.supervisor import listen
from entrypoints.wiring.registries import sync_registry

_TOKEN: Final = "of the measurement"  # noqa: S105  # of our own stand-in


class _Reach(msgspec.Struct, rename={"end": "tilEndringsId", "newest": "sisteEndringsId"}):
    end: int
    newest: int


async def measure() -> Sequence[Figure]:
    """Persons a second that are followed from end to end, and that the register tells of."""
    followed, told = list[float](), list[float]()
    for _ in range(ROUNDS):
        took, bare = await _followed()
        followed.append(PERSONS / took)
        told.append(PERSONS / bare)
    return [
        Figure(
            name=f"following a register of {PERSONS:,} persons over HTTP",
            unit="/s",
            rounds=followed,
            beside=told,
            yardstick="its pages alone",
        )
    ]


async def _followed() -> tuple[float, float]:
    """Seconds in which a new copy follows a new register, and in which its pages come alone."""
    with tempfile.TemporaryDirectory(prefix="varsel-bench-") as name:
        folder = Path(name)
        os.chmod(name, 0o711)  # noqa: PTH101, S103  # the server has an account of its own
        with _register(folder) as url, EmbeddedPostgres(folder / "postgres") as database:
            await migrate(database)
            bare = await _told(url)
            settings = Settings(data=folder, krr_url=url, krr_token=_TOKEN)
            begun = time.perf_counter()
            await sync_registry(settings, "krr", database)
            return time.perf_counter() - begun, bare


@contextmanager
def _register(folder: Path) -> Iterator[str]:
    """A stand-in for KRR, in a process of its own."""
    with listen("127.0.0.1", 0) as listener:
        words = ["sandbox", "registers", "--people", str(PERSONS), "--fd", str(listener.fileno())]
        process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "entrypoints.cli", *words],
            env={
                **{
                    name: each
                    for name, each in os.environ.items()
                    if not name.startswith("VARSEL_")
                },
                "VARSEL_DATA": str(folder),
                "VARSEL_KRR_TOKEN": _TOKEN,
                "VARSEL_LOG_LEVEL": "error",
            },
            pass_fds=[listener.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{KRR}"
        finally:
            process.terminate()
            process.wait(30)


async def _told(url: str) -> float:
    """Seconds in which the register tells of everybody."""
    reach = _Reach(0, 1)
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(after: int) -> _Reach:
            async with session.post(url, json={"fraEndringsId": after}) as answer:
                return msgspec.json.decode(await answer.read(), type=_Reach)

        await ask(0)  # it has started, and what is made once has been
        begun = time.perf_counter()
        while reach.end < reach.newest:
            reach = await ask(reach.end)
        return time.perf_counter() - begun
