"""What whoever leases the following of registers promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.sync_schedule import CopyAlarm, SyncSchedule, SyncTurn
from contracts.samples import NOON

MINUTE = timedelta(minutes=1)


async def claimed(schedule: SyncSchedule, holder: str = "anna") -> SyncTurn:
    """The following of KRR, leased for a minute from noon on."""
    turn = await schedule.claim("krr", holder=holder, now=NOON, until=NOON + MINUTE)
    assert turn is not None
    return turn


class SyncScheduleContract:
    """A register is followed by one process at a time, and by another when that has died."""

    @pytest.fixture
    def schedule(self) -> SyncSchedule:
        """A schedule by which no register was ever followed."""
        raise NotImplementedError

    async def test_what_nobody_has_followed_is_due_and_one_process_has_it(
        self, schedule: SyncSchedule
    ) -> None:
        turn = await claimed(schedule)

        assert (turn.registry, turn.holder, turn.leased_until) == ("krr", "anna", NOON + MINUTE)
        for is_early in (False, True):
            assert not await schedule.claim(
                "krr", holder="bo", now=NOON, until=NOON + MINUTE, is_early=is_early
            )
        assert await schedule.claim("businesses", holder="bo", now=NOON, until=NOON + MINUTE)

    async def test_what_a_dead_process_had_is_anothers_when_the_lease_ends(
        self, schedule: SyncSchedule
    ) -> None:
        dead = await claimed(schedule)
        then = NOON + MINUTE
        turn = await schedule.claim("krr", holder="bo", now=then, until=then + MINUTE)

        assert turn is not None
        assert turn.holder == "bo"
        assert not await schedule.keep(dead, replace(dead, failures=7))
        assert await schedule.turns() == [turn]

    async def test_what_was_given_back_is_due_when_it_was_said_and_before_for_who_asks(
        self, schedule: SyncSchedule
    ) -> None:
        turn = await claimed(schedule)
        back = replace(turn, due_at=NOON + MINUTE, holder=None, leased_until=None)
        assert await schedule.keep(turn, back)
        assert not await schedule.keep(turn, back)

        assert not await schedule.claim("krr", holder="bo", now=NOON, until=NOON + MINUTE)
        assert await schedule.claim(
            "krr", holder="bo", now=NOON, until=NOON + MINUTE, is_early=True
        )

    async def test_how_the_last_went_is_known_to_whoever_is_next(
        self, schedule: SyncSchedule
    ) -> None:
        turn = await claimed(schedule)
        failed = replace(
            turn,
            due_at=NOON,
            holder=None,
            leased_until=None,
            failures=2,
            failing_since=NOON - MINUTE,
            failure="it is closed",
        )
        await schedule.keep(turn, failed)

        following = await claimed(schedule, "bo")

        assert following == replace(failed, holder="bo", leased_until=NOON + MINUTE)

    async def test_a_lease_is_made_longer_by_its_holder(self, schedule: SyncSchedule) -> None:
        turn = await claimed(schedule)
        longer = replace(turn, leased_until=NOON + 2 * MINUTE)

        assert await schedule.keep(turn, longer)
        then = NOON + MINUTE
        assert not await schedule.claim("krr", holder="bo", now=then, until=then + MINUTE)

    async def test_of_all_who_would_tell_operators_the_same_one_does(
        self, schedule: SyncSchedule
    ) -> None:
        assert not await schedule.tell("krr", CopyAlarm.NONE)
        assert await schedule.tell("krr", CopyAlarm.OLD)
        assert not await schedule.tell("krr", CopyAlarm.OLD)
        turn = await claimed(schedule)
        assert turn.alarm is CopyAlarm.OLD

        assert await schedule.tell("krr", CopyAlarm.NOT_READY)
        await schedule.keep(turn, replace(turn, failures=1))
        (known,) = await schedule.turns()
        assert known.alarm is CopyAlarm.NOT_READY
        assert await schedule.tell("krr", CopyAlarm.NONE)
        assert not await schedule.tell("krr", CopyAlarm.NONE)
