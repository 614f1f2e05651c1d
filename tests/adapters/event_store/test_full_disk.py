"""The database's disk is full: nothing is stored in part, somebody is told, and work goes on when there is room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from tests.adapters.event_store.appending import append, appending, ask, stored
from tests.adapters.event_store.postgres_store import open_store
from tests.entrypoints.http.installation import TTD, V1, Installation
from tests.missing import skipped_where_missing
from tests.servers import Disk, Server, a_server_on_a_small_disk

Small = tuple[Server, Disk]


@pytest.fixture
async def small() -> AsyncIterator[Small]:
    """A server whose disk can be filled."""
    with skipped_where_missing():
        async with a_server_on_a_small_disk() as made:
            yield made


async def order(api: httpx.AsyncClient, key: str) -> httpx.Response:
    """Order an e-mail that is too long for the room left in any page, and cannot be compressed."""
    body = Random(key).randbytes(20_000).hex()  # noqa: S311  # any words
    settings = {"subject": "Case 77", "body": body}
    recipient = {"recipientEmail": {"emailAddress": "kari@example.org", "emailSettings": settings}}
    asked = {"idempotencyId": key, "recipient": recipient}
    return await api.post(f"{V1}/future/orders", json=asked, headers=TTD)


async def order_in_the_end(api: httpx.AsyncClient, key: str) -> int:
    """Order as a client does, who asks again while he is told to."""
    while (answer := await order(api, key)).status_code == 503:
        pass
    return answer.status_code


@pytest.mark.soak
async def test_a_full_disk_is_503_and_one_alarm_and_leaves_no_order_in_part(small: Small) -> None:
    server, disk = small
    async with (
        open_store(server.conninfo, patience=1) as store,
        Installation(store=store).client() as api,
    ):
        assert await order_in_the_end(api, "before") in {200, 201}

        disk.fill()
        keys = [f"during {number}" for number in range(5)]
        with capture_logs() as logs:
            refused = [
                each
                for _ in range(2)
                for each in await asyncio.gather(*(order(api, key) for key in keys))
            ]
        disk.clear()
        again = await asyncio.gather(*(order_in_the_end(api, key) for key in keys))

        assert {each.status_code for each in refused} == {503}
        assert {each.headers["retry-after"] for each in refused} == {"5"}
        alarms = [each["event"] for each in logs if each["log_level"] == "critical"]
        assert alarms == ["disk_full"]
        assert set(again) <= {200, 201}
        assert [
            ask(server.conninfo, "SELECT count(DISTINCT originator_id) FROM orders_events"),
            ask(server.conninfo, "SELECT count(DISTINCT order_id) FROM sealed"),
            ask(server.conninfo, "SELECT count(DISTINCT order_id) FROM data_key"),
            ask(server.conninfo, "SELECT count(*) FROM agenda"),
        ] == [6, 6, 6, 6]


async def test_without_room_for_its_log_the_database_goes_down_and_comes_back_with_what_it_had(
    small: Small,
) -> None:
    server, disk = small
    async with appending(server.conninfo, patience=1) as appender:
        await append(appender)
        refused = uuid4()

        disk.fill()
        server.ask("SELECT pg_switch_wal()")  # whatever comes next needs another file of the log
        while server.is_up:
            with pytest.raises(StoreUnavailableError):
                await append(appender, refused)
        disk.clear()
        server.stop()
        server.start()
        with suppress(ConcurrentUpdateError):  # it may have been stored with the last breath
            await append(appender, refused)
        await append(appender)

        assert stored(server.conninfo) == 3
