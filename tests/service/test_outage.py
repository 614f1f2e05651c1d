"""The database does not answer for half a minute; it is boring."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.checker import held
from tests.chaos.faults import processes_of_postgres
from tests.service.installations import (
    API,
    Installation,
    email_to,
    installation,
    place,
    shipment,
)

OUTAGE = 30.0
PATIENCE = aiohttp.ClientTimeout(total=15)


@contextmanager
def silenced(installed: Installation) -> Iterator[None]:
    """Let no process of the database do anything."""
    postmaster, children = processes_of_postgres(installed.data)
    pids = [postmaster, *children]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.service
@pytest.mark.soak
@pytest.mark.timeout(180)
def test_half_a_minute_without_the_database_is_503_and_then_all_is_well(tmp_path: Path) -> None:
    with installation(tmp_path) as installed:
        installed.start()
        asyncio.run(_through_the_outage(installed, installed.token()))


async def _through_the_outage(installed: Installation, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=PATIENCE) as session:
        await place(session, installed.url, "before", email_to("before@example.org"))
        told: list[tuple[int, str | None]] = []
        with silenced(installed):
            ends = time.monotonic() + OUTAGE
            while time.monotonic() < ends:
                several = (_ask(session, installed.url, number) for number in range(4))
                told += await asyncio.gather(*several)
        back = time.monotonic()
        late = ""
        while not late:
            with suppress(AssertionError):
                late = await place(session, installed.url, "late", email_to("late@example.org"))
        took = time.monotonic() - back

        assert told
        assert {status for status, _ in told} == {503}
        assert all(after is not None for _, after in told)
        assert took < 5
        while (await shipment(session, installed.url, late))["status"] != "Order_Completed":
            assert time.monotonic() < back + 60
            await asyncio.sleep(0.2)
    counts = held(installed.data / "mailbox")
    assert counts["before@example.org"] == counts["late@example.org"] == 1


async def _ask(session: aiohttp.ClientSession, url: str, number: int) -> tuple[int, str | None]:
    body = {"idempotencyId": f"during-{number}", "recipient": email_to("during@example.org")}
    if number % 2:
        path = f"{url}{API}/orders?sendersReference=x"
        async with session.get(path) as answer:
            return answer.status, answer.headers.get("Retry-After")
    async with session.post(f"{url}{API}/future/orders", json=body) as answer:
        return answer.status, answer.headers.get("Retry-After")
