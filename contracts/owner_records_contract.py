"""What whoever keeps the owners' records promises."""

from datetime import timedelta

import pytest

from application.envelope import Actor, Role
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.owner_records import OwnerRecords
from contracts.order_repository_contract import SetClock
from contracts.samples import NOON
from domain.owner.events import OwnerRegistered, OwnerResumed, OwnerSuspended
from domain.owner.record import OwnerRecord, owner_id

KARI = Actor(role=Role.OPERATOR, name="kari@host-1")
REGISTERED = OwnerRegistered(name="TTD", organisations=("991825827",), reason="begins")
SUSPENDED = OwnerSuspended(reason="sends to everybody")
RESUMED = OwnerResumed(reason="has mended it")


async def suspend(records: OwnerRecords, owner: str) -> None:
    """Take nothing more of an owner in, and hand nothing over."""
    record = await records.load(owner)
    await records.append(record, record.suspend(reason="sends to everybody"), by=KARI)


async def resume(records: OwnerRecords, owner: str) -> None:
    """Let an owner go on."""
    record = await records.load(owner)
    await records.append(record, record.resume(reason="has mended it"), by=KARI)


class OwnerRecordsContract:
    async def test_of_whom_nothing_is_recorded_nothing_is_known(
        self, records: OwnerRecords
    ) -> None:
        assert await records.load("ttd") == OwnerRecord(owner="ttd")
        assert list(await records.history("ttd")) == []
        assert list(await records.after(0)) == []

    async def test_a_record_is_read_back_as_it_was_left(self, records: OwnerRecords) -> None:
        unknown = await records.load("TTD")

        left = await records.append(unknown, [REGISTERED, SUSPENDED], by=KARI)

        assert await records.load("ttd") == await records.load("TTD") == left
        assert (left.version, left.suspended_because) == (2, "sends to everybody")

    async def test_a_history_tells_what_was_done_when_why_and_by_whom(
        self, records: OwnerRecords, clock: SetClock
    ) -> None:
        left = await records.append(await records.load("ttd"), [SUSPENDED], by=KARI)
        clock.now += timedelta(minutes=1)
        await records.append(left, [RESUMED], by=KARI)

        first, second = await records.history("TTD")

        assert [first.event, second.event] == [SUSPENDED, RESUMED]
        assert [first.version, second.version] == [1, 2]
        assert [first.recorded_by, second.recorded_by] == [KARI, KARI]
        assert [first.recorded_at, second.recorded_at] == [NOON, NOON + timedelta(minutes=1)]
        assert first.owner == "ttd"
        assert first.stream_id == owner_id("TTD")

    async def test_of_two_decisions_on_the_same_record_one_is_recorded(
        self, records: OwnerRecords
    ) -> None:
        before = await records.load("ttd")
        await records.append(before, [SUSPENDED], by=KARI)

        with pytest.raises(ConcurrentUpdateError):
            await records.append(before, [SUSPENDED], by=KARI)

        assert (await records.load("ttd")).version == 1

    async def test_a_decision_for_nothing_records_nothing(self, records: OwnerRecords) -> None:
        before = await records.load("ttd")

        assert await records.append(before, [], by=KARI) == before
        assert list(await records.after(0)) == []

    async def test_all_records_are_followed_in_one_order(self, records: OwnerRecords) -> None:
        ttd = await records.append(await records.load("ttd"), [SUSPENDED], by=KARI)
        await records.append(await records.load("skd"), [SUSPENDED], by=KARI)
        first, second = await records.after(0)
        await records.append(ttd, [RESUMED], by=KARI)

        (third,) = await records.after(second.position)

        assert first.position < second.position < third.position
        assert [each.recorded.owner for each in (first, second, third)] == ["ttd", "skd", "ttd"]
        assert third.recorded.event == RESUMED
        assert list(await records.after(third.position)) == []
