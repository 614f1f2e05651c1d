"""Stand-ins for the registers on a free port, and somebody who asks them."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from entrypoints.sandbox.registers import Holdings, Registers
from entrypoints.wiring.registries import sample_holdings

TOKEN = "good for everything"


@pytest.fixture
def holdings() -> Holdings:
    return sample_holdings(people=2500, organisations=30)


@pytest.fixture
async def registers(holdings: Holdings) -> AsyncIterator[Registers]:
    async with Registers(holdings, tokens=[TOKEN]) as running:
        yield running


@pytest.fixture
async def http(registers: Registers) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        registers.url,
        headers={"Authorization": f"Bearer {TOKEN}", "PlatformAccessToken": "of some app"},
        timeout=aiohttp.ClientTimeout(total=10),
    ) as session:
        yield session
