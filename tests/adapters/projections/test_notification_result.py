"""The figures in PostgreSQL keep the port's promises, and can be made anew."""

import pytest

from adapters.projections.notification_result import PostgresResultIndex
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.contracts.result_index_contract import (
    BEGINS,
    ENDS,
    HANDED_OVER,
    NOWHERE,
    ResultIndexContract,
    lived,
)


@pytest.fixture
def results(store: PostgresStore) -> PostgresResultIndex:
    return store.results


class TestPostgresResultIndex(ResultIndexContract):
    pass


async def test_figures_made_anew_are_the_same(store: PostgresStore) -> None:
    for owner in ("ttd", "skd"):
        await lived(store.orders, *HANDED_OVER, owner=owner)
        await lived(store.orders, NOWHERE, owner=owner)
    before = await store.results.figures(since=BEGINS, until=ENDS)

    await store.runner.rebuild("notification_result")

    assert await store.results.figures(since=BEGINS, until=ENDS) == before
    assert len(before) == 2
