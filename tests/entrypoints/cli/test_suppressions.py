"""An operator sees which addresses are left alone, and lifts that; why is on record, the address is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.event_store.postgres.appender import Appender
from adapters.postgres import open_pool
from contracts.suppressions_contract import came_back
from domain.order.events import OrderId
from entrypoints.settings import Settings
from entrypoints.wiring.store import key_vault, order_repository
from tests.entrypoints.cli.test_operators import Command

ADDRESS = "kari@example.org"

pytestmark = [pytest.mark.postgres, pytest.mark.service]


class Typing(Command):
    """An operator who answers what the command asks."""

    def types(self, answer: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *words],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            input=answer,
        )


@pytest.fixture
def varsel(database_url: str, tmp_path: Path) -> Typing:
    return Typing(database_url, tmp_path)


@pytest.fixture
async def bounced(database_url: str, tmp_path: Path) -> OrderId:
    """An order whose e-mail came back."""
    settings = Settings(database_url=database_url, data=tmp_path)
    async with await open_pool(database_url, size=2, name="varsel tests") as pool:
        appender = Appender(database_url)
        await appender.start()
        try:
            vault = await key_vault(settings, pool)
            return await came_back(order_repository(appender, pool, vault), address=ADDRESS)
        finally:
            await appender.stop()


def test_where_nothing_bounced_that_is_said(varsel: Typing) -> None:
    told = varsel("suppressions", "list")

    assert (told.returncode, told.stdout, told.stderr) == (0, "No address is left alone.\n", "")


def test_an_address_is_listed_by_its_order_and_used_again_when_that_is_lifted(
    varsel: Typing, bounced: OrderId
) -> None:
    (listed,) = varsel("suppressions", "list").stdout.splitlines()
    lifted = varsel.types(f"{ADDRESS}\n", "suppressions", "lift", "--reason", "the mailbox is back")

    assert "email" in listed
    assert "bounced" in listed
    assert listed.endswith(f"order {bounced}")
    assert (lifted.returncode, lifted.stdout) == (0, "the address is used again\n")
    assert varsel("suppressions", "list").stdout == "No address is left alone.\n"
    (act,) = varsel.on_record()
    assert f"let the email address {listed[:12]}… be used again" in act
    assert "because: the mailbox is back" in act
    assert ADDRESS not in listed + act + lifted.stdout + lifted.stderr


def test_what_is_no_address_or_is_not_left_alone_is_refused_and_not_repeated(
    varsel: Typing,
) -> None:
    line = ("suppressions", "lift", "--reason", "to be sure")

    wrong = varsel.types("not an address\n", *line)
    unknown = varsel(*line, "--address", ADDRESS)

    assert (wrong.returncode, unknown.returncode) == (1, 1)
    assert wrong.stderr == "varsel: write an e-mail address, or a number with its country code\n"
    assert unknown.stderr == (
        "varsel: that address is not left alone; see `varsel suppressions list`\n"
    )
    assert varsel.on_record() == ["Nothing is on record."]
