"""Bring the local copies up to date, page by page, from files or from the registers themselves.

A page and the position after it go in one transaction, also when the page changes nothing, so that
no copy stands still; an entry that cannot be read is put in quarantine with its reason, and the
rest goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, LiteralString, TypeAlias, assert_never

from psycopg_pool import AsyncConnectionPool

from adapters.foreign_json import in_utf8
from adapters.registries import businesses, krr, parties
from adapters.registries.pages import Quarantined, UnreadablePageError, moment
from adapters.registries.writing import (
    Connection,
    Counts,
    write_addresses,
    write_names,
    write_persons,
    write_profiles,
    write_units,
)

Kind: TypeAlias = Literal["krr", "businesses", "profiles", "names"]
KINDS: Final[tuple[Kind, ...]] = ("krr", "businesses", "profiles", "names")

_SAMPLES: Final = Path(__file__).parent / "samples"
SAMPLES: Final[Mapping[Kind, Sequence[Path]]] = {
    "krr": [_SAMPLES / "krr.json"],
    "businesses": [_SAMPLES / "business-addresses.json", _SAMPLES / "business-units.json"],
    "profiles": [_SAMPLES / "profiles.json"],
    "names": [_SAMPLES / "names.json"],
}
"""Invented people and firms, in the registers' own formats; they cover every way a look-up can end."""

_MOVE: Final[LiteralString] = """
INSERT INTO registry_copy (registry, cursor) VALUES (%s, %s)
ON CONFLICT (registry) DO UPDATE
   SET cursor = coalesce(excluded.cursor, registry_copy.cursor), moved_at = now()
"""
_QUARANTINE: Final[LiteralString] = """
INSERT INTO registry_quarantine (registry, page, entry, reason) VALUES (%s, %s, %s, %s)
ON CONFLICT (registry, page, entry) DO UPDATE SET reason = excluded.reason, found_at = now()
"""
_CURSOR: Final[LiteralString] = "SELECT cursor FROM registry_copy WHERE registry = %s FOR UPDATE"
_STATUS: Final[LiteralString] = """
SELECT registry, cursor, moved_at,
       (SELECT count(*) FROM registry_quarantine q WHERE q.registry = c.registry),
       CASE registry WHEN 'krr' THEN (SELECT count(*) FROM krr_person)
                     WHEN 'businesses' THEN (SELECT count(*) FROM business_address)
                     WHEN 'profiles' THEN (SELECT count(*) FROM user_profile)
                     ELSE (SELECT count(*) FROM party_name) END
  FROM registry_copy c ORDER BY registry
"""


@dataclass(slots=True)
class ImportSummary:
    """What an import did."""

    pages: int = 0
    written: int = 0
    removed: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class RegistryStatus:
    """How a local copy stands."""

    registry: str
    cursor: str | None
    moved_at: datetime
    quarantined: int
    rows: int


class RegistryImporter:
    """Writes pages into the local copies."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def import_files(
        self,
        kind: Kind,
        files: Sequence[Path],
        *,
        progress: Callable[[ImportSummary], None] = lambda _: None,
    ) -> ImportSummary:
        """Import files, one page each, in the order given; twice is the same as once.

        Raises:
            UnreadablePageError: a file is no page of this feed; those before it were imported.
        """
        summary = ImportSummary()
        for file in files:
            try:
                await self.import_page(kind, in_utf8(file.read_bytes()), summary)
            except OSError as problem:
                raise UnreadablePageError(f"{file}: {problem.strerror}") from None
            except (UnreadablePageError, UnicodeDecodeError) as problem:
                raise UnreadablePageError(f"{file}: {problem}") from None
            progress(summary)
        return summary

    async def import_page(self, kind: Kind, content: bytes, summary: ImportSummary) -> None:
        """Import one page, whole or not at all, and the position after it.

        Raises:
            UnreadablePageError: it is no page of this feed.
        """
        page = sha256(content).hexdigest()[:16]
        async with self._pool.connection() as connection, connection.transaction():
            row = await (await connection.execute(_CURSOR, (kind,))).fetchone()
            reached: str | None = None if row is None else row[0]
            done = await _write(connection, kind, content, reached)
            await connection.execute(_MOVE, (kind, done.position))
            if done.quarantined:
                async with connection.cursor() as cursor:
                    await cursor.executemany(
                        _QUARANTINE,
                        [(kind, page, each.entry, each.reason) for each in done.quarantined],
                    )
        summary.pages += 1
        summary.written += done.counts[0]
        summary.removed += done.counts[1]
        summary.quarantined += len(done.quarantined)

    async def cursor(self, kind: Kind) -> str | None:
        """How far the copy has come, in the feed's own terms."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_CURSOR, (kind,))).fetchone()
            return None if row is None else row[0]

    async def status(self) -> Sequence[RegistryStatus]:
        """How every local copy stands."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_STATUS)).fetchall()
            return [
                RegistryStatus(registry, cursor, moved_at, quarantined, count)
                for registry, cursor, moved_at, quarantined, count in rows
            ]


@dataclass(frozen=True, slots=True)
class _Done:
    counts: Counts
    quarantined: Sequence[Quarantined]
    position: str | None = None


async def _write(connection: Connection, kind: Kind, content: bytes, reached: str | None) -> _Done:
    """Write one page; the position never goes back, whichever page is loaded again."""
    match kind:
        case "krr":
            page = krr.read_page(content)
            return _Done(
                await write_persons(connection, page),
                page.persons.quarantined,
                str(max(page.end, int(reached or 0))),
            )
        case "businesses":
            read = businesses.read_page(content)
            addresses = await write_addresses(connection, read.addresses.rows)
            units = await write_units(connection, read.units.rows)
            return _Done(
                (addresses[0] + units[0], addresses[1]),
                [*read.addresses.quarantined, *read.units.quarantined],
                _later(reached, read.updated),
            )
        case "profiles":
            profiles = parties.read_profiles(content)
            lists = (profiles.profiles, profiles.grants, profiles.users)
            return _Done(
                await write_profiles(connection, profiles),
                [each for part in lists for each in part.quarantined],
            )
        case "names":
            names = parties.read_names(content)
            return _Done(await write_names(connection, names.rows), names.quarantined)
        case _:
            assert_never(kind)


def _later(reached: str | None, updated: str | None) -> str | None:
    if reached is None or updated is None:
        return updated or reached
    return updated if moment(updated) >= moment(reached) else reached
