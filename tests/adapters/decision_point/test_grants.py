import json
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from adapters.decision_point.grants import GrantTable
from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary
from application.ports.decision_point import DecisionPoint
from contracts.decision_point_contract import (
    PERMITTED,
    UNIT,
    AwayContract,
    DecisionPointContract,
    question,
)
from domain.authority import Decision
from tests.adapters.registries.local import registry_importer


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database_url, size=2, name="test")
    yield opened
    await opened.close()


async def take(pool: Pool, *grants: object) -> None:
    page = json.dumps({"grants": grants}).encode()
    await registry_importer(pool).import_page("profiles", page, ImportSummary())


@pytest.fixture
async def table(pool: Pool) -> DecisionPoint:
    """A table that is filled as files fill it."""
    await take(
        pool,
        *(
            {
                "user": each.user,
                "organisation": each.organisation,
                "resource": each.resource,
                "action": each.action,
            }
            for each in PERMITTED
        ),
    )
    return GrantTable(pool)


class TestGrantTable(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self, table: DecisionPoint) -> DecisionPoint:
        return table

    async def test_what_is_granted_for_nothing_in_particular_is_to_read(self, pool: Pool) -> None:
        await take(pool, {"user": "1", "organisation": UNIT, "resource": "urn:altinn:resource:tax"})
        asked = question("1", resource="tax")
        assert await GrantTable(pool).decide([asked]) == {asked: Decision.PERMITTED}

    @pytest.mark.parametrize(
        "unread, uncertain",
        [
            ({"user": "20001111", "resource": "tax-2026"}, ["20001111"]),
            ({"user": "20001111", "resource": "other"}, []),
            ({"user": "20001111", "resource": 5}, ["20001111"]),
            ({"user": None, "resource": "tax-2026"}, ["20001111", "20002222"]),
        ],
    )
    async def test_what_a_change_is_about_that_could_not_be_read_is_uncertain(
        self, pool: Pool, table: DecisionPoint, unread: dict[str, object], uncertain: list[str]
    ) -> None:
        await take(pool, {**unread, "organisation": UNIT, "withdrawn": "ja"})
        asked = [question("20001111"), question("20002222")]
        decided = await table.decide(asked)
        found = [each.user for each in asked if decided[each] is Decision.UNCERTAIN]
        assert found == uncertain


class TestGrantTableWithoutItsDatabase(AwayContract):
    @override
    @pytest.fixture
    async def away(self, pool: Pool, table: DecisionPoint) -> DecisionPoint:
        await pool.close()
        return table
