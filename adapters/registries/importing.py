"""Bring the local copies up to date, page by page, from files or from the registers themselves.

A page and the position after it go in one transaction, also when the page changes nothing, so that
no copy stands still; an entry that cannot be read is put in quarantine with its reason, whom it is
about is uncertain until it can be read, and the rest goes on. A page is read in a thread, before anything
is asked of the database, so that neither the event loop nor a connection waits for that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, LiteralString, TypeAlias, assert_never

import structlog
from psycopg_pool import AsyncConnectionPool

from adapters.foreign_json import in_utf8
from adapters.registries import businesses, krr, parties
from adapters.registries.businesses import BusinessPage
from adapters.registries.krr import KrrPage
from adapters.registries.pages import Read, UnreadablePageError, moment
from adapters.registries.parties import NameRow, ProfilePage
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
from application.profiles.handed_in import HandedIn

log = structlog.get_logger()

Kind: TypeAlias = Literal["krr", "businesses", "profiles", "names"]
KINDS: Final[tuple[Kind, ...]] = ("krr", "businesses", "profiles", "names")

HandIn: TypeAlias = Callable[[Sequence[HandedIn]], Awaitable[object]]
"""Takes over what persons registered elsewhere into their profiles."""

_SAMPLES: Final = Path(__file__).parent / "samples"
SAMPLES: Final[Mapping[Kind, Sequence[Path]]] = {
    "krr": [_SAMPLES / "krr.json"],
    "businesses": [_SAMPLES / "business-addresses.json", _SAMPLES / "business-units.json"],
    "profiles": [_SAMPLES / "profiles.json"],
    "names": [_SAMPLES / "names.json"],
}
"""Invented people and firms, in the registers' own formats; they cover every way a look-up can end."""

_MOVE: Final[LiteralString] = """
INSERT INTO registry_copy AS old (registry, cursor, newest, confirmed_at)
VALUES (%s, %s, %s, CASE WHEN %s THEN now() END)
ON CONFLICT (registry) DO UPDATE
   SET cursor = coalesce(excluded.cursor, old.cursor), moved_at = now(),
       newest = coalesce(excluded.newest, old.newest),
       confirmed_at = coalesce(excluded.confirmed_at, old.confirmed_at)
"""
_CURSOR: Final[LiteralString] = "SELECT cursor FROM registry_copy WHERE registry = %s"
_REACHED: Final[LiteralString] = """
SELECT cursor, newest FROM registry_copy WHERE registry = %s FOR UPDATE
"""
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
                     WHEN 'profiles' THEN (SELECT count(*) FROM profile_registration r
                                             JOIN projection p
                                               ON p.name = 'profile_registration' AND p.is_serving
                                              AND p.generation = r.generation)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """Where a page has led to."""

    position: str | None = None
    """How far the copy has come with it."""
    end: int | None = None
    """The page's own last change, where its feed counts them."""
    newest: int | None = None
    """The newest change of the register, where its feed counts them."""
    next_page: str | None = None
    """Where the page after it lies, where its feed says so."""
    is_last: bool = True
    """Whether the copy is at its register's end with it."""


class RegistryImporter:
    """Writes pages into the local copies."""

    def __init__(self, pool: AsyncConnectionPool[Any], hand_in: HandIn) -> None:
        """Write by the pool; what persons registered is handed in to their profiles."""
        self._pool = pool
        self._hand_in = hand_in

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

    async def import_page(self, kind: Kind, content: bytes, summary: ImportSummary) -> PageRead:
        """Import one page, whole or not at all, and the position after it; tell where that is.

        Raises:
            UnreadablePageError: it is no page of this feed.
        """
        page, name = await asyncio.to_thread(_read, kind, content)
        # Before the page is counted as read; to hand it in twice is to hand it in once.
        if isinstance(page, parties.ProfilePage) and (rows := page.profiles.rows):
            await self._hand_in([each.handed_in for each in rows])
        async with self._pool.connection() as connection, connection.transaction():
            row = await (await connection.execute(_REACHED, (kind,))).fetchone()
            reached, newest = row or (None, None)
            written, removed = await _write(connection, page)
            led = _led(page, reached, newest)
            moved = (kind, led.position, _text(led.newest), led.is_last)
            await connection.execute(_MOVE, moved)
            await keep_unread(connection, name, _reads(page))
        unread = [each for read in _reads(page) for each in read.quarantined]
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
        summary.written += written
        summary.removed += removed
        summary.quarantined += len(unread)
        summary.nobodys += nobodys
        return led

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


_Page: TypeAlias = KrrPage | BusinessPage | ProfilePage | Read[NameRow]


def _read(kind: Kind, content: bytes) -> tuple[_Page, PageName]:
    page = _page(kind, content)
    changes = (page.start, page.end) if isinstance(page, KrrPage) else (None, None)
    digest = sha256(content).hexdigest()[:16]
    name = PageName(registry=kind, page=digest, change_from=changes[0], change_id=changes[1])
    return page, name


def _page(kind: Kind, content: bytes) -> _Page:
    match kind:
        case "krr":
            return krr.read_page(content)
        case "businesses":
            return businesses.read_page(content)
        case "profiles":
            return parties.read_profiles(content)
        case "names":
            return parties.read_names(content)
        case _:
            assert_never(kind)


def _reads(page: _Page) -> Sequence[Read[Any]]:
    match page:
        case KrrPage():
            return [page.persons]
        case BusinessPage():
            return [page.addresses, page.units]
        case ProfilePage():
            return [page.profiles, page.grants, page.users]
        case Read():
            return [page]


async def _write(connection: Connection, page: _Page) -> Counts:
    match page:
        case KrrPage():
            return await write_persons(connection, page)
        case BusinessPage():
            addresses = await write_addresses(connection, page.addresses.rows)
            units = await write_units(connection, page.units.rows)
            return addresses[0] + units[0], addresses[1]
        case ProfilePage():
            return await write_profiles(connection, page)
        case Read():
            return await write_names(connection, page.rows)


def _led(page: _Page, reached: str | None, newest: str | None) -> PageRead:
    """Where a page leads; the position never goes back, whichever page is loaded again.

    Nor does an old page show that the copy is up to date: a page that does has to begin where the
    copy stands, and to end where the register does.
    """
    match page:
        case KrrPage():
            before = int(reached or 0)
            is_old = page.end < before
            return PageRead(
                position=str(max(page.end, before)),
                end=page.end,
                newest=int(newest or page.newest) if is_old else page.newest,
                is_last=page.start <= before and not is_old and page.end >= page.newest,
            )
        case BusinessPage(is_of_units=True):
            return PageRead(position=reached, is_last=False)
        case BusinessPage():
            position = _later(reached, page.updated)
            is_old = page.updated is not None and position != page.updated
            return PageRead(
                position=position,
                next_page=page.next_page,
                is_last=page.next_page is None and not is_old,
            )
        case ProfilePage() | Read():
            return PageRead()


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _later(reached: str | None, updated: str | None) -> str | None:
    if reached is None or updated is None:
        return updated or reached
    return updated if moment(updated) >= moment(reached) else reached
