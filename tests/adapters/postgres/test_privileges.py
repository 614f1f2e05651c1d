"""The service may add to the history and read it; a role that could change it is not worked under."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.postgres import EmbeddedPostgres, MigrationError, migrate
from adapters.postgres.errors import UnsafeRoleError
from adapters.postgres.migrations import MIGRATIONS, refuse_old_schema
from adapters.postgres.privileges import refuse_more_than_needed
from tests.databases import scratch_folder

pytestmark = pytest.mark.postgres

_AN_EVENT: LiteralString = """
INSERT INTO orders_events (originator_id, originator_version, topic, state)
VALUES (gen_random_uuid(), 1, 'order.placed', '')
"""


@pytest.fixture(scope="module")
def operators_server() -> Iterator[str]:
    """A server that is not the service's own, and lets everybody in."""
    with scratch_folder() as folder:
        rules = folder / "hba"
        rules.write_text("local all all trust\n")
        settings = {"cluster_name": "of_an_operator", "hba_file": str(rules)}
        with EmbeddedPostgres(folder / "postgres", durable=False, settings=settings) as conninfo:
            yield conninfo


class Database:
    """A database of an operator's, with a role that owns the schema and one that serves."""

    def __init__(self, conninfo: str) -> None:
        word = uuid4().hex[:8]
        self.owner, self.service = f"owner_{word}", f"service_{word}"
        self.as_superuser = make_conninfo(conninfo, dbname=word)
        self.as_owner = make_conninfo(self.as_superuser, user=self.owner)
        self.as_service = make_conninfo(self.as_superuser, user=self.service)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for statement in (
                SQL("CREATE ROLE {} LOGIN").format(Identifier(self.owner)),
                SQL("CREATE ROLE {} LOGIN").format(Identifier(self.service)),
                SQL("CREATE DATABASE {} OWNER {}").format(Identifier(word), Identifier(self.owner)),
            ):
                connection.execute(statement)

    def do(self, statement: LiteralString, *names: str, by: str | None = None) -> None:
        named = SQL(statement).format(*map(Identifier, names))
        with psycopg.connect(by or self.as_superuser, autocommit=True) as connection:
            connection.execute(named)

    async def refuse(self, conninfo: str) -> None:
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            await refuse_more_than_needed(connection)


@pytest.fixture
async def database(operators_server: str) -> Database:
    made = await asyncio.to_thread(Database, operators_server)
    await migrate(made.as_owner, service_role=made.service)
    return made


async def test_the_services_role_is_worked_under(database: Database) -> None:
    await database.refuse(database.as_service)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders_events SET topic = 'order.completed'",
        "DELETE FROM orders_events",
        "TRUNCATE orders_events",
        "ALTER TABLE orders_events DISABLE TRIGGER ALL",
        "DROP TABLE orders_events",
        "UPDATE sealed SET ciphertext = ''",
        "UPDATE data_key SET wrapped = ''",
        "UPDATE act SET state = ''",
        "DELETE FROM act",
        "UPDATE key_fingerprint SET fingerprint = ''",
        "UPDATE month_key_fingerprint SET fingerprint = ''",
        "DELETE FROM schema_migration",
        "CREATE TABLE made_by_a_thief (it int)",
        "SET session_replication_role = replica",
    ],
)
async def test_the_services_role_may_not(database: Database, statement: LiteralString) -> None:
    database.do(_AN_EVENT, by=database.as_service)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.do(statement, by=database.as_service)


async def test_the_owner_of_the_history_is_refused(database: Database) -> None:
    with pytest.raises(UnsafeRoleError, match="owns the history") as refusal:
        await database.refuse(database.as_owner)

    assert "\n" not in str(refusal.value)


async def test_a_superuser_is_refused(database: Database) -> None:
    with pytest.raises(UnsafeRoleError, match="is a superuser"):
        await database.refuse(database.as_superuser)


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT UPDATE ON orders_events TO {}",
        "GRANT UPDATE (topic) ON orders_events TO {}",
        "GRANT DELETE ON orders_events TO PUBLIC",
        "GRANT TRIGGER ON orders_events TO {}",
    ],
)
async def test_a_role_that_may_change_history_is_refused(
    database: Database, grant: LiteralString
) -> None:
    database.do(grant, *([database.service] if "{}" in grant else []))

    with pytest.raises(UnsafeRoleError, match="may change or delete history"):
        await database.refuse(database.as_service)


async def test_a_role_that_can_become_the_owner_is_refused(database: Database) -> None:
    database.do("GRANT {} TO {}", database.owner, database.service)

    with pytest.raises(UnsafeRoleError, match="owns the history"):
        await database.refuse(database.as_service)


async def test_a_role_that_was_granted_nothing_is_told_what_to_do(database: Database) -> None:
    database.do("REVOKE ALL ON orders_events FROM {}", database.service)

    with pytest.raises(UnsafeRoleError, match="--service-role"):
        await database.refuse(database.as_service)


async def test_what_a_later_migration_makes_is_the_services_too_without_naming_it_again(
    database: Database, tmp_path: Path
) -> None:
    shutil.copytree(MIGRATIONS, tmp_path / "later")
    (tmp_path / "later/9999_later.sql").write_text("CREATE TABLE came_later (it bigserial)")

    await migrate(database.as_owner, folder=tmp_path / "later")

    database.do("INSERT INTO came_later DEFAULT VALUES", by=database.as_service)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.do("DELETE FROM orders_events", by=database.as_service)


async def test_whoever_only_serves_finds_the_schema_up_to_date(database: Database) -> None:
    assert await migrate(database.as_service) == []


async def test_a_role_that_is_not_there_is_told_in_one_line(database: Database) -> None:
    with pytest.raises(UnsafeRoleError, match="There is no database role nobody_here") as refusal:
        await migrate(database.as_owner, service_role="nobody_here")

    assert "\n" not in str(refusal.value)


async def test_a_schema_that_is_too_old_is_not_worked_on(database: Database) -> None:
    database.do("DELETE FROM schema_migration WHERE number > 109")

    async with await psycopg.AsyncConnection.connect(database.as_service) as connection:
        with pytest.raises(MigrationError, match="run `varsel migrate`") as refusal:
            await refuse_old_schema(connection)

    assert "\n" not in str(refusal.value)


async def test_a_database_without_a_schema_is_not_worked_on(database: Database) -> None:
    database.do("DROP SCHEMA public CASCADE")
    database.do("CREATE SCHEMA public")

    async with await psycopg.AsyncConnection.connect(database.as_superuser) as connection:
        with pytest.raises(MigrationError, match="run `varsel migrate`"):
            await refuse_old_schema(connection)


async def test_in_a_server_of_our_own_the_starter_works_as_it_is(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await refuse_more_than_needed(connection)
