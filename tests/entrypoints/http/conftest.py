"""What the tests of the API may ask for."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.entrypoints.http.installation import Installation


@pytest.fixture
def installation() -> Installation:
    """A service with everything outside in memory."""
    return Installation()


@pytest.fixture
async def api(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of its API, in process."""
    async with installation.client() as client:
        yield client
