"""Both records keep the port's promises; in the database nothing of it can be changed."""

from collections.abc import AsyncIterator
from typing import LiteralString

import psycopg
import pytest

from adapters.act_log.postgres import PostgresActLog
from adapters.memory.act_log import InMemoryActLog
from adapters.postgres import open_pool
from application.ports.act_log import ActLog
from contracts.act_log_contract import EVERYBODY, ActLogContract, suspended
from tests.samples import NOON


class TestPostgresActLog(ActLogContract):
    @pytest.fixture
    async def log(self, database_url: str) -> AsyncIterator[ActLog]:
        async with await open_pool(database_url, size=1, name="varsel tests") as pool:
            yield PostgresActLog(pool)

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE act SET topic = ''", "DELETE FROM act", "TRUNCATE act"],
    )
    async def test_what_was_done_stays_on_record(
        self, log: ActLog, database_url: str, statement: LiteralString
    ) -> None:
        act = suspended("ttd")
        await log.record(act)

        with (
            psycopg.connect(database_url) as connection,
            pytest.raises(psycopg.errors.RaiseException, match="never changed"),
        ):
            connection.execute(statement)

        assert await log.latest(roles=EVERYBODY, since=NOON, most=10) == [act]


class TestInMemoryActLog(ActLogContract):
    @pytest.fixture
    def log(self) -> ActLog:
        return InMemoryActLog()
