"""The figures in PostgreSQL keep the port's promises, and can be rebuilt."""

import pytest

from adapters.projections.notification_result import PostgresResultIndex
from contracts.result_index_contract import (
    HANDED_OVER,
    MONTH,
    NOWHERE,
    ResultIndexContract,
    lived,
)
from tests.adapters.event_store.postgres_store import PostgresStore


@pytest.fixture
def results(store: PostgresStore) -> PostgresResultIndex:
    return store.results


class TestPostgresResultIndex(ResultIndexContract):
    pass


async def test_figures_made_anew_are_the_same(store: PostgresStore) -> None:
    for owner in ("ttd", "skd"):
        await lived(store.orders, *HANDED_OVER, owner=owner)
        await lived(store.orders, NOWHERE, owner=owner)
    before = await store.results.figures(*MONTH)

    await store.runner.rebuild("notification_result")

    assert await store.results.figures(*MONTH) == before
    assert len(before) == 2
