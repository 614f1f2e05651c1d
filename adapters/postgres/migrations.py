"""Bringing the database's schema up to date.

The schema is what the numbered files of plain SQL beside this module have made, in their order
(`0001_first.sql`, `0002_second.sql`, …). A file is applied once, in a transaction of its own, and
is recorded with the SHA-256 of its bytes: a file that was applied is never edited, a change is a
new file. Any number of processes may do this at once.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from psycopg.rows import TupleRow

from adapters.postgres.connecting import refusal, to_primary
from adapters.postgres.connection import Connection
from adapters.postgres.errors import DatabaseUnreachableError, MigrationError
from adapters.postgres.privileges import grant

MIGRATIONS = Path(__file__).with_name("migrations")

_log = structlog.get_logger(__name__)

_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+")
_LOCK = 0x76617273656C  # "varsel": what every process that migrates waits for

_TAKE_LOCK = "SELECT pg_advisory_lock(%s)"
_RELEASE_LOCK = "SELECT pg_advisory_unlock(%s)"
_MAKE_RECORD = """
    CREATE TABLE IF NOT EXISTS schema_migration (
        number     integer     PRIMARY KEY,
        name       text        NOT NULL,
        sha256     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
_HAS_RECORD = "SELECT to_regclass('schema_migration') IS NOT NULL"
_READ_RECORD = "SELECT number, name, sha256 FROM schema_migration ORDER BY number"
_RECORD = "INSERT INTO schema_migration (number, name, sha256) VALUES (%s, %s, %s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema, as a file tells it."""

    number: int
    name: str
    statements: bytes

    @property
    def sha256(self) -> str:
        """What tells whether the file is the one that was applied."""
        return hashlib.sha256(self.statements).hexdigest()


async def migrate(
    conninfo: str, *, folder: Path = MIGRATIONS, service_role: str | None = None
) -> Sequence[str]:
    """Apply what is not applied yet, and tell the names of it; none if all was.

    `service_role` names the database role by which the service logs in; it gets what it needs, and
    so does whichever had it before.

    Raises:
        MigrationError: the files and the database do not fit each other, or a file failed;
            nothing of the failing file remains.
        UnsafeRoleError: there is no such role as `service_role`; the schema is up to date.
        DatabaseUnreachableError: there is no database at `conninfo` that takes writes; try again
            later.
    """
    known = read_migrations(folder)
    try:
        async with await Connection.connect(
            to_primary(conninfo), application_name="varsel-migrate"
        ) as connection:
            # The lock belongs to the session, and goes with it whatever happens here.
            await connection.execute(_TAKE_LOCK, (_LOCK,))
            applied = [await _apply(connection, step) for step in await _due(connection, known)]
            if applied or service_role is not None:
                await grant(connection, service_role)
            await connection.execute(_RELEASE_LOCK, (_LOCK,))
    except psycopg.OperationalError as error:
        raise DatabaseUnreachableError(
            await refusal(conninfo)
            or f"The database cannot be reached to be migrated: {_first_line(error)}"
        ) from error
    except psycopg.Error as error:
        raise MigrationError(f"The database cannot be migrated: {_first_line(error)}") from error
    return applied


async def refuse_old_schema(
    connection: psycopg.AsyncConnection[TupleRow], *, folder: Path = MIGRATIONS
) -> None:
    """Refuse to work on a schema that is older than this release.

    Raises:
        MigrationError: migrations are missing; says what to run.
    """
    applied: set[int] = set()
    if await _is_recorded(connection):
        cursor = await connection.execute(_READ_RECORD)
        applied = {number for number, _, _ in await cursor.fetchall()}
    missing = [each.name for each in read_migrations(folder) if each.number not in applied]
    if missing:
        raise MigrationError(
            f"The database lacks {len(missing)} migrations of this release, the first of them "
            f"{missing[0]}: run `varsel migrate` as the owner of the schema, and start again."
        )


def read_migrations(folder: Path) -> Sequence[Migration]:
    """Read the files of a folder, in their order."""
    if not folder.is_dir():
        raise MigrationError(f"The folder of migrations {folder} is missing: install varsel again.")
    by_number: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            raise MigrationError(f"The migration {path.name} is not named like 0001_first.sql.")
        number = int(name["number"])
        if number in by_number:
            raise MigrationError(
                f"The migrations {by_number[number].name} and {path.stem} have the same number."
            )
        by_number[number] = Migration(number=number, name=path.stem, statements=path.read_bytes())
    return list(by_number.values())


async def _due(
    connection: psycopg.AsyncConnection[TupleRow], known: Sequence[Migration]
) -> Sequence[Migration]:
    if not await _is_recorded(connection):  # whoever only serves may not make tables
        await connection.execute(_MAKE_RECORD)
    record = await (await connection.execute(_READ_RECORD)).fetchall()
    _refuse_misfit({migration.number: migration for migration in known}, record)
    last = max((number for number, _, _ in record), default=0)
    applied = {number for number, _, _ in record}
    due = [migration for migration in known if migration.number not in applied]
    if due and due[0].number < last:
        raise MigrationError(
            f"The migration {due[0].name} comes before one that has been applied already: "
            "give it the next number."
        )
    return due


async def _is_recorded(connection: psycopg.AsyncConnection[TupleRow]) -> bool:
    return await (await connection.execute(_HAS_RECORD)).fetchone() == (True,)


def _refuse_misfit(known: Mapping[int, Migration], record: Sequence[TupleRow]) -> None:
    for number, name, sha256 in record:
        migration = known.get(number)
        if migration is None:
            raise MigrationError(
                f"The database has the migration {name}, which this version of varsel does not "
                "know: run the version that made it, or a newer one."
            )
        if migration.sha256 != sha256:
            raise MigrationError(
                f"The migration {migration.name} has been changed since it was applied: "
                "restore the file, and put the change into a new one."
            )


async def _apply(connection: psycopg.AsyncConnection[TupleRow], migration: Migration) -> str:
    try:
        async with connection.transaction():
            await connection.execute(migration.statements)
            await connection.execute(_RECORD, (migration.number, migration.name, migration.sha256))
    except psycopg.Error as error:
        if connection.closed:
            raise
        raise MigrationError(
            f"The migration {migration.name} failed and left nothing behind: {_first_line(error)}"
        ) from error
    _log.info("migration_applied", name=migration.name)
    return migration.name


def _first_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).partition("\n")[0]
