"""Orders without a pause, harm again and again, and the reckoning."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from entrypoints.sandbox.inbox import caught_messages
from tests.chaos.checker import findings, held
from tests.chaos.load import Ordered
from tests.chaos.playing import accounts_of
from tests.databases import scratch_folder
from tests.failover.cluster import Cluster, settings
from tests.failover.harm import harm, promise
from tests.failover.load import ACCEPTED, Load
from tests.failover.network import Network
from tests.failover.service import Service
from tests.failover.tools import tools

_DRAIN: Final = 45.0
"""Seconds that what is under way at the end has to come to its own."""
_QUIET: Final = 6.0
"""So long nobody is refused any more before a fault is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a fault was like for whoever orders, and for the mail."""

    fault: str
    victim: str
    refused: tuple[float, float] | None
    """Seconds after the fault began: the first refusal, and the last."""
    nothing_accepted: float
    """The longest time within which no order was accepted."""
    mail_stood_still: float
    """The longest time within which no message came in."""
    whole: float
    """Seconds after which the cluster was whole again."""
    slowest: float
    """Seconds that an answer took at most."""
    answers: Counter[str]
    reads: Counter[str]
    """What whoever read an accepted order was told."""
    logged: Counter[str]
    given_up: Sequence[str]
    """Processes that have ended, or recorded nothing more."""
    promised: Sequence[str] = ()
    """What was answered to the order that was asked for while the standby was away."""


@dataclass(slots=True, kw_only=True)
class Reckoning:
    """What was accepted, held against what is there and against what the mail servers hold."""

    measured: list[Measured] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    """How many orders, by the answer."""
    lost: list[str] = field(default_factory=list)
    """Orders that were accepted, and are not there."""
    never_accepted: int = 0
    """Messages to somebody for whom no order was accepted."""
    messages: int = 0
    findings: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Trial:
    """A cluster and a service on it, under load."""

    cluster: Cluster
    service: Service
    load: Load

    async def measure(self, fault: str) -> Measured:
        """Do one kind of harm to a whole cluster, and tell how it went until it is whole again."""
        await asyncio.to_thread(self.cluster.wait_whole)
        self.service.logged()
        began, read = time.time(), len(self.load.reads)
        promised: Sequence[str] = ()
        if fault == "promise":
            victim, promised = await promise(self.cluster, self.load)
        else:
            victim = await asyncio.to_thread(harm, fault, self.cluster, self.service)
        undone = time.time()
        await asyncio.to_thread(self.cluster.wait_whole)
        whole = time.time()
        await self._quiet(undone)
        logged = self.service.logged()
        answers = [each for each in self.load.answers if each.at >= began]
        refusals = self._refusals(began)
        accepted = [each.at for each in answers if each.said in ACCEPTED]
        return Measured(
            fault=fault,
            victim=victim,
            refused=(refusals[0] - began, refusals[-1] - began) if refusals else None,
            nothing_accepted=_longest(began, accepted),
            mail_stood_still=_longest(began, list(self._mail(since=began))),
            whole=whole - began,
            slowest=max(each.took for each in answers),
            answers=Counter(each.said for each in answers),
            reads=Counter(self.load.reads[read:]),
            logged=logged.said,
            given_up=logged.given_up,
            promised=promised,
        )

    async def reckon(self) -> Reckoning:
        """Let everything come to its end, and hold the records together."""
        self.load.is_on = False
        await asyncio.sleep(5)
        accepted = dict(self.load.accepted)
        ordered = Ordered()
        for each in accepted.values():
            kind = ordered.emails if "@" in each.to else ordered.text_messages
            kind[each.to] = each.order_id
        accounts = await accounts_of(self.load.urls[0], self.load.token, ordered, drain=_DRAIN)
        box = held(self.service.data / "mailbox")
        absent = {each.order_id for each in accounts if each.status == "it is not there"}
        return Reckoning(
            accepted=Counter(each.said for each in accepted.values()),
            lost=[
                f"{each.order_id}, answered {each.said} at {time.ctime(each.at)}"
                for each in accepted.values()
                if each.order_id in absent
            ],
            never_accepted=len(set(box) - {each.to for each in accepted.values()}),
            messages=sum(box.values()),
            findings=list(findings(accounts, box)),
        )

    async def _quiet(self, since: float) -> None:
        """Wait until nobody has been refused for a while."""
        while (now := time.time()) < max([since, *self._refusals(since)]) + _QUIET:
            assert now < since + 60, "orders are refused though the cluster is whole"
            await asyncio.sleep(0.5)

    def _refusals(self, since: float) -> list[float]:
        return [
            each.at for each in self.load.answers if each.at >= since and each.said not in ACCEPTED
        ]

    def _mail(self, *, since: float) -> Iterator[float]:
        moments = (
            each.received_at.timestamp() for each in caught_messages(self.service.data / "mailbox")
        )
        return (each for each in moments if each >= since)


def play(
    faults: Sequence[str],
    *,
    timing: str = "fast",
    strict: bool = False,
    tell: Callable[[Measured], None] = lambda _: None,
) -> Reckoning:
    """Do harm of these kinds, one after the other.

    Raises:
        MissingError: this machine has not what that needs.
    """
    with _installed(timing, strict=strict) as (cluster, service):
        return asyncio.run(_play(faults, cluster, service, tell))


async def _play(
    faults: Sequence[str], cluster: Cluster, service: Service, tell: Callable[[Measured], None]
) -> Reckoning:
    measured: list[Measured] = []
    async with _under_load(cluster, service) as trial:
        await asyncio.sleep(5)
        for fault in faults:
            measured.append(await trial.measure(fault))
            tell(measured[-1])
        reckoning = await trial.reckon()
    reckoning.measured = measured
    return reckoning


@asynccontextmanager
async def _under_load(cluster: Cluster, service: Service) -> AsyncIterator[Trial]:
    load = Load(urls=service.urls, token=service.token())
    loading = asyncio.create_task(load.run())
    try:
        yield Trial(cluster=cluster, service=service, load=load)
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)


@contextmanager
def _installed(timing: str, *, strict: bool) -> Iterator[tuple[Cluster, Service]]:
    found = tools()
    network = Network(found.ip)
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        folder.chmod(0o755)
        network.make()
        stack.callback(network.remove)
        cluster = Cluster(network, folder, found, settings(timing, strict=strict))
        cluster.start(stack)
        yield cluster, Service(folder / "varsel", network, found, cluster.trusted, stack)


def _longest(began: float, moments: Sequence[float]) -> float:
    ordered = [began, *sorted(moments), time.time()]
    return max(after - before for before, after in pairwise(ordered))
