"""What an operator sees who asks how the providers stand."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from adapters.postgres import open_pool
from adapters.provider_ledger.postgres import PostgresProviderHealthLog
from application.ports.provider_ledger import WeightChange


def asked(database_url: str, *arguments: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "providers", *arguments],
        env={**os.environ, "VARSEL_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()


async def test_an_operator_sees_who_gets_nothing_now_and_why(database_url: str) -> None:
    now = datetime.now(UTC)
    ago = now - timedelta(days=5)
    async with await open_pool(database_url, size=1, name="varsel tests") as pool:
        ledger = PostgresProviderHealthLog(pool)
        await ledger.note("host-b 7", shifted("smtp:2", 0.25, "the probe succeeded", ago), ago)
        await ledger.note("host-a 11", shifted("smtp", 0.0, "refuses us: 535 5.7.8", now), now)

    refused = (
        f"{now:%Y-%m-%dT%H:%M:%S}+00:00  smtp               0%  host-a 11: refuses us: 535 5.7.8"
    )
    probed = f"{ago:%Y-%m-%dT%H:%M:%S}+00:00  smtp:2            25%  host-b 7: the probe succeeded"
    told = asked(database_url)
    assert told == [
        "In each process that was heard of within a minute:",
        refused,
        "The latest shifts:",
        refused,
        probed,
    ]
    assert probed not in asked(database_url, "--most", "1")


def test_where_nobody_hands_over_that_is_said(database_url: str) -> None:
    assert asked(database_url) == ["No process hands anything over."]


def shifted(provider: str, weight: float, reason: str, at: datetime) -> dict[UUID, WeightChange]:
    return {uuid4(): WeightChange(provider=provider, weight=weight, reason=reason, at=at)}
