"""The changes of addresses in PostgreSQL keep the port's promises, and no address lies there in clear."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from psycopg.sql import SQL, Identifier
from structlog.testing import capture_logs

from adapters.address_changes.postgres import PostgresAddressChanges
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from application.ports.address_changes import AddressChanges, ConcurrentChangeError
from contracts.address_changes_contract import MILL, TO_ADD, TO_REPLACE, AddressChangesContract
from contracts.samples import BAKERY, NOON
from domain.official_address import AddressChange


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, size=4, name="varsel tests") as pool:
        yield pool


class TestPostgresAddressChanges(AddressChangesContract):
    @pytest.fixture
    def changes(self, pool: Pool) -> AddressChanges:
        return PostgresAddressChanges(pool, InMemoryKeyVault())


async def test_an_address_lies_sealed_and_goes_with_its_months_key(pool: Pool) -> None:
    vault = InMemoryKeyVault()
    changes = PostgresAddressChanges(pool, vault)
    await changes.add(TO_ADD, after=None, now=NOON)
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT a::text, sealed FROM address_change a")
        ((text, sealed),) = await cursor.fetchall()

    assert "post" not in text
    assert b"post" not in sealed
    vault.destroy(f"{NOON:%Y-%m}")
    (change,) = await changes.of(BAKERY.number)
    assert change.place is None


async def test_an_address_that_somebody_has_changed_is_told_to_nobody_and_holds_up_no_other(
    pool: Pool,
) -> None:
    changes = PostgresAddressChanges(pool, InMemoryKeyVault())
    boxed = await changes.add(TO_ADD, after=None, now=NOON)
    wrapped = await changes.add(TO_REPLACE, after=boxed.change_id, now=NOON)
    other = await changes.add(replace(TO_ADD, organisation=MILL), after=None, now=NOON)
    async with pool.connection() as connection:
        for column, change in (("sealed", boxed), ("wrapped", wrapped)):
            await connection.execute(
                SQL(
                    "UPDATE address_change SET {0} = set_byte({0}, 20, 255 - get_byte({0}, 20))"
                    " WHERE change_id = %s"
                ).format(Identifier(column)),
                (change.change_id,),
            )

    with capture_logs() as logs:
        due = await changes.due(NOON, most=9)

    assert [each.place for each in due] == [None, None, other.place]
    assert [(each["event"], each["change"], each["log_level"]) for each in logs] == [
        ("address_change_spoilt", each.change_id, "critical") for each in (boxed, wrapped)
    ]


async def test_of_two_that_were_decided_on_the_same_one_is_kept(pool: Pool) -> None:
    changes = PostgresAddressChanges(pool, InMemoryKeyVault())
    for _ in range(10):
        before = await changes.of(BAKERY.number)
        latest = before[-1].change_id if before else None

        outcomes = await asyncio.gather(
            *(changes.add(each, after=latest, now=NOON) for each in (TO_ADD, TO_REPLACE)),
            return_exceptions=True,
        )

        assert {type(each) for each in outcomes} == {AddressChange, ConcurrentChangeError}
        assert len(await changes.of(BAKERY.number)) == len(before) + 1
