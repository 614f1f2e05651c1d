"""An operator sees which orders are stuck, and lets one go on; why is on record."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from application.ports.agenda import QUARANTINE
from contracts.order_repository_contract import placing
from contracts.samples import TTD
from domain.order.events import OrderId
from tests.adapters.event_store.postgres_store import open_store
from tests.entrypoints.cli.test_operators import Command


@pytest.fixture
def varsel(database_url: str, tmp_path: Path) -> Command:
    return Command(database_url, tmp_path)


@pytest.fixture
async def stuck(database_url: str) -> AsyncIterator[OrderId]:
    """An order that has brought three workers down."""
    async with open_store(database_url) as store:
        (order,) = await store.orders.append([placing()], by=TTD)
        lease = timedelta(seconds=30)
        for number in range(QUARANTINE):
            claim = store.agenda.claim if number == 0 else store.agenda.claim_redeliveries
            await claim(limit=1, worker=f"worker-{number}", now=store.clock(), lease=lease)
            store.clock.now += lease
        yield order.order_id


def test_where_no_order_is_stuck_that_is_said(varsel: Command) -> None:
    told = varsel("orders", "stuck")

    assert (told.returncode, told.stdout, told.stderr) == (0, "No order is stuck.\n", "")


def test_a_stuck_order_is_listed_with_what_to_do_and_goes_on_when_it_is_let(
    varsel: Command, stuck: OrderId
) -> None:
    listed = varsel("orders", "stuck").stdout.splitlines()
    let = varsel("orders", "retry", str(stuck), "--reason", "the condition was mended")

    assert listed[0] == str(stuck)
    assert listed[1].startswith("1 stuck. What happened: varsel audit history ID.")
    assert let.returncode == 0
    assert let.stdout == f"order {stuck} is going to be carried out again\n"
    assert varsel("orders", "stuck").stdout == "No order is stuck.\n"
    (act,) = varsel.on_record()
    assert str(stuck) in act
    assert "because: the condition was mended" in act


def test_an_order_that_is_not_stuck_is_not_let_and_nothing_is_on_record(varsel: Command) -> None:
    order_id = uuid4()

    refused = varsel("orders", "retry", str(order_id), "--reason", "to be sure")

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert f"order {order_id} is not stuck; see `varsel orders stuck`" in refused.stderr


@pytest.mark.parametrize(
    "words", [["orders", "retry", "7", "--reason", "x"], ["orders", "retry"], ["ordres"]]
)
def test_a_line_that_cannot_be_meant_is_refused_in_words(varsel: Command, words: list[str]) -> None:
    refused = varsel(*words)

    assert refused.returncode != 0
    assert refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
