"""Every process knows within a second what is recorded of owners, and looks at the log no oftener."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from eventsourcing.popo import POPOApplicationRecorder
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.owner_records import InMemoryOwnerRecords
from application.known_owners import KnownOwners
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_records import Entry
from contracts.order_repository_contract import SetClock
from contracts.owner_records_contract import KARI, resume, suspend

SECOND = timedelta(seconds=1)


class Records(InMemoryOwnerRecords):
    """Tells from where on it was asked, and goes away when a test says so."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__(POPOApplicationRecorder(), clock=clock, next_id=uuid4)
        self.asked: list[int] = []
        self.is_away = False
        self.followed = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    @override
    async def after(self, position: int) -> Sequence[Entry]:
        self.asked.append(position)
        await self.answers.wait()
        if self.is_away:
            raise StoreUnavailableError
        self.followed.set()
        return await super().after(position)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def records(clock: SetClock) -> Records:
    return Records(clock)


@pytest.fixture
def known(records: Records, clock: SetClock) -> KnownOwners:
    return KnownOwners(records, clock)


async def test_a_suspension_is_known_a_second_later_and_so_is_its_end(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    assert not await known.is_suspended("ttd")

    await suspend(records, "ttd")
    clock.now += SECOND
    assert await known.is_suspended("TTD")
    assert not await known.is_suspended("skd")

    await resume(records, "ttd")
    clock.now += SECOND
    assert not await known.is_suspended("ttd")


async def test_within_a_second_the_log_is_looked_at_once(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    await asyncio.gather(*(known.is_suspended("ttd") for _ in range(50)))
    clock.now += SECOND - timedelta(microseconds=1)
    await known.is_suspended("skd")

    assert records.asked == [0]


async def test_a_clock_that_was_set_back_is_no_reason_to_ask_no_more(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    await known.is_suspended("ttd")
    clock.now -= timedelta(hours=1)
    await known.is_suspended("ttd")

    assert records.asked == [0, 0]


async def test_while_the_log_is_away_what_is_known_goes_on(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    await suspend(records, "ttd")
    await known.is_suspended("ttd")
    records.is_away = True
    clock.now += SECOND

    with capture_logs() as logs:
        assert await known.is_suspended("ttd")

    assert [each["event"] for each in logs] == ["store_unavailable"]


async def test_nobody_waits_long_for_a_log_that_does_not_answer(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    await suspend(records, "ttd")
    await known.is_suspended("ttd")
    records.answers.clear()
    clock.now += SECOND

    async with asyncio.timeout(5):
        assert await known.is_suspended("ttd")

    records.answers.set()
    await asyncio.sleep(0)


async def test_only_what_is_new_is_read(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    for owner in ("ttd", "skd"):
        await suspend(records, owner)
        clock.now += SECOND
        assert await known.is_suspended(owner)

    assert await known.is_suspended("ttd")
    assert records.asked == [0, 1]


async def test_who_may_order_is_known_by_number_and_by_name(
    records: Records, clock: SetClock, known: KnownOwners
) -> None:
    record = await records.load("ttd")
    registered = record.register("Ttd", ["991825827", "889640782"], reason="begins")
    record = await records.append(record, registered, by=KARI)
    await known.look()

    assert known.short_name("889640782") == "Ttd"
    assert known.short_name("974761076") is None
    assert known.may_order("Ttd")
    assert not known.may_order("ttd")  # as its tokens say it
    assert not known.may_order("skd")

    await records.append(record, record.deregister(reason="has left"), by=KARI)
    clock.now += SECOND
    await known.look()
    assert known.short_name("889640782") is None
    assert not known.may_order("Ttd")


async def test_who_asks_without_waiting_is_told_what_is_followed_meanwhile(
    records: Records, known: KnownOwners
) -> None:
    await suspend(records, "ttd")
    following = asyncio.create_task(known.follow())
    await records.followed.wait()
    await asyncio.sleep(0)

    assert known.now("ttd").suspended_because is not None
    following.cancel()
