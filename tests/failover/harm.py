"""Harm that is done to the cluster and undone after its seconds."""

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from typing import Final

from tests.failover.cluster import ADDRESS, Cluster, Member
from tests.failover.load import ACCEPTED, Load
from tests.failover.network import send
from tests.failover.service import Service

Deed = tuple[Callable[[], object], Callable[[], object]]

SECONDS: Final = 20.0
"""For so long harm lasts that names no seconds of its own."""
_AT_ONCE: Final = frozenset({"switch", "postmaster"})
EXTRA: Final = 900_001
"""The number of the order that is asked for while the standby is away."""


def harm(fault: str, cluster: Cluster, service: Service) -> str:
    """Do harm, as `kill` or `cut30`, and undo it after its seconds; tell to whom it was done."""
    kind = fault.rstrip("0123456789")
    primary, synchronous = cluster.find("Leader"), cluster.find("Sync Standby")
    etcd, worker = cluster.etcd_leader or primary, service.hosts[0]
    everything = primary.processes()
    deeds: Mapping[str, tuple[str, Deed]] = {
        # Patroni and PostgreSQL die; both come back as systemd would bring them.
        "kill": (primary.name, (primary.die, primary.start_patroni)),
        "postmaster": (
            primary.name,
            (lambda: send(signal.SIGKILL, primary.postmaster), lambda: None),
        ),
        # The whole host is frozen; or Patroni alone, and its PostgreSQL goes on as a second primary.
        "pause": (primary.name, _frozen(*everything)),
        "patroni": (primary.name, _frozen(primary.patroni.pid)),
        "cut": (primary.name, (primary.cut_off, primary.join)),
        "standby": (synchronous.name, (synchronous.cut_off, synchronous.join)),
        # Cut off from the database, and from nobody else.
        "split": (
            primary.name,
            (lambda: primary.lose(*ADDRESS.values()), lambda: primary.find(*ADDRESS.values())),
        ),
        "worker": (
            worker.name,
            (lambda: worker.lose(*ADDRESS.values()), lambda: worker.find(*ADDRESS.values())),
        ),
        "etcd": (etcd.name, (lambda: send(signal.SIGKILL, etcd.etcd.pid), etcd.start_etcd)),
        "switch": (primary.name, (lambda: _switch(primary, synchronous), lambda: None)),
    }
    victim, (do, undo) = deeds[kind]
    do()
    time.sleep(float(fault[len(kind) :] or (0 if kind in _AT_ONCE else SECONDS)))
    undo()
    return victim


async def promise(cluster: Cluster, load: Load) -> tuple[str, list[str]]:
    """Ask for one order while the synchronous standby is away; then the primary dies for it.

    Tells who the standby was, and what was answered.
    """
    load.is_on = False
    await asyncio.sleep(4)
    primary, synchronous = cluster.find("Leader"), cluster.find("Sync Standby")
    synchronous.cut_off()
    began = time.monotonic()
    said: list[str] = []
    while not ACCEPTED.intersection(said) and time.monotonic() < began + 18:
        said.append(await load.ask(EXTRA, load.urls[min(1, len(said))]))
    primary.cut_off()  # a machine that is dead sends nothing that was still in its buffers
    primary.die()
    synchronous.join()
    load.is_on = True
    await asyncio.sleep(30)
    primary.join()
    primary.start_patroni()
    await load.order(EXTRA)  # it may have been recorded, or not
    return synchronous.name, said


def _frozen(*pids: int) -> Deed:
    return (lambda: send(signal.SIGSTOP, *pids)), (lambda: send(signal.SIGCONT, *pids))


def _switch(primary: Member, candidate: Member) -> None:
    primary.ctl("switchover", "--force", "--primary", primary.name, "--candidate", candidate.name)
