"""The open register of organisations, as whole files in CSV: all units that live, or all sub-units.

A file is loaded whole or not at all, in one transaction and in constant memory. A unit that is absent
from it was deleted, or the file is not all there: it stays until another file lacks it as well, and a
file that ends too early, or names many fewer units than the one before it, is refused.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, LiteralString, TypeAlias

from psycopg_pool import AsyncConnectionPool

from adapters.registries.businesses import UnitRow, read_units
from adapters.registries.importing import UNITS, ImportSummary
from adapters.registries.pages import Quarantined, Read, UnreadablePageError
from adapters.registries.quarantine import PageName, Quarantine
from adapters.registries.sealing import Connection, RecordSealer

UnitKind: TypeAlias = Literal["units", "sub-units"]
"""Of which kind all units of a file are."""

_TOLD_APART: Final[Mapping[str, UnitKind]] = {
    "forretningsadresse.": "units",
    "beliggenhetsadresse.": "sub-units",
}
"""How a column begins that only one of the two files has."""
_COLUMNS: Final = ("organisasjonsnummer", "navn", "overordnetEnhet")
_GZIP: Final = b"\x1f\x8b"
_BATCH: Final = 5000
_MOST_UNREAD: Final = 1000
"""So many rows that cannot be read are odd units; more are an odd file."""
_LEAST: Final = 0.9
"""A file that names a smaller share of as many units as the one before it is not all there."""

_PATIENCE: Final[LiteralString] = "SET LOCAL statement_timeout = 0"
_LAST: Final[LiteralString] = (
    "SELECT digest, units FROM business_unit_file WHERE kind = %s FOR UPDATE"
)
_STAGE: Final[LiteralString] = """
CREATE TEMPORARY TABLE unit_of_file (
    place integer, number text COLLATE "C", main_unit text COLLATE "C", name text) ON COMMIT DROP
"""
_COPY: Final[LiteralString] = "COPY unit_of_file FROM STDIN"
_INDEX: Final[LiteralString] = "CREATE INDEX ON unit_of_file (number, place)"
_ANALYSE: Final[LiteralString] = "ANALYZE unit_of_file"
_TAKE: Final[LiteralString] = """
INSERT INTO business_unit AS old (number, main_unit, name, kind, absences)
SELECT DISTINCT ON (number) number, main_unit, coalesce(name, ''), %(kind)s, 0
  FROM unit_of_file ORDER BY number, place DESC
ON CONFLICT (number) DO UPDATE
   SET main_unit = excluded.main_unit, kind = excluded.kind, absences = 0,
       name = coalesce(nullif(excluded.name, ''), old.name)
 WHERE (old.main_unit, old.kind, old.absences)
       IS DISTINCT FROM (excluded.main_unit, excluded.kind, 0::smallint)
    OR excluded.name NOT IN ('', old.name)
"""
# Whoever's row could not be read is in the file all the same.
_ABSENT: Final[LiteralString] = """
UPDATE business_unit u SET absences = absences + 1
 WHERE kind = %(kind)s AND number <> ALL(%(unread)s::text[])
   AND NOT EXISTS (SELECT FROM unit_of_file f WHERE f.number = u.number)
"""
_REMOVE: Final[LiteralString] = """
DELETE FROM business_unit WHERE kind = %(kind)s AND absences >= 2
"""
_COUNT_ABSENT: Final[LiteralString] = """
SELECT count(*) FROM business_unit WHERE kind = %(kind)s AND absences > 0
"""
# What an entry said that could not be read, the file says again, whoever it is of.
_SETTLE: Final[LiteralString] = """
DELETE FROM registry_quarantine q
 WHERE part = 'units' AND (registry, page) <> (%(registry)s, %(page)s)
   AND (EXISTS (SELECT FROM unit_of_file f WHERE f.number = q.whose)
     OR starts_with(page, %(prefix)s)
        AND NOT EXISTS (SELECT FROM business_unit u WHERE u.number = q.whose))
"""
_SETTLE_WITHIN: Final[LiteralString] = """
DELETE FROM registry_quarantine q USING unit_of_file f
 WHERE q.registry = %(registry)s AND q.page = %(page)s AND f.number = q.whose AND f.place > q.entry
"""
_REMEMBER: Final[LiteralString] = """
INSERT INTO business_unit_file (kind, digest, units) VALUES (%(kind)s, %(digest)s, %(units)s)
ON CONFLICT (kind) DO UPDATE
   SET digest = excluded.digest, units = excluded.units, imported_at = now()
