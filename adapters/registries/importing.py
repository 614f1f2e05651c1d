"""Bring the local copies up to date, page by page, from files or from the registers themselves.

While a page is written, the one after it is read and sealed.
A page and the position after it go in one transaction, also when the page changes nothing, so that
no copy stands still; an entry that cannot be read is put in quarantine with its reason, whom it is
about is uncertain until it can be read, and the rest goes on. A page is read in a thread, before anything
is asked of the database, so that neither the event loop nor a connection waits for that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal, LiteralString, NamedTuple, TypeAlias, assert_never

import structlog
from psycopg_pool import AsyncConnectionPool

from adapters.foreign_json import in_utf8
from adapters.postgres.reaching import reaching
from adapters.registries import businesses, krr, parties
from adapters.registries.businesses import BusinessPage
from adapters.registries.krr import KrrPage
from adapters.registries.pages import Quarantined, Read, UnreadablePageError, moment
from adapters.registries.parties import NameRow, ProfilePage
from adapters.registries.put import Put, as_it_is
from adapters.registries.quarantine import (
    NOBODYS,
    KeptEntry,
    PageName,
    Quarantine,
)
from adapters.registries.read_ahead import ReadAhead
from adapters.registries.sealing import LostKeyError, RecordSealer, Sealing
from adapters.registries.upserts import (
    Connection,
    Counts,
    SealedPersons,
    SealedWriter,
    seal_persons,
    write_grants,
    write_units,
)
from application.ports.unread_entries import OpenedEntry, RetrySummary, UnreadEntry
from application.profiles.handed_in import HandedIn
from domain.personal import Identifier
from domain.recipient import Organisation, OrganisationNumber, Person

log = structlog.get_logger()

Kind: TypeAlias = Literal["krr", "businesses", "profiles", "names"]
KINDS: Final[tuple[Kind, ...]] = ("krr", "businesses", "profiles", "names")

_Page: TypeAlias = KrrPage | BusinessPage | ProfilePage | Read[NameRow]

HandIn: TypeAlias = Callable[[Sequence[HandedIn]], Awaitable[object]]
"""Takes over what persons registered elsewhere into their profiles."""

UNITS: Final = "units"
"""The open register of organisations, whose files are no pages."""

_A_PAGE: Final = 60.0
"""Seconds in which a page has been written, or never is."""
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
SELECT registry, cursor, newest, confirmed_at, quarantined, uncertain, nobodys,
       CASE registry WHEN 'krr' THEN (SELECT count(*) FROM krr_person)
                     WHEN 'businesses' THEN (SELECT count(*) FROM business_address)
                     WHEN 'units' THEN (SELECT count(*) FROM business_unit WHERE kind IS NOT NULL)
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
    newest: str | None
    """How far the register had come when it last told."""
    confirmed_at: datetime | None
    """When the copy was last known to be at its register's end; None if it never was."""
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


class ReadPage(NamedTuple):
    """A page as it was read, and sealed where that takes long; nothing of it has been written."""

    kind: Kind
    page: _Page
    name: PageName
    sealing: Sealing
    persons: SealedPersons

    @property
    def following(self) -> int | None:
        """After which change the page after this one begins, where its feed counts them and there is one."""
        page = self.page
        return (
            page.end if isinstance(page, KrrPage) and page.start < page.end < page.newest else None
        )


