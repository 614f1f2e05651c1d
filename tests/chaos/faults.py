"""Kill a process of the service, or the database, every few seconds."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.service.installations import Installation


async def kill_by_turns(
    installed: Installation, *, dice: Random, every: float, killed: Counter[str]
) -> None:
    """Kill something by chance, about every so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(every * (0.5 + dice.random()))
        victim = dice.choice(("serve", "work", "postgres"))
        pids = (
            processes_of_postgres(installed.data)
            if victim == "postgres"
            else installed.processes(victim)
        )
        if not pids:
            continue  # it is being started again
        with suppress(ProcessLookupError):
            os.kill(dice.choice(pids), signal.SIGKILL)
            killed[victim] += 1


def processes_of_postgres(data: Path) -> Sequence[int]:
    """The server's own processes: when one is killed, it goes down hard, and recovers from its log."""
    folder = data / "postgres"
    # Started by the administrator, the server has its data where its own user may write.
    homes = [folder, *(each.resolve() for each in folder.iterdir() if each.is_symlink())]
    found = [each for home in homes for each in home.rglob("postmaster.pid")]
    if not found:
        return []
    postmaster = int(found[0].read_text().split()[0])
    with suppress(OSError):
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        return [int(each) for each in children.split()]
    return []
