"""Bring the local copies up to date, page by page, from files or from the registers themselves.

A page and the position after it go in one transaction, also when the page changes nothing, so that
no copy stands still; an entry that cannot be read is put in quarantine with its reason, whom it is
about is uncertain until it can be read, and the rest goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, LiteralString, TypeAlias, assert_never

import structlog
from psycopg_pool import AsyncConnectionPool

from adapters.foreign_json import in_utf8
from adapters.registries import businesses, krr, parties
from adapters.registries.pages import Read, UnreadablePageError, moment
from adapters.registries.quarantine import PageName, keep_unread
from adapters.registries.upserts import (
    Connection,
    Counts,
    write_addresses,
    write_names,
    write_persons,
    write_profiles,
    write_units,
)

log = structlog.get_logger()

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
_CURSOR: Final[LiteralString] = "SELECT cursor FROM registry_copy WHERE registry = %s FOR UPDATE"
_UNREAD_AFTER: Final[LiteralString] = """
SELECT DISTINCT change_from FROM registry_quarantine
 WHERE registry = 'krr' AND change_from IS NOT NULL ORDER BY change_from
"""
_UNREAD_SINCE: Final[LiteralString] = """
SELECT min(changed_at) FROM registry_quarantine WHERE registry = 'businesses'
"""
_STATUS: Final[LiteralString] = """
SELECT registry, cursor, moved_at, quarantined, uncertain, nobodys,
       CASE registry WHEN 'krr' THEN (SELECT count(*) FROM krr_person)
                     WHEN 'businesses' THEN (SELECT count(*) FROM business_address)
                     WHEN 'profiles' THEN (SELECT count(*) FROM user_profile)
                     ELSE (SELECT count(*) FROM party_name) END
  FROM registry_copy c,
       LATERAL (SELECT count(*), count(DISTINCT whose) FILTER (WHERE decides),
                       count(*) FILTER (WHERE whose IS NULL AND decides)
                  FROM registry_quarantine q, LATERAL (SELECT c.registry <> 'names') AS d (decides)
                 WHERE q.registry = c.registry)
               AS unread (quarantined, uncertain, nobodys)
 ORDER BY registry
"""


@dataclass(slots=True)
class ImportSummary:
    """What an import did."""

    pages: int = 0
    written: int = 0
    removed: int = 0
    quarantined: int = 0
    nobodys: int = 0
    """How many of those in quarantine do not even tell whose they are."""


@dataclass(frozen=True, slots=True)
class RegistryStatus:
    """How a local copy stands."""

    registry: str
    cursor: str | None
    moved_at: datetime
    quarantined: int
    uncertain: int
    """How many people, organisations and users those in quarantine are about."""
    nobodys: int
    """How many of those in quarantine do not even tell whose they are."""
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
            change_from, change_id = done.changes
            name = PageName(registry=kind, page=page, change_from=change_from, change_id=change_id)
            await keep_unread(connection, name, done.reads)
        unread = [each for read in done.reads for each in read.quarantined]
        # What somebody is called tells nothing of whether and where they are notified.
        nobodys = 0 if kind == "names" else sum(each.subject.whose is None for each in unread)
        if nobodys:
            log.critical(
                "registry_entries_of_nobody",
                registry=kind,
                entries=nobodys,
                does="whoever they are about may be notified by what was known before",
                see="varsel registry status",
            )
        summary.pages += 1
        summary.written += done.counts[0]
        summary.removed += done.counts[1]
        summary.quarantined += len(unread)
        summary.nobodys += nobodys

    async def cursor(self, kind: Kind) -> str | None:
        """How far the copy has come, in the feed's own terms."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_CURSOR, (kind,))).fetchone()
            return None if row is None else row[0]

    async def unread_after(self) -> Sequence[int]:
        """After which changes those pages of KRR begin that have an entry that could not be read."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_UNREAD_AFTER)).fetchall()
            return [change for (change,) in rows]

    async def unread_since(self) -> datetime | None:
        """When the earliest change of an address was that could not be read."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_UNREAD_SINCE)).fetchone()
            return None if row is None else row[0]

    async def status(self) -> Sequence[RegistryStatus]:
        """How every local copy stands."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_STATUS)).fetchall()
            return [RegistryStatus(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Done:
    counts: Counts
    reads: Sequence[Read[Any]]
    position: str | None = None
    changes: tuple[int | None, int | None] = (None, None)
    """After which change the page begins, and which is its last."""


async def _write(connection: Connection, kind: Kind, content: bytes, reached: str | None) -> _Done:
    """Write one page; the position never goes back, whichever page is loaded again."""
    match kind:
        case "krr":
            page = krr.read_page(content)
            return _Done(
                await write_persons(connection, page),
                [page.persons],
                str(max(page.end, int(reached or 0))),
                (page.start, page.end),
            )
        case "businesses":
            read = businesses.read_page(content)
            addresses = await write_addresses(connection, read.addresses.rows)
            units = await write_units(connection, read.units.rows)
            return _Done(
                (addresses[0] + units[0], addresses[1]),
                [read.addresses, read.units],
                _later(reached, read.updated),
            )
        case "profiles":
            profiles = parties.read_profiles(content)
            return _Done(
                await write_profiles(connection, profiles),
                [profiles.profiles, profiles.grants, profiles.users],
            )
        case "names":
            names = parties.read_names(content)
            return _Done(await write_names(connection, names.rows), [names])
        case _:
            assert_never(kind)


def _later(reached: str | None, updated: str | None) -> str | None:
    if reached is None or updated is None:
        return updated or reached
    return updated if moment(updated) >= moment(reached) else reached
