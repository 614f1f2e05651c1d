"""What the tests of the local copies may ask for."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from adapters.registries.importing import RegistryImporter
from tests.adapters.registries.local import registry_importer
from tests.adapters.registries.registers import Register, register


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to a fresh database."""
    opened = await open_pool(database_url, size=2, name="test")
    yield opened
    await opened.close()


@pytest.fixture
def importer(pool: Pool) -> RegistryImporter:
    """Writes the local copies."""
    return registry_importer(pool)


@pytest.fixture
async def far_register() -> AsyncIterator[Register]:
    """A register that is asked over HTTP."""
    async with register() as running:
        yield running
