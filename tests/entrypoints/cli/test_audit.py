"""What an auditor is told by the command."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from application.ordering.commands import NewOrder, PlaceOrder
from domain.channel import ChannelChoice
from entrypoints.bootstrap import wired
from entrypoints.settings import Settings
from tests.samples import ORDER_ID, REMINDER_MAIL, STRANGER, TTD

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


def test_an_order_is_explained_in_sentences_and_as_the_api_explains_it(
    database_url: str, tmp_path: Path
) -> None:
    order_id = asyncio.run(carried_out(database_url, tmp_path))

    words = asked(database_url, tmp_path, "explain", order_id, "--reason", "a complaint")
    data = asked(database_url, tmp_path, "explain", order_id, "--json")

    assert "Recipient 0, whoever reads s***@e***.org" in words.stdout
    assert "before it was sent" in words.stdout
    assert "- By e-mail at s***@e***.org, from the order." in words.stdout
    (recipient,) = json.loads(data.stdout)["recipients"]
    assert [each["outcome"] for each in recipient["lookups"]] == ["not_needed", "reached"]
    assert "stranger@example.org" not in words.stdout + data.stdout
    on_record = asked(database_url, tmp_path, "operators", "--reads").stdout
    assert f"read the history of order {order_id}  because: a complaint" in on_record


async def carried_out(database: str, folder: Path) -> str:
    """An order to an address, resolved, in the database; nobody is there to take its e-mail."""
    mail = NewOrder(channel=ChannelChoice.EMAIL, recipients=(STRANGER,), email=REMINDER_MAIL)
    settings = Settings(database_url=database, data=folder, smtp_url="smtp://127.0.0.1:9")
    async with wired(settings) as running:
        application = running.application
        receipt = await application.ordering.place(PlaceOrder(order=mail, by=TTD))
        await application.dispatcher.run_until_idle()
    return str(receipt.order_id)
