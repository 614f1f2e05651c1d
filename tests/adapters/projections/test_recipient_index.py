"""The recipient index in PostgreSQL keeps the port's promises, and no number."""

import pytest

from adapters.projections.recipient_index import PostgresRecipientIndex
from contracts.recipient_index_contract import RecipientIndexContract, found, ordered
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import BAKERY, KARI


@pytest.fixture
def index(store: PostgresStore) -> PostgresRecipientIndex:
    return store.recipients


class TestPostgresRecipientIndex(RecipientIndexContract):
    pass


async def test_no_number_stands_in_the_index(store: PostgresStore) -> None:
    await ordered(store.orders, KARI, BAKERY)
    await found(store.recipients)

    async with store.pool.connection() as connection:
        cursor = await connection.execute("SELECT i::text FROM recipient_index i")
        rows = " ".join(row[0] for row in await cursor.fetchall())

    assert rows
    assert KARI.number.text not in rows
    assert KARI.number.text.encode().hex() not in rows
    assert BAKERY.number not in rows


async def test_whose_number_was_erased_is_not_in_an_index_that_is_made_anew(
    store: PostgresStore,
) -> None:
    erased, kept = [await ordered(store.orders, KARI) for _ in range(2)]
    await store.erase(erased, "identity")

    await store.runner.rebuild("recipient_index")

    assert list(await found(store.recipients)) == [kept]


async def test_an_order_that_somebody_changed_hides_no_other(store: PostgresStore) -> None:
    spoilt, sound = [await ordered(store.orders, KARI) for _ in range(2)]
    async with store.pool.connection() as connection:
        await connection.execute(
            "UPDATE sealed SET ciphertext = '\\x00' WHERE order_id = %s", (spoilt,)
        )

    assert list(await found(store.recipients)) == [sound]
