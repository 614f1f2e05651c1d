"""Kill a process of the service, or the database, every few seconds."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

import psycopg

from tests.service.installations import Installation

VICTIMS: Final = ("serve", "work", "postgres", "postmaster")
"""What is killed: processes of the service, of the database, and the database's own first one."""


async def kill_by_turns(
    installed: Installation, *, dice: Random, every: float, killed: Counter[str]
) -> None:
    """Kill something by chance, about every so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(every * (0.5 + dice.random()))
        victim = dice.choice(VICTIMS)
        match victim:
            case "postgres" | "postmaster":
                # Not while it recovers: with its helpers killed then, PostgreSQL 18 may wait for ever.
                if not await _accepts(installed.data):
                    continue
                postmaster, children = processes_of_postgres(installed.data)
                pids = children if victim == "postgres" else [postmaster]
            case _:
                pids = installed.processes(victim)
        if not pids:
            continue  # it is being started again
        with suppress(ProcessLookupError):
            os.kill(dice.choice(pids), signal.SIGKILL)
            killed[victim] += 1


async def _accepts(data: Path) -> bool:
    """Whether the database takes connections."""
    database = json.loads((data / "running.json").read_text())["database"]
    try:
        connection = await psycopg.AsyncConnection.connect(database, connect_timeout=2)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


def processes_of_postgres(data: Path) -> tuple[int, Sequence[int]]:
    """The server, and the processes that it has started.

    When one of these is killed, it goes down hard, and recovers from its log; when it is killed
    itself, whoever has started it has to start it again.
    """
    folder = data / "postgres"
    # Started by the administrator, the server has its data where its own user may write.
    homes = [folder, *(each.resolve() for each in folder.iterdir() if each.is_symlink())]
    (found,) = (each for home in homes for each in home.rglob("postmaster.pid"))
    postmaster = int(found.read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
    return postmaster, [int(each) for each in children.split()]
