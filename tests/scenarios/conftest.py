"""Each story is told in memory, and on PostgreSQL with real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.worlds import MemoryWorld, World, real_world


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.postgres)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    database: str = request.getfixturevalue("database_url")
    async with real_world(database, tmp_path / "data") as running:
        yield running


@pytest.fixture
def memory() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
async def real(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with real_world(database_url, tmp_path / "data") as running:
        yield running
