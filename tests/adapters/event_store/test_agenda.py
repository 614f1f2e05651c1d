"""The agenda in PostgreSQL keeps the port's promises, and can be written again."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import msgspec
import psycopg
import pytest

from adapters.event_store.postgres.agenda import _CLAIM
from adapters.event_store.postgres.agenda_rebuild import AgendaRebuilt, rebuild_agenda
from adapters.event_store.postgres.batch import APPEND_LOCK
from adapters.event_store.postgres.owner_records import PostgresOwnerRecords
from application.envelope import SERVICE
from contracts.agenda_contract import LEASE, AgendaContract, claim
from contracts.order_repository_contract import going_on, order_id, placing, resolved
from domain.order.events import OrderCancelled
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import NOON, TTD, placed

ROWS: LiteralString = "SELECT order_id, owner, lane, due_at FROM agenda ORDER BY order_id"


class TestPostgresAgenda(AgendaContract):
    @pytest.fixture
    def records(self, store: PostgresStore) -> PostgresOwnerRecords:
        return store.owners


async def execute(store: PostgresStore, statement: LiteralString) -> list[tuple[Any, ...]]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute(statement)
        return [] if cursor.description is None else await cursor.fetchall()


async def rebuilt(store: PostgresStore) -> AgendaRebuilt:
    return await rebuild_agenda(store.pool, store.mapper, clock=store.clock)


async def test_a_suspension_that_somebody_has_made_unreadable_stops_nobodys_orders(
    store: PostgresStore,
) -> None:
    await execute(
        store,
        "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
        " VALUES (gen_random_uuid(), 1, 'owner.suspended', '\\xff7b')",
    )
    change = placing()
    await store.orders.append([change], by=TTD)

    assert await claim(store.agenda, NOON) == [change.order_id]


async def test_its_age_is_how_long_the_first_order_has_waited_that_nobody_has_in_hand(
    store: PostgresStore,
) -> None:
    assert await store.agenda.age() == timedelta()

    now = store.clock.now = datetime.now(UTC)
    an_hour_ago = now - timedelta(hours=1)
    late = msgspec.structs.replace(placed, requested_send_time=now + timedelta(hours=1))
    await store.orders.append([placing(late)], by=TTD)
    assert await store.agenda.age() == timedelta()

    store.clock.now = an_hour_ago
    early = msgspec.structs.replace(placed, requested_send_time=an_hour_ago)
    await store.orders.append([placing(early)], by=TTD)
    assert timedelta(hours=1) <= await store.agenda.age() < timedelta(hours=1, minutes=5)

    await store.agenda.claim(limit=1, worker="anna", now=now, lease=LEASE)
    assert await store.agenda.age() == timedelta()


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "young"])
async def test_claims_read_no_further_than_they_must(
    store: PostgresStore, *, is_known: bool
) -> None:
    """Also while the planner has no statistics yet, and takes the table for a small one."""
    await execute(
        store,
        """
        INSERT INTO agenda (order_id, owner, lane, due_at)
        SELECT gen_random_uuid(), 'ttd', 1, timestamptz '2026-09-01 10:00+00' - make_interval(secs => n)
          FROM generate_series(1, 20000) AS n
        """,
    )
    if is_known:
        await execute(store, "ANALYZE agenda")
    asked: dict[str, object] = {
        "now": NOON,
        "limit": 100,
        "until": NOON + LEASE,
        "worker": "anna",
        "owners": ["skd"],
        "numbers": [7],
        "most": 1000,
    }
    async with store.pool.connection() as connection:
        cursor = await connection.execute("EXPLAIN (ANALYZE, TIMING OFF) " + _CLAIM, asked)
        plan = "\n".join(row[0] for row in await cursor.fetchall())

    assert "Seq Scan on agenda" not in plan
    reads = re.findall(r"Scan .*on agenda\b.*actual rows=([\d.]+) loops=(\d+)", plan)
    assert max(float(rows) * int(loops) for rows, loops in reads) == 100
    assert len(await claim(store.agenda, limit=50)) == 50


async def test_an_agenda_that_was_lost_is_written_anew(store: PostgresStore) -> None:
    (first, second, finished) = await store.orders.append([placing(), placing(), placing()], by=TTD)
    await store.orders.append([going_on(second, resolved())], by=SERVICE)
    await store.orders.append([going_on(finished, OrderCancelled())], by=TTD)
    before = await execute(store, ROWS)
    await execute(store, "DELETE FROM agenda")

    assert await rebuilt(store) == AgendaRebuilt(orders=3, written=2, removed=0)

    assert await execute(store, ROWS) == before
    assert set(await claim(store.agenda)) == {first.order_id, second.order_id}


async def test_an_agenda_that_is_right_stays_as_it_is(store: PostgresStore) -> None:
    (opened,) = await store.orders.append([placing()], by=TTD)
    await claim(store.agenda, worker="anna")
    store.clock.now += timedelta(seconds=10)

    assert await rebuilt(store) == AgendaRebuilt(orders=1)

    assert await claim(store.agenda, worker="bo") == []
    await store.agenda.release([opened.order_id], worker="anna")
    assert await claim(store.agenda, worker="bo") == [opened.order_id]


async def test_what_does_not_belong_on_the_agenda_is_taken_off(store: PostgresStore) -> None:
    (opened,) = await store.orders.append([placing()], by=TTD)
    await store.orders.append([going_on(opened, OrderCancelled())], by=TTD)
    for stray in (opened.order_id, order_id()):
        async with store.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO agenda (order_id, owner, lane, due_at) VALUES (%s, 'ttd', 1, now())",
                (stray,),
            )

    assert await rebuilt(store) == AgendaRebuilt(orders=2, removed=2)
    assert await store.agenda.next_due() is None


async def test_a_history_that_cannot_be_read_keeps_no_other_off_the_agenda(
    store: PostgresStore,
) -> None:
    unreadable = order_id()
    (opened,) = await store.orders.append([placing()], by=TTD)
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, 1, 'order.placed', 'not an event')",
            (unreadable,),
        )
    await execute(store, "DELETE FROM agenda")

    assert await rebuilt(store) == AgendaRebuilt(orders=2, written=1, unreadable=(unreadable,))
    assert await claim(store.agenda) == [opened.order_id]


async def test_many_orders_are_looked_at_in_turn(store: PostgresStore) -> None:
    await store.orders.append([placing() for _ in range(401)], by=TTD)
    await execute(store, "DELETE FROM agenda")

    assert await rebuilt(store) == AgendaRebuilt(orders=401, written=401)


async def test_the_agenda_is_written_anew_while_orders_go_on(store: PostgresStore) -> None:
    changes = [placing() for _ in range(200)]

    async def go_on() -> None:
        for change in changes:
            (opened,) = await store.orders.append([change], by=TTD)
            await store.orders.append([going_on(opened, OrderCancelled())], by=TTD)

    going = asyncio.create_task(go_on())
    while not going.done():
        await rebuilt(store)
    await going

    assert await store.agenda.next_due() is None


async def test_nobody_appends_while_a_part_of_the_agenda_is_written_anew(
    store: PostgresStore,
) -> None:
    await store.orders.append([placing()], by=TTD)
    async with store.pool.connection() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))

        waiting = asyncio.ensure_future(rebuilt(store))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done

    assert await waiting == AgendaRebuilt(orders=1)


@pytest.mark.parametrize("who", ["append", "release"])
async def test_whoever_waits_for_a_row_holds_only_those_before_it(
    store: PostgresStore, who: str
) -> None:
    """If all lock in one order, nobody waits for somebody who waits for them."""
    opened = list(await store.orders.append([placing() for _ in range(6)], by=TTD))
    await claim(store.agenda)
    opened.sort(key=lambda each: each.order_id, reverse=True)  # asked for from last to first
    store.clock.now += timedelta(seconds=1)

    async def append() -> None:
        await store.orders.append([going_on(each, resolved()) for each in opened], by=SERVICE)

    async def release() -> None:
        await store.agenda.release([each.order_id for each in opened], worker="anna")

    async with store.pool.connection() as other, other.transaction():
        await other.execute(
            "SELECT FROM agenda WHERE order_id = %s FOR UPDATE", (opened[-1].order_id,)
        )
        waiting = asyncio.ensure_future(append() if who == "append" else release())
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        for each in opened[:-1]:
            await other.execute(
                "SELECT FROM agenda WHERE order_id = %s FOR UPDATE NOWAIT", (each.order_id,)
            )
    await waiting


async def test_a_lane_that_no_worker_looks_at_cannot_be_written(store: PostgresStore) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await execute(
            store,
            "INSERT INTO agenda (order_id, owner, lane, due_at)"
            " VALUES (gen_random_uuid(), 'ttd', 3, now())",
        )
