"""What `docs/reading-the-log.md` says to an auditor is done as it stands, as a role that may only read."""

import ast
import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.postgres.repository import PostgresOrderRepository
from adapters.event_store.sealing import Sealer
from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.postgres import EmbeddedPostgres, migrate
from application.envelope import SERVICE
from contracts.order_repository_contract import (
    attempted,
    going_on,
    order_id,
    placing,
    resolved,
    sent,
)
from domain.order.events import OrderId
from tests.adapters.event_store.postgres_store import open_store
from tests.databases import scratch_folder
from tests.production.guide import ROOT, blocks, environ_of
from tests.samples import TTD
from tests.servers import a_pair

pytestmark = pytest.mark.postgres

PAGE: Final = ROOT / "docs" / "reading-the-log.md"
ADDRESS: Final = "canary@example.org"
HISTORY: Final = [
    "order.placed",
    "order.contact_resolved",
    "order.notification_attempted",
    "order.notification_sent",
]


@pytest.fixture(scope="module")
def installation() -> Iterator[str]:
    """A database as `docs/operating.md` names it, on a server that asks nobody for a password."""
    with scratch_folder() as folder:
        rules = folder / "hba"
        rules.write_text("local all all trust\n")
        settings = {"hba_file": str(rules)}
        with EmbeddedPostgres(folder / "postgres", durable=False, settings=settings) as conninfo:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute("CREATE DATABASE varsel")
            database = make_conninfo(conninfo, dbname="varsel")
            asyncio.run(migrate(database))
            grant(database, "auditor")
            yield database


