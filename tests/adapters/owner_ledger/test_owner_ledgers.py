"""Both ledgers keep the port's promises; and whom an operator has suspended is not carried out."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import msgspec
import pytest

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.owner_ledger import InMemoryOwnerLedger
from adapters.owner_ledger.postgres import PostgresOwnerLedger, carry_over_stopped
from application.envelope import SERVICE
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import OwnerLedger
from contracts.agenda_contract import claim
from contracts.order_repository_contract import placing
from contracts.owner_ledger_contract import OwnerLedgerContract
from contracts.owner_records_contract import resume, suspend
from domain.owner.events import OwnerSuspended
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.samples import TTD, placed


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with open_store(database_url) as opened:
        yield opened


class TestPostgresOwnerLedger(OwnerLedgerContract):
    @pytest.fixture
    def ledger(self, store: PostgresStore) -> OwnerLedger:
        return PostgresOwnerLedger(store.pool)


class TestInMemoryOwnerLedger(OwnerLedgerContract):
    @pytest.fixture
    def ledger(self) -> OwnerLedger:
        return InMemoryOwnerLedger()


async def stop_as_the_version_before(store: PostgresStore, owner: str, reason: str) -> None:
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO owner_stopped (owner, reason) VALUES (%s, %s)", (owner, reason)
        )


async def carry_over(store: PostgresStore) -> None:
    recorder = ActRecorder(log=InMemoryActLog(), clock=store.clock, next_id=uuid4)
    owners = OwnerService(records=store.owners, recorder=recorder)
    await carry_over_stopped(store.pool, partial(owners.carry_over, by=SERVICE))


async def test_who_was_stopped_before_there_were_records_is_carried_over_once(
    store: PostgresStore,
) -> None:
    await stop_as_the_version_before(store, "ttd", "sends to everybody")

    await asyncio.gather(*(carry_over(store) for _ in range(2)))

    (recorded,) = await store.owners.history("ttd")
    assert recorded.event == OwnerSuspended(reason="sends to everybody (carried over)")
    assert recorded.recorded_by == SERVICE

    await resume(store.owners, "ttd")
    await carry_over(store)
    assert (await store.owners.load("ttd")).suspended_because is None


async def test_who_is_being_carried_over_by_one_process_is_not_by_another(
    store: PostgresStore,
) -> None:
    """Else the other could suspend again whom an operator has resumed meanwhile."""
    await stop_as_the_version_before(store, "ttd", "sends to everybody")
    told: list[str] = []
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly(*_: str) -> None:
        told.append("one")
        has_begun.set()
        await may_end.wait()

    async def at_once(*_: str) -> None:
        told.append("another")

    one = asyncio.create_task(carry_over_stopped(store.pool, slowly))
    await has_begun.wait()
    another = asyncio.create_task(carry_over_stopped(store.pool, at_once))
    await asyncio.wait({another}, timeout=0.5)
    may_end.set()
    await asyncio.gather(one, another)

    assert told == ["one"]


async def test_what_could_not_be_carried_over_is_carried_over_later(store: PostgresStore) -> None:
    async def away(*_: str) -> None:
        raise StoreUnavailableError

    await stop_as_the_version_before(store, "ttd", "sends to everybody")
    with pytest.raises(StoreUnavailableError):
        await carry_over_stopped(store.pool, away)

    await carry_over(store)

    assert (await store.owners.load("ttd")).suspended_because is not None


async def test_nothing_of_a_suspended_owner_is_lent_to_a_worker(store: PostgresStore) -> None:
    others = placing(msgspec.structs.replace(placed, owner="skd"))
    await store.orders.append([held_back := placing(), others], by=TTD)
    await suspend(store.owners, "ttd")

    assert await claim(store.agenda) == [others.order_id]

    await resume(store.owners, "ttd")
    assert await claim(store.agenda) == [held_back.order_id]
