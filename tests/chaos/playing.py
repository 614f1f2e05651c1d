"""Load, faults, rest, and the reckoning."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Final

import aiohttp

from entrypoints.sandbox.inbox import caught_messages
from tests.chaos.checker import Account, findings, held, misled
from tests.chaos.faults import VICTIMS, kill_by_turns
from tests.chaos.load import Ordered, order_many
from tests.chaos.registers import Registers, followed
from tests.service.installations import API, Installation, installation

SETTINGS: Final[Mapping[str, str]] = {
    "VARSEL_WORKERS": "2",
    "VARSEL_LEASE": "5",
    "VARSEL_SEND_WITHIN": "5",
    "VARSEL_OUTCOME_SLACK": "3",
    "VARSEL_REPORT_WAIT": "10",
    "VARSEL_SMTP_REPLY_TIMEOUT": "5",
    "VARSEL_SMS_TIMEOUT": "5",
}
"""Short times, so that what stays unknown is settled while somebody looks.

The mail server's counts five times: no wait within a hand-over is longer, and an attempt is settled
when all five of them have run out.
"""
_KNOWN: Final = 10
"""One order of so many is for somebody whom a register knows."""
_DRAIN: Final = 240.0
_DRAIN_OF_EACH: Final = 0.01
"""Seconds more for each order: on two cores the servers that stand in for the world are slow, too."""


@dataclass(slots=True, kw_only=True)
class Reckoning:
    """What came of it."""

    ordered: Ordered
    killed: Counter[str] = field(default_factory=Counter)
    accounts: Sequence[Account] = ()
    messages: int = 0
    on_record: int = 0
    """Messages that were handed over more than once, with every attempt on record."""
    stuck: int = 0
    """Orders in whose hands three workers were killed, and that an operator let go on."""
    known: int = 0
    """How many of the orders were for those whom registers know."""
    moves: int = 0
    """How often one of these moved meanwhile."""
    troubled: int = 0
    """How often trouble was brought to a register's feed."""
    drained: float = 0.0
    """Seconds from the last fault until every order had come to its end."""
    findings: Sequence[str] = ()


def play(data: Path, *, orders: int, seed: int, every: float) -> Reckoning:
    """Order so many times under faults, let all come to rest, and hold the records together."""
    with installation(data, SETTINGS) as installed:
        installed.start()
        return asyncio.run(_play(installed, orders, Random(seed), every))  # noqa: S311  # told again


async def _play(installed: Installation, orders: int, dice: Random, every: float) -> Reckoning:
    killed: Counter[str] = Counter()
    token = installed.token()
    asking = installed.varsel("token", "--scope", "varsel:contactpoints.read").stdout.split()[-1]
    registers = Registers.of(installed, orders // _KNOWN)
    await registers.enter()
    apart = await followed(installed, registers, asking)
    assert not apart, apart
    living = asyncio.create_task(registers.live(Random(dice.random())))  # noqa: S311  # told again
    killing = asyncio.create_task(kill_by_turns(installed, dice=dice, every=every, killed=killed))
    try:
        ordered = await order_many(
            installed.url, token, orders, dice=dice, subscribers=registers.subscribers
        )
        # Few orders may be accepted before each kind was killed: what is under way is then under kills.
        while not killed.keys() >= set(VICTIMS):  # noqa: ASYNC110  # each kill is told by nothing else
            await asyncio.sleep(0.1)
        await asyncio.sleep(2 * every)
    finally:
        killing.cancel()
        living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    await registers.calm()
    began = monotonic()
    stuck = await asyncio.to_thread(let_go_on, installed)
    accounts = await accounts_of(installed.url, token, ordered)
    drained = monotonic() - began
    holds = held(installed.data / "mailbox")
    apart = await followed(installed, registers, asking)
    strayed = list(misled(caught_messages(installed.data / "mailbox")))
    return Reckoning(
        ordered=ordered,
        killed=killed,
        accounts=accounts,
        messages=sum(holds.values()),
        stuck=stuck,
        on_record=sum(count > 1 for count in holds.values()),
        drained=drained,
        known=len(registers.subscribers),
        moves=sum(registers.moves.values()),
        troubled=registers.troubled,
        findings=[*findings(accounts, holds), *strayed, *apart],
    )


def let_go_on(installed: Installation) -> int:
    """Do what an operator does with orders that are stuck, once all that was leased is free again."""
    sleep(2 * float(SETTINGS["VARSEL_LEASE"]))
    listed = installed.varsel("orders", "stuck").stdout.split()
    stuck = [word for word in listed if re.fullmatch(r"[0-9a-f-]{36}", word)]
    for order_id in stuck:
        installed.varsel("orders", "retry", order_id, "--reason", "chaos")
    return len(stuck)


async def accounts_of(
    url: str, token: str, ordered: Ordered, *, drain: float = _DRAIN
) -> Sequence[Account]:
    """What the service says of every order, once it has come to its end or the time is up."""
    headers = {"Authorization": f"Bearer {token}"}
    asked = [(to, order_id, True) for to, order_id in ordered.emails.items()]
    asked += [(to, order_id, False) for to, order_id in ordered.text_messages.items()]
    deadline = monotonic() + drain + _DRAIN_OF_EACH * len(asked)
    several = asyncio.Semaphore(16)

    async with aiohttp.ClientSession(headers=headers) as session:

        async def told(path: str) -> Mapping[str, object]:
            while True:
                try:
                    async with session.get(f"{url}{API}/{path}") as answer:
                        if answer.status == 404:
                            return {"status": "it is not there", "recipients": [], "history": []}
                        if answer.ok:
                            said: Mapping[str, object] = await answer.json()
                            return said
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.5)

        async def one(to: str, order_id: str, *, is_email: bool) -> Account:
            while True:
                async with several:
                    manifest: Mapping[str, object] = await told(f"future/shipment/{order_id}")
                    is_over = manifest["status"] == "Order_Completed" or monotonic() > deadline
                    history = await told(f"orders/{order_id}/history") if is_over else {}
                if is_over:
                    recipients = manifest["recipients"]
                    assert isinstance(recipients, list)
                    events = history["history"]
                    assert isinstance(events, list)
                    return Account(
                        order_id=order_id,
                        to=to,
                        is_email=is_email,
                        status=str(manifest["status"]),
                        result=recipients[0]["status"] if recipients else "nothing",
                        events=[each["event"] for each in events],
                    )
                await asyncio.sleep(1)

        return await asyncio.gather(*(one(to, it, is_email=mail) for to, it, mail in asked))