def ran(
    program: str, *words: object, conninfo: str, folder: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """A program of the page, run in the page's environment, on another server than the page's."""
    given = conninfo_to_dict(conninfo)
    more |= {"POSTGRES_HOST": str(given["host"]), "POSTGRES_PORT": str(given.get("port", "5432"))}
    settings = folder / "environment"
    settings.write_text(blocks(PAGE)["environment"])
    (folder / program).write_text(blocks(PAGE)[program])
    return subprocess.run(
        [sys.executable, program, *map(str, words)],
        cwd=folder,
        env={**environ_of(settings), **more, "PYTHONPATH": os.fspath(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Somebody who has the page, and the role that it makes."""

    database: str
    folder: Path
    orders: tuple[OrderId, OrderId]
    keys: Path

    def run(self, program: str, *words: object) -> str:
        """What a program of the page tells."""
        done = self.tried(program, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tried(self, program: str, *words: object) -> subprocess.CompletedProcess[str]:
        """The same, whether it comes to its end or not."""
        return ran(program, *words, conninfo=self.database, folder=self.folder)

    def do(self, statement: LiteralString, *values: object) -> None:
        """Do something to the database, as a role that may do everything."""
        with psycopg.connect(self.database) as connection:
            connection.execute(statement, values)


@pytest.fixture
async def auditor(installation: str, tmp_path: Path) -> AsyncIterator[Auditor]:
    """An auditor of two orders that were notified of side by side."""
    keys = tmp_path / "keys.json"
    async with open_store(installation) as store:
        repository = PostgresOrderRepository(
            appender=store.appender,
            pool=store.pool,
            mapper=EnvelopeMapper(Sealer(FileKeyVault(keys))),
            clock=store.clock,
            next_id=order_id,
        )
        opened = await repository.append([placing(), placing()], by=TTD)
        await repository.append([going_on(each, resolved(ADDRESS)) for each in opened], by=SERVICE)
        for each in (await repository.load([one.order_id for one in opened])).values():
            await repository.append([going_on(each, attempted(), sent())], by=SERVICE)
    first, second = (each.order_id for each in opened)
    yield Auditor(database=installation, folder=tmp_path, orders=(first, second), keys=keys)
    with psycopg.connect(installation) as connection:
        connection.execute("REVOKE ALL ON sealed, data_key FROM varsel_auditor")


def grant(database: str, block: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(blocks(PAGE)[block])


def test_the_log_is_walked_in_the_order_of_commits_by_the_library_alone(auditor: Auditor) -> None:
    lines = [line.split() for line in auditor.run("log.py").splitlines()]

    ours = [line for line in lines if line[4] in map(str, auditor.orders)]
    positions = [int(line[0]) for line in lines]
    assert positions == sorted(set(positions))
    assert [(line[2], line[3], line[5]) for line in ours[:4]] == [
        ("ttd", "order.placed", "1"),
        ("ttd", "order.placed", "1"),
        ("varsel", "order.contact_resolved", "2"),
        ("varsel", "order.contact_resolved", "2"),
    ]
    assert len(ours) == 2 * len(HISTORY)


def test_one_orders_history_is_read_and_shows_nobodys_words(auditor: Auditor) -> None:
    told = auditor.run("log.py", auditor.orders[0])

    heads = [line.split()[1] for line in told.splitlines() if line[0].isdigit()]
    assert heads == HISTORY
    assert '"sealed"' in told
    assert ADDRESS not in told


async def test_a_log_of_any_length_is_walked_to_its_end_also_on_a_standby(tmp_path: Path) -> None:
    async with a_pair() as pair:
        pair.primary.ask(
            "WITH made AS (INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            """ SELECT %s, n, 'order.placed', '{"recorded_at": "now", "recorded_by": {"name": "ttd"}}'"""
            " FROM generate_series(1, 2500) n RETURNING 1) SELECT count(*) FROM made",
            order_id(),
        )
        await pair.level()
        owner = {"POSTGRES_DBNAME": "postgres", "POSTGRES_USER": "postgres"}

        told = ran("log.py", conninfo=pair.standby.conninfo, folder=tmp_path, **owner)

        versions = [line.split()[-1] for line in told.stdout.splitlines()]
        assert versions == [str(number) for number in range(1, 2501)], told.stderr


@pytest.mark.parametrize("program", ["log.py", "boxes.py"])
def test_nothing_of_ours_is_needed(program: str) -> None:
    imported = {
        each.module if isinstance(each, ast.ImportFrom) else each.names[0].name
        for each in ast.walk(ast.parse(blocks(PAGE)[program]))
        if isinstance(each, ast.Import | ast.ImportFrom)
    }

    assert imported - sys.stdlib_module_names == {"eventsourcing.application"}


def test_what_is_sealed_is_out_of_sight_until_it_is_granted(auditor: Auditor) -> None:
    refused = auditor.tried("boxes.py", auditor.orders[0])

    assert "permission denied for table sealed" in refused.stderr


def test_each_box_is_told_to_be_sealed_erased_or_changed(auditor: Auditor) -> None:
    order, other = auditor.orders
    grant(auditor.database, "boxes")
    whole = auditor.run("boxes.py", order)
    auditor.do("DELETE FROM data_key WHERE order_id = %s AND class = 'contact'", order)
    auditor.do("DELETE FROM sealed WHERE order_id = %s AND class = 'identity'", order)
    auditor.do(
        "UPDATE sealed SET ciphertext = ciphertext || '!' WHERE order_id = %s AND class = 'content'",
        order,
    )

    fates = [line.split(maxsplit=4)[1:] for line in auditor.run("boxes.py", order).splitlines()]

    assert len(whole.splitlines()) == 3
    assert all("sealed, by a key of 2026-09" in line for line in whole.splitlines())
    assert fates == [
        ["order.placed", "identity", "0", "erased"],
        ["order.placed", "content", "-1", "changed"],
        ["order.contact_resolved", "contact", "0", "without a key"],
    ]
    assert auditor.run("boxes.py", other).count("sealed, by") == 3


def test_who_has_the_key_file_as_well_reads_the_words(auditor: Auditor) -> None:
    grant(auditor.database, "boxes")
    closed = auditor.tried("words.py", auditor.orders[0], auditor.keys)
    grant(auditor.database, "words")

    told = auditor.run("words.py", auditor.orders[0], auditor.keys)

    assert "permission denied for table data_key" in closed.stderr
    assert f"contact 0 {ADDRESS}" in told
    assert len([line for line in told.splitlines() if line[0].isdigit()]) == len(HISTORY)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders_events VALUES (gen_random_uuid(), 1, 'order.placed', '')",
        "UPDATE orders_events SET topic = 'order.completed'",
        "DELETE FROM orders_events",
        "SELECT * FROM data_key",
        "SELECT * FROM act",
        "CREATE TABLE made_by_an_auditor (it int)",
    ],
)
def test_the_auditors_role_may_not_though_it_may_write_by_its_own_word(
    installation: str, statement: LiteralString
) -> None:
    conninfo = make_conninfo(installation, user="varsel_auditor")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_the_auditors_role_writes_nothing_by_mistake(installation: str) -> None:
    with (
        psycopg.connect(make_conninfo(installation, user="varsel_auditor")) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("CREATE TABLE made_by_an_auditor (it int)")
