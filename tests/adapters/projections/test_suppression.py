"""The addresses that bounced, in PostgreSQL: the port's promises are kept, and no address is."""

import pytest

from adapters.projections.suppression import PostgresSuppressions, SuppressionProjection
from contracts.order_repository_contract import Erase
from contracts.suppressions_contract import (
    KARIS,
    OLAS,
    Settled,
    SuppressionsContract,
    came_back,
)
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import NOON


@pytest.fixture
def suppressions(store: PostgresStore) -> PostgresSuppressions:
    return store.suppressions


@pytest.fixture
def settled(store: PostgresStore) -> Settled:
    async def caught_up() -> None:
        await store.runner.catch_up(SuppressionProjection.name)

    return caught_up


@pytest.fixture
def erase(store: PostgresStore) -> Erase:
    return store.erase


class TestPostgresSuppressions(SuppressionsContract):
    pass


async def test_no_address_stands_in_the_table(store: PostgresStore, settled: Settled) -> None:
    await came_back(store.orders)
    await settled()

    async with store.pool.connection() as connection:
        cursor = await connection.execute("SELECT s::text FROM suppression s")
        rows = " ".join(row[0] for row in await cursor.fetchall())

    assert rows
    assert "kari" not in rows
    assert b"kari@example.org".hex() not in rows


async def test_what_was_lifted_stays_so_when_the_table_is_made_anew(
    store: PostgresStore, settled: Settled
) -> None:
    await came_back(store.orders)
    await came_back(store.orders, address="ola@example.org")
    await settled()
    await store.suppressions.lift(store.suppressions.address_hash(KARIS), at=NOON)

    await store.runner.rebuild(SuppressionProjection.name)

    assert await store.suppressions.bounced([KARIS, OLAS], since=NOON) == {OLAS: NOON}


async def test_an_order_that_somebody_changed_hides_no_others_bounce(
    store: PostgresStore, settled: Settled
) -> None:
    spoilt = await came_back(store.orders)
    await came_back(store.orders, address="ola@example.org")
    await store.spoil(spoilt)

    await settled()

    assert await store.suppressions.bounced([KARIS, OLAS], since=NOON) == {OLAS: NOON}
    (standing,) = [each for each in await store.runner.standings() if each.name == "suppression"]
    assert standing.set_aside == 1