class RegistryImporter:
    """Writes pages into the local copies."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        sealer: RecordSealer,
        hand_in: HandIn,
        *,
        put: Put = as_it_is,
    ) -> None:
        """Write by the pool, and sealed; what persons registered is handed in to their profiles.

        `put` says into which copies, where there is one that is loaded beside the one that is asked.
        """
        self._put = put
        self._pool = pool
        self._sealer = sealer
        self._hand_in = hand_in
        self._tried: set[Kind] = set()

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
        async with ReadAhead[ReadPage]() as ahead:
            for file, following in zip_longest(files, files[1:]):
                page = await (ahead.take() or self._read_file(kind, file))
                if following is not None:
                    ahead.begin(self._read_file(kind, following))
                await self.write_page(page, summary)
                progress(summary)
        return summary

    async def _read_file(self, kind: Kind, file: Path) -> ReadPage:
        try:
            return await self.read_page(kind, in_utf8(await asyncio.to_thread(file.read_bytes)))
        except OSError as problem:
            raise UnreadablePageError(f"{file}: {problem.strerror}") from None
        except (UnreadablePageError, UnicodeDecodeError) as problem:
            raise UnreadablePageError(f"{file}: {problem}") from None

    async def import_page(self, kind: Kind, content: bytes, summary: ImportSummary) -> PageRead:
        """Import one page, whole or not at all, and the position after it; tell where that is.

        Raises:
            UnreadablePageError: it is no page of this feed.
        """
        return await self.write_page(await self.read_page(kind, content), summary)

    async def read_page(self, kind: Kind, content: bytes) -> ReadPage:
        """Read a page, in a thread; nothing is written yet.

        Raises:
            UnreadablePageError: it is no page of this feed.
        """
        async with reaching(self._pool) as connection, connection.transaction():
            sealing = await self._sealer.sealing(connection)
        return await asyncio.to_thread(self._read, kind, content, sealing)

    async def write_page(self, read: ReadPage, summary: ImportSummary) -> PageRead:
        """Write what was read of a page, whole or not at all, and the position after it; tell where that is."""
        kind, page, name, sealing, persons = read
        await self._retry_once(kind)
        reads = _reads(page)
        await self._hand_in_profiles(reads)
        async with (
            reaching(self._pool, within=_A_PAGE) as connection,
            connection.transaction(),
        ):
            row = await (await connection.execute(self._put(_REACHED), (kind,))).fetchone()
            reached, newest = row or (None, None)
            writer = SealedWriter(connection, self._sealer, sealing, put=self._put)
            written, removed = await _write(connection, writer, reads, name.change_id, persons)
            led = _led(page, reached, newest)
            moved = (kind, led.position, _text(led.newest), led.is_last)
            await connection.execute(self._put(_MOVE), moved)
            await Quarantine(connection, self._sealer, put=self._put).keep_unread(
                name, reads, sealing
            )
        unread = [each for read in reads for each in read.quarantined]
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

    async def _hand_in_profiles(self, reads: Sequence[Read[Any]]) -> None:
        """Hand in what persons registered, before it counts as read: twice is the same as once."""
        for read in reads:
            if read.part == "profiles" and read.rows:
                await self._hand_in([each.handed_in for each in read.rows])

    def _read(self, kind: Kind, content: bytes, sealing: Sealing) -> ReadPage:
        page = _page(kind, content)
        digest = self._sealer.hashing("unread")(content).hex()[:16]
        after, to = (page.start, page.end) if isinstance(page, KrrPage) else (None, None)
        return ReadPage(
            kind,
            page,
            PageName(registry=kind, page=digest, change_from=after, change_id=to),
            sealing,
            seal_persons(self._sealer, sealing, page.persons.rows)
            if isinstance(page, KrrPage)
            else {},
        )

    async def retry(self, registry: str, *, by_older_rules: bool = False) -> RetrySummary:
        """Read again what stands in quarantine as it came; of that alone which older rules could not read, if asked.

        What can be read now is written as if it had been read when it came: whatever came later stands.

        Raises:
            LostKeyError: the key under which the entries were sealed is gone.
        """
        summary = RetrySummary()
        async with self._pool.connection() as connection:
            quarantine = Quarantine(connection, self._sealer, put=self._put)
            for page, entries in await quarantine.to_try(registry, by_older_rules=by_older_rules):
                async with connection.transaction():
                    # Nobody imports meanwhile.
                    await connection.execute(self._put(_REACHED), (registry,))
                    kept = await quarantine.entries(page, entries)
                    reads = _read_again(kept)
                    await self._hand_in_profiles(reads)
                    sealing = await self._sealer.sealing(connection)
                    writer = SealedWriter(connection, self._sealer, sealing, put=self._put)
                    await _write(connection, writer, reads, page.change_id)
                    tried = [each.entry for each in kept]
                    await quarantine.keep_unread(page, reads, sealing, tried=tried)
                summary.tried += len(kept)
                summary.read += len(kept) - sum(len(each.quarantined) for each in reads)
        return summary

    async def _retry_once(self, kind: Kind) -> None:
        """Try what older rules could not read, when the first page is imported by these."""
        if kind in self._tried:
            return
        self._tried.add(kind)
        try:
            done = await self.retry(kind, by_older_rules=True)
        except LostKeyError:
            log.exception("registry_retry_failed", registry=kind)
            return
        if done.tried:
            log.info("registry_retried", registry=kind, tried=done.tried, read=done.read)

    async def unread(self, registry: str | None, most: int) -> Sequence[UnreadEntry]:
        """What has stood in quarantine for longest, of one registry or of all."""
        async with self._pool.connection() as connection:
            return await Quarantine(connection, self._sealer, put=self._put).listed(registry, most)

    async def unread_entry(self, entry_id: int) -> OpenedEntry | None:
        """An entry in quarantine as it came; None if there is none of that number.

        Raises:
            LostKeyError: the key under which it was sealed is gone.
        """
        async with self._pool.connection() as connection:
            found = await Quarantine(connection, self._sealer, put=self._put).find(entry_id)
        return None if found is None else OpenedEntry(*found, about=_about(*found))

    async def retry_unread(self, registry: str | None) -> RetrySummary:
        """Try again what was kept, of one registry or of all.

        Raises:
            LostKeyError: the key under which the entries were sealed is gone.
        """
        summary = RetrySummary()
        for each in [*KINDS, UNITS] if registry is None else [registry]:
            done = await self.retry(each)
            summary.tried += done.tried
            summary.read += done.read
        return summary

    async def cursor(self, kind: Kind) -> str | None:
        """How far the copy has come, in the feed's own terms."""
        async with reaching(self._pool) as connection:
            row = await (await connection.execute(self._put(_CURSOR), (kind,))).fetchone()
            return None if row is None else row[0]

    async def unread_after(self) -> Sequence[int]:
        """After which changes those pages of KRR begin that have an entry that could not be read."""
        async with reaching(self._pool) as connection:
            rows = await (await connection.execute(self._put(_UNREAD_AFTER))).fetchall()
            return [change for (change,) in rows]

    async def unread_since(self) -> datetime | None:
        """When the earliest change of an address was that could not be read."""
        async with reaching(self._pool) as connection:
            row = await (await connection.execute(self._put(_UNREAD_SINCE))).fetchone()
            return None if row is None else row[0]

    async def status(self) -> Sequence[RegistryStatus]:
        """How every local copy stands."""
        async with reaching(self._pool) as connection:
            rows = await (await connection.execute(self._put(_STATUS))).fetchall()
            return [RegistryStatus(*row) for row in rows]


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


