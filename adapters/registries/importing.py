"""Bring the local copies up to date, page by page, from files or from the registers themselves.

A page and the position after it go in one transaction, also when the page changes nothing, so that
no copy stands still; an entry that cannot be read is put in quarantine with its reason, and the
rest goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, LiteralString, TypeAlias, assert_never

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.registries import businesses, krr, parties
from adapters.registries.pages import Quarantined, UnreadablePageError

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

_PERSONS: Final[LiteralString] = """
INSERT INTO krr_person AS old
SELECT * FROM unnest(%b::text[], %b::bool[], %b::bool[], %b::bool[], %b::text[], %b::bool[],
                     %b::timestamptz[], %b::text[], %b::bool[], %b::timestamptz[])
ON CONFLICT (number) DO UPDATE SET
    is_deleted = excluded.is_deleted, is_reserved = excluded.is_reserved,
    can_be_notified = excluded.can_be_notified, email = excluded.email,
    email_is_valid = excluded.email_is_valid, email_confirmed_at = excluded.email_confirmed_at,
    mobile = excluded.mobile, mobile_is_valid = excluded.mobile_is_valid,
    mobile_confirmed_at = excluded.mobile_confirmed_at
"""
_GONE: Final[LiteralString] = "DELETE FROM business_address WHERE registry_id = ANY(%s)"
_ADDRESSES: Final[LiteralString] = """
INSERT INTO business_address
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bool[])
ON CONFLICT (registry_id) DO UPDATE SET organisation = excluded.organisation,
    channel = excluded.channel, address = excluded.address, is_valid = excluded.is_valid
"""
_UNITS: Final[LiteralString] = """
INSERT INTO business_unit SELECT * FROM unnest(%b::text[], %b::text[], %b::text[])
ON CONFLICT (number) DO UPDATE SET main_unit = excluded.main_unit, name = excluded.name
"""
_PROFILE: Final[LiteralString] = """
INSERT INTO user_profile VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (organisation, user_id, resources) DO UPDATE SET
    email = excluded.email, email_is_verified = excluded.email_is_verified,
    mobile = excluded.mobile, mobile_is_verified = excluded.mobile_is_verified
"""
_GRANT: Final[LiteralString] = (
    "INSERT INTO user_grant VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_SELF: Final[LiteralString] = """
INSERT INTO self_identified_user VALUES (%s, %s, %s)
ON CONFLICT (username) DO UPDATE SET email = excluded.email, mobile = excluded.mobile
"""
_NAMES: Final[LiteralString] = """
INSERT INTO party_name SELECT * FROM unnest(%b::text[], %b::text[])
ON CONFLICT (number) DO UPDATE SET name = excluded.name
"""
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

_Connection = psycopg.AsyncConnection[Any]


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
                await self.import_page(kind, file.read_bytes(), summary)
            except OSError as problem:
                raise UnreadablePageError(f"{file}: {problem.strerror}") from None
            except UnreadablePageError as problem:
                raise UnreadablePageError(f"{file}: {problem}") from None
            progress(summary)
        return summary

    async def import_page(self, kind: Kind, content: bytes, summary: ImportSummary) -> None:
        """Import one page, whole or not at all, and the position after it.

        Raises:
            UnreadablePageError: it is no page of this feed.
        """
        page = sha256(content).hexdigest()[:16]
        quarantined: Sequence[Quarantined]
        async with self._pool.connection() as connection, connection.transaction():
            match kind:
                case "krr":
                    quarantined = await _krr(connection, krr.read_page(content), summary)
                case "businesses":
                    read = businesses.read_page(content)
                    quarantined = await _businesses(connection, read, summary)
                case "profiles":
                    profiles = parties.read_profiles(content)
                    quarantined = await _profiles(connection, profiles, summary)
                case "names":
                    names = parties.read_names(content)
                    if names.rows:
                        await connection.execute(_NAMES, _columns(names.rows))
                    summary.written += len(names.rows)
                    await connection.execute(_MOVE, (kind, None))
                    quarantined = names.quarantined
                case _:
                    assert_never(kind)
            for each in quarantined:
                await connection.execute(_QUARANTINE, (kind, page, each.entry, each.reason))
        summary.pages += 1
        summary.quarantined += len(quarantined)

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


async def _krr(
    connection: _Connection, page: krr.KrrPage, summary: ImportSummary
) -> Sequence[Quarantined]:
    """Write a page of KRR.

    Whoever imports a file means it: an older page is written, too, and the position stays.
    """
    row = await (await connection.execute(_CURSOR, ("krr",))).fetchone()
    reached = int(row[0]) if row is not None and row[0] is not None else 0
    if page.persons.rows:
        await connection.execute(_PERSONS, _columns(page.persons.rows))
    summary.written += sum(not each.is_deleted for each in page.persons.rows)
    summary.removed += sum(each.is_deleted for each in page.persons.rows)
    await connection.execute(_MOVE, ("krr", str(max(page.end, reached))))
    return page.persons.quarantined


async def _businesses(
    connection: _Connection, page: businesses.BusinessPage, summary: ImportSummary
) -> Sequence[Quarantined]:
    gone = [each.registry_id for each in page.addresses.rows if each.organisation is None]
    kept = [each for each in page.addresses.rows if each.organisation is not None]
    if gone:
        await connection.execute(_GONE, (gone,))
    if kept:
        await connection.execute(_ADDRESSES, _columns(kept))
    if page.units.rows:
        await connection.execute(_UNITS, _columns(page.units.rows))
    summary.removed += len(gone)
    summary.written += len(kept) + len(page.units.rows)
    await connection.execute(_MOVE, ("businesses", page.updated))
    return [*page.addresses.quarantined, *page.units.quarantined]


async def _profiles(
    connection: _Connection, page: parties.ProfilePage, summary: ImportSummary
) -> Sequence[Quarantined]:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _PROFILE,
            [
                (
                    each.user,
                    each.organisation,
                    sorted(parties.bare(resource) for resource in each.resources),
                    each.email,
                    each.email_verified,
                    each.mobile,
                    each.mobile_verified,
                )
                for each in page.profiles.rows
            ],
        )
        await cursor.executemany(
            _GRANT,
            [
                (each.user, each.organisation, parties.bare(each.resource), each.action)
                for each in page.grants.rows
            ],
        )
        await cursor.executemany(_SELF, [msgspec.structs.astuple(each) for each in page.users.rows])
    summary.written += len(page.profiles.rows) + len(page.grants.rows) + len(page.users.rows)
    await connection.execute(_MOVE, ("profiles", None))
    return [*page.profiles.quarantined, *page.grants.quarantined, *page.users.quarantined]


def _columns(rows: Sequence[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*(astuple(row) for row in rows), strict=True)]
