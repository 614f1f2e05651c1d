"""The index of chains in PostgreSQL keeps the port's promises."""

from typing import Final
from uuid import uuid4

import msgspec
import pytest

from adapters.postgres.migrations import MIGRATIONS
from application.ports.chain_index import ChainIndex
from contracts.chain_index_contract import ChainIndexContract, in_chain
from contracts.order_repository_contract import placing
from domain.order.events import ChainId, OrderKind
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD, placed

UPGRADE: Final = MIGRATIONS / "0295_chains_of_before.sql"


class TestPostgresChainIndex(ChainIndexContract):
    @pytest.fixture
    def chains(self, store: PostgresStore) -> ChainIndex:
        return store.chains


async def test_an_upgrade_brings_the_chains_of_before_so_that_nobody_waits_for_them(
    store: PostgresStore,
) -> None:
    chain = ChainId(uuid4())
    first = in_chain(chain)
    await store.orders.append([first, in_chain(chain, OrderKind.REMINDER)], by=TTD)
    in_words = placing(
        msgspec.structs.replace(placed, senders_reference=f'"chain":{{"chain_id":"{uuid4()}"')
    )
    await store.orders.append([in_words], by=TTD)
    async with store.pool.connection() as connection:
        await connection.execute(UPGRADE.read_bytes())

    (standing,) = [each for each in await store.runner.standings() if each.name == "chain_index"]

    assert standing.events_behind == 0
    assert await rows(store) == [(chain, first.order_id)]
    await store.runner.rebuild("chain_index")
    assert await rows(store) == [(chain, first.order_id)]


async def test_an_upgrade_leaves_an_index_that_is_there_as_it_is(store: PostgresStore) -> None:
    chain = ChainId(uuid4())
    first = in_chain(chain)
    await store.orders.append([first], by=TTD)
    await store.runner.rebuild("chain_index")
    async with store.pool.connection() as connection:
        await connection.execute(UPGRADE.read_bytes())

    assert await rows(store) == [(chain, first.order_id)]


async def rows(store: PostgresStore) -> list[tuple[object, ...]]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute("SELECT chain_id, order_id FROM chain_index")
        return await cursor.fetchall()