def _about(entry: UnreadEntry, content: bytes | None) -> Person | Organisation | None:
    """Whom an entry is about, if it tells."""
    if content is None or entry.part is None:
        return None
    read = _AGAIN[entry.part]([(0, content)])
    (whose,) = {each.subject.whose or "" for each in (*read.rows, *read.quarantined)}
    match len(whose):
        case 9:
            return Organisation(number=OrganisationNumber(whose))
        case 11 if entry.part != "users":
            return Person(number=Identifier(whose))
        case _:
            return None


def _read_again(kept: Sequence[KeptEntry]) -> Sequence[Read[Any]]:
    """Read entries as they came; what could not tell whose it is before settles nothing by itself."""
    reads = []
    for part in dict.fromkeys(each.part for each in kept):
        entries = {each.entry: each for each in kept if each.part == part}
        read = _AGAIN[part]((place, each.content) for place, each in entries.items())
        for place, row in zip(read.places, read.rows, strict=True):
            if entries[place].is_nobodys:
                content = entries[place].content
                read.quarantined.append(Quarantined(place, NOBODYS, row.subject, content))
        certain = [
            (place, row)
            for place, row in zip(read.places, read.rows, strict=True)
            if not entries[place].is_nobodys
        ]
        read.places = [place for place, _ in certain]
        read.rows = [row for _, row in certain]
        reads.append(read)
    return reads


_AGAIN: Final[Mapping[str, Callable[[Iterable[tuple[int, bytes]]], Read[Any]]]] = {
    "persons": krr.read_again,
    "addresses": businesses.read_addresses_again,
    "units": businesses.read_units_again,
    "profiles": parties.read_profiles_again,
    "grants": parties.read_grants_again,
    "users": parties.read_users_again,
    "names": parties.read_names_again,
}


async def _write(
    connection: Connection,
    writer: SealedWriter,
    parts: Sequence[Read[Any]],
    change_id: int | None,
    sealed: SealedPersons | None = None,
) -> Counts:
    """Write what was read of a page: how many entries were written, and how many removed."""
    written = removed = 0
    for part in parts:
        counts = await _write_part(connection, writer, part, change_id, sealed)
        written, removed = written + counts[0], removed + counts[1]
    return written, removed


async def _write_part(
    connection: Connection,
    writer: SealedWriter,
    read: Read[Any],
    change_id: int | None,
    sealed: SealedPersons | None,
) -> Counts:
    match read.part:
        case "persons":
            return await writer.write_persons(read.rows, change_id or 0, sealed)
        case "addresses":
            return await writer.write_addresses(read.rows)
        case "units":
            return await write_units(connection, read.rows)
        case "profiles":  # what they registered stands in their profiles
            removed = sum(each.withdrawn for each in read.rows)
            return len(read.rows) - removed, removed
        case "grants":
            return await write_grants(connection, read.rows)
        case "users":
            return await writer.write_users(read.rows)
        case "names":
            return await writer.write_names(read.rows)
        case _:
            assert_never(read.part)


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
