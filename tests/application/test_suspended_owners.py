"""Every process knows within a second who is stopped, and asks the ledger no oftener."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.owner_ledger import InMemoryOwnerLedger
from application.ports.order_repository import StoreUnavailableError
from application.suspended_owners import SuspendedOwners
from contracts.order_repository_contract import SetClock

SECOND = timedelta(seconds=1)


class Ledger(InMemoryOwnerLedger):
    """Tells how often it was asked, and goes away when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.is_away = False
        self.answers = asyncio.Event()
        self.answers.set()

    @override
    async def stopped(self) -> Mapping[str, str]:
        self.asked += 1
        await self.answers.wait()
        if self.is_away:
            raise StoreUnavailableError
        return await super().stopped()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def stopped(ledger: Ledger, clock: SetClock) -> SuspendedOwners:
    return SuspendedOwners(ledger, clock)


async def test_a_stop_is_known_a_second_later_and_so_is_its_end(
    ledger: Ledger, clock: SetClock, stopped: SuspendedOwners
) -> None:
    assert not await stopped.includes("ttd")

    await ledger.stop("ttd", "sends to everybody")
    clock.now += SECOND
    assert await stopped.includes("TTD")
    assert not await stopped.includes("skd")

    await ledger.let("ttd")
    clock.now += SECOND
    assert not await stopped.includes("ttd")


async def test_within_a_second_the_ledger_is_asked_once(
    ledger: Ledger, clock: SetClock, stopped: SuspendedOwners
) -> None:
    await asyncio.gather(*(stopped.includes("ttd") for _ in range(50)))
    clock.now += SECOND - timedelta(microseconds=1)
    await stopped.includes("skd")

    assert ledger.asked == 1


async def test_a_clock_that_was_set_back_is_no_reason_to_ask_no_more(
    ledger: Ledger, clock: SetClock, stopped: SuspendedOwners
) -> None:
    await stopped.includes("ttd")
    clock.now -= timedelta(hours=1)
    await stopped.includes("ttd")

    assert ledger.asked == 2


async def test_while_the_ledger_is_away_the_stops_that_are_known_go_on(
    ledger: Ledger, clock: SetClock, stopped: SuspendedOwners
) -> None:
    await ledger.stop("ttd", "sends to everybody")
    await stopped.includes("ttd")
    ledger.is_away = True
    clock.now += SECOND

    with capture_logs() as logs:
        assert await stopped.includes("ttd")

    assert [each["event"] for each in logs] == ["store_unavailable"]


async def test_nobody_waits_long_for_a_ledger_that_does_not_answer(
    ledger: Ledger, clock: SetClock, stopped: SuspendedOwners
) -> None:
    await ledger.stop("ttd", "sends to everybody")
    await stopped.includes("ttd")
    ledger.answers.clear()
    clock.now += SECOND

    async with asyncio.timeout(5):
        assert await stopped.includes("ttd")

    ledger.answers.set()
    await asyncio.sleep(0)
