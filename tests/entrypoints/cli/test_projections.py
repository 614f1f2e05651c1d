"""What an operator sees of what projections could not take, and does about it."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import psycopg

from tests.adapters.event_store.postgres_store import open_store
from tests.samples import ORDER_ID

UNREADABLE = (
    "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
    " VALUES (%s, 1, 'order.placed', 'not an event')"
)


def asked(database_url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "projections", *arguments],
        env={**os.environ, "VARSEL_DATABASE_URL": database_url, "VARSEL_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_an_operator_sees_what_could_not_be_taken_and_has_it_tried_again(
    database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(UNREADABLE, (ORDER_ID,))
    async with open_store(database_url) as store:
        await store.runner.catch_up("order_index")

    told = asked(database_url, tmp_path, "failed").stdout.splitlines()
    again = asked(database_url, tmp_path, "retry", "order_index")

    assert told[0].startswith(f"order_index: event 1 of order {ORDER_ID}, unreadable, since ")
    assert again.stdout.splitlines() == ["order_index: 0 events taken"]
    assert (again.returncode, again.stderr) == (
        1,
        "varsel: 1 events still cannot be taken; see `varsel projections failed`\n",
    )


async def test_what_can_be_taken_by_now_is_taken(database_url: str, tmp_path: Path) -> None:
    async with open_store(database_url) as store:
        await store.runner.rebuild("order_index")
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 1, 'order.cancelled', '{}')",
                (UUID(int=1),),
            )
            connection.execute(
                "INSERT INTO projection_failure"
                " SELECT name, generation, 1, %s, 'too_large' FROM projection",
                (UUID(int=1),),
            )

    again = asked(database_url, tmp_path, "retry")

    assert (again.returncode, again.stderr) == (0, "")
    assert "order_index: 1 events taken" in again.stdout.splitlines()
    assert asked(database_url, tmp_path, "failed").stdout == "Every event has been taken.\n"


def test_a_projection_that_there_is_not_is_refused(database_url: str, tmp_path: Path) -> None:
    told = asked(database_url, tmp_path, "retry", "order_idnex")

    assert told.returncode == 1
    assert told.stderr.startswith(
        "varsel: there is no projection order_idnex; there are order_index,"
    )
