"""What an auditor is told by the command."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.samples import ORDER_ID

CHANGED = (
    "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
    " VALUES (%s, 1, 'order.placed', 'not an event')"
)


def asked(database_url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "audit", *arguments],
        env={**os.environ, "VARSEL_DATABASE_URL": database_url, "VARSEL_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_history_that_somebody_has_changed_is_told_in_a_line(
    database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(CHANGED, (ORDER_ID,))

    told = asked(database_url, tmp_path, "history", str(ORDER_ID))

    assert told.stderr == (
        "varsel: the history is not what was recorded: "
        f"event 1 of order {ORDER_ID} cannot be read: DecodeError\n"
    )
    assert told.returncode == 1


def test_that_there_is_no_such_order_is_told_in_a_line(database_url: str, tmp_path: Path) -> None:
    told = asked(database_url, tmp_path, "history", str(ORDER_ID))

    assert told.stderr == "varsel: there is no such order, or there was none at that moment\n"
