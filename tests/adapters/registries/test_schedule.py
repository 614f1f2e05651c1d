import asyncio
from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.postgres.pool import Pool
from adapters.registries.schedule import PostgresSyncSchedule
from application.ports.sync_schedule import CopyAlarm, SyncSchedule
from contracts.sync_schedule_contract import SyncScheduleContract
from tests.samples import NOON


class TestPostgresSyncSchedule(SyncScheduleContract):
    @override
    @pytest.fixture
    def schedule(self, pool: Pool) -> SyncSchedule:
        return PostgresSyncSchedule(pool)


async def test_of_many_who_ask_at_once_one_follows_and_one_tells(pool: Pool) -> None:
    schedule = PostgresSyncSchedule(pool)
    until = NOON + timedelta(minutes=1)

    turns = await asyncio.gather(
        *(schedule.claim("krr", holder=f"{each}", now=NOON, until=until) for each in range(8))
    )
    told = await asyncio.gather(*(schedule.tell("krr", CopyAlarm.OLD) for _ in range(8)))

    assert sum(turn is not None for turn in turns) == 1
    assert sum(told) == 1


async def test_to_look_for_what_is_not_due_writes_nothing(pool: Pool) -> None:
    schedule = PostgresSyncSchedule(pool)
    until = NOON + timedelta(minutes=1)
    assert await schedule.claim("krr", holder="anna", now=NOON, until=until)

    # Whoever locks a row writes that into it.
    written = "SELECT xmin, xmax, ctid FROM registry_sync"
    async with pool.connection() as connection:
        before = await (await connection.execute(written)).fetchone()
        for _ in range(3):
            assert not await schedule.claim("krr", holder="bo", now=NOON, until=until)
        after = await (await connection.execute(written)).fetchone()

    assert before == after