"""
_MOVE: Final[LiteralString] = """
INSERT INTO registry_copy (registry, confirmed_at) VALUES (%s, now())
ON CONFLICT (registry) DO UPDATE SET moved_at = now(), confirmed_at = now()
"""


class ShrunkFileError(UnreadablePageError):
    """A file names many fewer units than the one before it, so that a part of it seems to be missing."""


@dataclass(slots=True)
class UnitsSummary(ImportSummary):
    """What an import of files of units did."""

    absent: int = 0
    """How many units stay though the last file of their kind lacks them."""


@dataclass(slots=True)
class UnitsFile:
    """A file that is being read, row by row."""

    kind: UnitKind
    digest: str
    rows: Iterator[Sequence[str]]
    units: int = 0
    unread: list[Quarantined] = field(default_factory=list)

    def batches(self) -> Iterator[Read[UnitRow]]:
        """What is read of the file, a batch at a time.

        Raises:
            UnreadablePageError: it is cut, or is no such file.
        """
        while batch := list(islice(self.rows, _BATCH)):
            entries = [dict(zip(_COLUMNS, row, strict=True)) for row in batch]
            read = read_units(entries, first=self.units)
            self.units += len(batch)
            self.unread += read.quarantined
            if len(self.unread) > _MOST_UNREAD:
                raise UnreadablePageError("too many of its rows cannot be read")
            yield read


@contextmanager
def opened_file(path: Path) -> Iterator[UnitsFile]:
    """Open a file of units or of sub-units, compressed or not.

    Raises:
        UnreadablePageError: it is neither; also while it is read.
    """
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
            file.seek(0)
            with _text(file) as text:
                reader = csv.reader(text, strict=True)
                header = next(reader, [])
                yield UnitsFile(_kind(header), digest, _rows(reader, header))
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UnreadablePageError("it is cut, or was damaged: fetch it again") from None
    except csv.Error as problem:
        raise UnreadablePageError(f"it is cut, or no CSV ({problem}): fetch it again") from None
    except UnicodeDecodeError:
        raise UnreadablePageError("it is no UTF-8") from None
    except OSError as problem:
        raise UnreadablePageError(f"{problem.strerror}") from None


def _text(file: BinaryIO) -> io.TextIOWrapper:
    """The file's text; whether it is compressed, its first bytes tell, whatever its name is."""
    begins = file.read(len(_GZIP))
    file.seek(0)
    content: Any = gzip.GzipFile(fileobj=file) if begins == _GZIP else file
    return io.TextIOWrapper(content, encoding="utf-8-sig", newline="")


def _kind(header: Sequence[str]) -> UnitKind:
    if missing := [name for name in _COLUMNS if name not in header]:
        raise UnreadablePageError(f"it has no column {missing[0]}")
    kinds = {
        kind
        for begins, kind in _TOLD_APART.items()
        if any(name.startswith(begins) for name in header)
    }
    if len(kinds) != 1:
        raise UnreadablePageError(
            "it cannot be told whether it is of units or of sub-units: it has both or neither of the "
            "columns forretningsadresse and beliggenhetsadresse"
        )
    return kinds.pop()


def _rows(reader: Any, header: Sequence[str]) -> Iterator[Sequence[str]]:  # noqa: ANN401  # csv names no type
    """The cells of each row that matter."""
    wanted = [header.index(name) for name in _COLUMNS]
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise UnreadablePageError(
                f"its line {reader.line_num} has {len(row)} cells where the header has {len(header)}: "
                "it is cut, or its quotes do not match; fetch it again"
            )
        yield [row[at] for at in wanted]


class UnitsImporter:
    """Loads the open register's files into the copy of units."""

    def __init__(self, pool: AsyncConnectionPool[Any], sealer: RecordSealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def import_files(
        self,
        files: Sequence[Path],
        *,
        may_shrink: bool = False,
        progress: Callable[[int], None] = lambda _: None,
    ) -> UnitsSummary:
        """Load files, each whole or not at all; twice is the same as once.

        Raises:
            UnreadablePageError: a file is cut, or is none of units; those before it were loaded.
            ShrunkFileError: a file names many fewer units than the one before it, and must not.
        """
        summary = UnitsSummary()
        for file in files:
            try:
                with opened_file(file) as reading:
                    await self._import(reading, summary, progress, may_shrink=may_shrink)
            except UnreadablePageError as problem:
                raise type(problem)(f"{file}: {problem}") from None
        return summary

    async def _import(
        self,
        file: UnitsFile,
        summary: UnitsSummary,
        progress: Callable[[int], None],
        *,
        may_shrink: bool,
    ) -> None:
        name = PageName(registry=UNITS, page=f"{file.kind} {file.digest[:16]}")
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_PATIENCE)
            await connection.execute(_MOVE, (UNITS,))  # nobody imports meanwhile
            last = await (await connection.execute(_LAST, (file.kind,))).fetchone()
            await _stage(connection, file, progress)
            digest, units = last or ("", 0)
            if file.units < units * _LEAST and not may_shrink:
                raise ShrunkFileError(
                    f"it names {file.units} {file.kind}, and the one before it {units}: a part seems "
                    "to be missing; if it is right, load it with --may-shrink"
                )
            of = {
                "kind": file.kind,
                "registry": UNITS,
                "page": name.page,
                "prefix": f"{file.kind} ",
                "unread": [each.subject.whose for each in file.unread if each.subject.whose],
                "digest": file.digest,
                "units": file.units,
            }
            summary.written += (await connection.execute(_TAKE, of)).rowcount
            if digest != file.digest:
                await connection.execute(_ABSENT, of)
            summary.removed += (await connection.execute(_REMOVE, of)).rowcount
            sealing = await self._sealer.sealing(connection)
            read = Read[UnitRow]("units", quarantined=file.unread)
            await Quarantine(connection, self._sealer).keep_unread(name, [read], sealing)
            await connection.execute(_SETTLE, of)
            await connection.execute(_SETTLE_WITHIN, of)
            await connection.execute(_REMEMBER, of)
            (absent,) = await (await connection.execute(_COUNT_ABSENT, of)).fetchone() or (0,)
        summary.pages += 1
        summary.quarantined += len(file.unread)
        summary.nobodys += sum(each.subject.whose is None for each in file.unread)
        summary.absent += absent


async def _stage(connection: Connection, file: UnitsFile, progress: Callable[[int], None]) -> None:
    """Bring the file into a table that is gone with the transaction."""
    await connection.execute(_STAGE)
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for read in file.batches():
            for place, row in zip(read.places, read.rows, strict=True):
                await copy.write_row((place, *row))
            progress(file.units)
    await connection.execute(_INDEX)
    await connection.execute(_ANALYSE)
