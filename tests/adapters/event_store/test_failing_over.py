"""The primary dies, and a standby takes its place: with everything that was answered for, or without."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from application.ports.order_repository import StoreUnavailableError
from application.ports.recording import Recording
from contracts.order_repository_contract import going_on, placing, resolved
from domain.order.events import OrderId
from domain.order.order import Order
from tests.adapters.event_store.appending import append, appending, stored
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.samples import TTD
from tests.servers import a_pair, until


async def test_who_was_answered_for_what_the_new_primary_lacks_records_nothing_more() -> None:
    async with a_pair() as pair, open_store(pair.conninfo, patience=5) as store:
        (kept,) = await store.orders.append([placing()], by=TTD)
        await pair.level()
        await pair.part()
        (lost,) = await store.orders.append([placing()], by=TTD)
        pair.promote()

        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(StoreUnavailableError):
                    await store.orders.append([going_on(kept, resolved())], by=TTD)
        assert store.appender.recording is Recording.WENT_BACK
        assert await _read(store, kept, lost) == {kept.order_id: kept}

        alarms = [each for each in logs if each["log_level"] == "critical"]
        assert [(each["event"], each["order_id"]) for each in alarms] == [
            ("history_went_back", str(lost.order_id))
        ]
        async with open_store(pair.conninfo) as restarted:
            await restarted.orders.append([going_on(kept, resolved())], by=TTD)


async def _read(store: PostgresStore, *orders: Order) -> Mapping[OrderId, Order]:
    """Read orders; every connection to the old primary is first found to be dead."""
    while True:
        with suppress(StoreUnavailableError):
            return await store.orders.load([each.order_id for each in orders])


async def test_an_order_that_was_placed_again_is_not_taken_for_the_one_that_is_lost() -> None:
    async with a_pair() as pair, appending(pair.conninfo) as appender:
        await pair.part()
        lost = await append(appender)
        pair.promote()
        async with appending(pair.conninfo) as restarted:
            await append(restarted, lost)

        with pytest.raises(StoreUnavailableError):
            await append(appender)


async def test_a_synchronous_standby_takes_over_with_everything_and_work_goes_on_by_itself() -> (
    None
):
    async with a_pair(synchronous=True) as pair, appending(pair.conninfo) as appender:
        answered = 0

        async def order_one_after_another() -> None:
            nonlocal answered
            for _ in range(100):
                await append(appender)
                answered += 1

        ordering = [asyncio.create_task(order_one_after_another()) for _ in range(20)]
        await until(lambda: answered >= 100)
        pair.promote()
        assert answered < 2000
        await asyncio.gather(*ordering)

        assert stored(pair.standby.conninfo) == 2000
