"""Entries that could not be read, and how they are settled: whom they are about is uncertain until then.

An entry is kept as it came, sealed; whose it is stands beside it, of a person as a keyed hash.
What is settled goes: by a later change of the same person, organisation, address, profile or grant
that can be read, and by the same page, when an importer reads it that can read more.
What an entry did not tell of itself is taken to be about all that it may be about.
An entry that comes again, on another page, stands here once.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg

from adapters.registries.pages import RULES, Part, Quarantined, Read
from adapters.registries.put import Put, as_it_is
from adapters.registries.sealing import RecordSealer, Sealing
from application.ports.unread_entries import UnreadEntry

Connection = psycopg.AsyncConnection[Any]

# What could not be read again stays, since it is known for how long.
_EMPTY: Final[LiteralString] = """
DELETE FROM registry_quarantine
 WHERE registry = %(registry)s AND page = %(page)s AND entry <> ALL(%(unread)s::int[])
   AND (%(tried)s::int[] IS NULL OR entry = ANY(%(tried)s::int[]))
"""
_QUARANTINE: Final[LiteralString] = """
INSERT INTO registry_quarantine AS before
       (registry, page, entry, reason, part, whose, item, about, change_from, change_id, changed_at,
        tried_by, key_id, box)
VALUES (%(registry)s, %(page)s, %(entry)s, %(reason)s, %(part)s, %(whose)s, %(item)s, %(about)s,
        %(change_from)s, %(change_id)s, %(changed_at)s, %(rules)s, %(key_id)s, %(box)s)
ON CONFLICT (registry, page, entry) DO UPDATE
   SET reason = excluded.reason, part = excluded.part, whose = excluded.whose, item = excluded.item,
       about = excluded.about, changed_at = coalesce(excluded.changed_at, before.changed_at),
       tried_by = excluded.tried_by, key_id = excluded.key_id, box = excluded.box
"""
_REPEATED: Final[LiteralString] = """
DELETE FROM registry_quarantine q USING registry_quarantine n
 WHERE n.registry = %(registry)s AND n.page = %(page)s
   AND q.page <> n.page AND q.part = n.part
   AND (q.whose = n.whose OR q.item = n.item AND q.whose IS NULL AND n.whose IS NULL)
   AND q.item IS NOT DISTINCT FROM n.item AND q.about IS NOT DISTINCT FROM n.about
   AND coalesce(q.change_id <= n.change_id, q.changed_at <= n.changed_at, true)
"""
# Of nobody, and within what the page tells again.
_COVERED: Final[LiteralString] = """
DELETE FROM registry_quarantine q
 WHERE q.registry = %(registry)s AND q.page <> %(page)s AND q.whose IS NULL AND q.item IS NULL
   AND (q.change_from >= %(change_from)s::bigint AND q.change_id <= %(change_id)s::bigint
        OR q.changed_at = ANY(%(unread_at)s::timestamptz[]))
"""
_IS_ANY: Final[LiteralString] = (
    "SELECT EXISTS (SELECT FROM registry_quarantine WHERE registry = %(registry)s)"
)
# By whose it is and by which of theirs, each on its own: an OR of both is found by no index.
_SETTLE: Final[LiteralString] = """
DELETE FROM registry_quarantine q
 USING unnest(%(whose)s::text[], %(items)s::text[], %(abouts)s::text[],
              %(changed_at)s::timestamptz[], %(places)s::int[])
       AS r (whose, item, about, changed_at, place)
 WHERE q.part = %(part)s
   AND (q.about IS NULL OR q.about = r.about)
   AND CASE WHEN q.page = %(page)s THEN q.entry < r.place
            ELSE coalesce(q.change_id <= %(change_id)s::bigint, q.changed_at <= r.changed_at, true) END
"""
_BY_WHOSE: Final[LiteralString] = (
    _SETTLE + " AND q.whose = r.whose AND (q.item IS NULL OR q.item = r.item)"
)
# An address that is known by its id is the same whosever it is.
_BY_ITEM: Final[LiteralString] = (
    _SETTLE + " AND q.item = r.item AND (q.whose IS NULL OR q.part = 'addresses')"
)
# What an older page could not tell, a newer one may have told already.
_OUTDATED: Final[LiteralString] = """
DELETE FROM registry_quarantine q
 WHERE q.registry = %(registry)s AND q.page = %(page)s
   AND (EXISTS (SELECT FROM krr_person p
                 WHERE p.number_hash = CASE q.part WHEN 'persons' THEN decode(q.whose, 'hex') END
                   AND p.change_id > q.change_id)
     OR EXISTS (SELECT FROM business_address a
                 WHERE q.part = 'addresses' AND a.registry_id = q.item
                   AND a.updated_at > q.changed_at)
     OR EXISTS (SELECT FROM business_address_removed r
                 WHERE q.part = 'addresses' AND r.registry_id = q.item
                   AND r.removed_at > q.changed_at))
"""


# Of an entry of before its content is not known.
_TO_TRY: Final[LiteralString] = """
SELECT page, change_from, change_id, array_agg(entry ORDER BY entry)
  FROM registry_quarantine
 WHERE registry = %(registry)s AND box IS NOT NULL AND tried_by < %(rules)s
 GROUP BY page, change_from, change_id ORDER BY change_id, min(changed_at), page
"""
_ENTRIES: Final[LiteralString] = """
SELECT entry, part, whose IS NULL AND item IS NULL OR reason = %(nobodys)s, key_id, box
  FROM registry_quarantine
 WHERE registry = %(registry)s AND page = %(page)s AND entry = ANY(%(entries)s) AND box IS NOT NULL
 ORDER BY entry
"""
_TOLD: Final[LiteralString] = "entry_id, registry, part, reason, found_at, whose, box IS NOT NULL"
_LIST: Final[LiteralString] = f"""
SELECT {_TOLD} FROM registry_quarantine
 WHERE %(registry)s::text IS NULL OR registry = %(registry)s ORDER BY entry_id LIMIT %(most)s
"""  # noqa: S608  # nothing but names of columns
_FIND: Final[LiteralString] = f"""
SELECT {_TOLD}, page, entry, key_id, box FROM registry_quarantine WHERE entry_id = %s
"""  # noqa: S608  # as above

NOBODYS: Final = "could not tell whose it is; what came after it is not known"
"""The reason for which an entry stays that can be read now, and could not tell whose it is before.

A later change of theirs may have come meanwhile, or have stood on the same page: it settled nothing then.
"""
_HASHED: Final[Collection[Part | None]] = frozenset[Part | None]({"persons", "users", "names"})
"""What is found by a keyed hash of whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageName:
    """Which page of which feed, and after which change to which it goes, where its feed counts them."""

    registry: str
    page: str
    change_from: int | None = None
    change_id: int | None = None


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry in quarantine as it came."""

    entry: int
    part: Part
    content: bytes
    is_nobodys: bool
    """Whether it could not even tell whose it is."""


class Quarantine:
    """The entries that could not be read, on one connection."""

    def __init__(
        self, connection: Connection, sealer: RecordSealer, *, put: Put = as_it_is
    ) -> None:
        """Keep entries by a connection; `put` says of which copy they are."""
        self._connection = connection
        self._sealer = sealer
        self._put = put

    async def keep_unread(
        self,
        of: PageName,
        reads: Sequence[Read[Any]],
        sealing: Sealing,
        *,
        tried: Sequence[int] | None = None,
    ) -> None:
        """Put in quarantine what of a page could not be read, and let go what its rows settle.

        To be called when the rows have been written. Of a page of which some entries were `tried`
        again, the others stay as they are.
        """
        unread = [(read.part, each) for read in reads for each in read.quarantined]
        page: dict[str, Any] = {
            "registry": of.registry,
            "page": of.page,
            "change_from": of.change_from,
            "change_id": of.change_id,
            "rules": RULES,
            "unread": [each.entry for _, each in unread],
            "tried": tried if tried is None else list(tried),
        }
        await self._connection.execute(self._put(_EMPTY), page)
        if unread:
            rows = await asyncio.to_thread(
                lambda: [page | self._columns(of, part, each, sealing) for part, each in unread]
            )
            async with self._connection.cursor() as cursor:
                await cursor.executemany(self._put(_QUARANTINE), rows)
        row = await (await self._connection.execute(self._put(_IS_ANY), page)).fetchone()
        if row is None or not row[0]:
            return
        for read in reads:
            if read.rows:
                await self._settle(page, read)
        if tried is None:
            unread_at = [each.subject.changed_at for _, each in unread]
            await self._connection.execute(self._put(_COVERED), page | {"unread_at": unread_at})
        if unread:
            await self._connection.execute(self._put(_REPEATED), page)
            await self._connection.execute(self._put(_OUTDATED), page)

    async def to_try(
        self, registry: str, *, by_older_rules: bool
    ) -> Sequence[tuple[PageName, Sequence[int]]]:
        """The pages with entries that may be tried again, and which, in the order of their changes.

        Those alone that were last tried by older rules, if that is asked for.
        """
        rules = RULES if by_older_rules else RULES + 1
        cursor = await self._connection.execute(
            self._put(_TO_TRY), {"registry": registry, "rules": rules}
        )
        return [
            (PageName(registry=registry, page=page, change_from=after, change_id=to), entries)
            for page, after, to, entries in await cursor.fetchall()
        ]

    async def listed(self, registry: str | None, most: int) -> Sequence[UnreadEntry]:
        """The entries that stand here longest, of one registry or of all."""
        cursor = await self._connection.execute(
            self._put(_LIST), {"registry": registry, "most": most}
        )
        return [UnreadEntry(*row) for row in await cursor.fetchall()]

    async def find(self, entry_id: int) -> tuple[UnreadEntry, bytes | None] | None:
        """An entry, as it came; without what it said, if it was not kept or somebody has changed it.

        Raises:
            LostKeyError: the key under which it was sealed is gone.
        """
        row = await (await self._connection.execute(self._put(_FIND), (entry_id,))).fetchone()
        if row is None:
            return None
        *told, page, entry, key_id, box = row
        found = UnreadEntry(*told)
        if not found.is_kept:
            return found, None
        opening = await self._sealer.opening(self._connection, {key_id})
        name = _place(PageName(registry=found.registry, page=page), entry)
        return found, opening.open("unread", name, key_id, box)

    async def entries(self, of: PageName, entries: Sequence[int]) -> Sequence[KeptEntry]:
        """Entries of a page as they came.

        Raises:
            LostKeyError: the key under which they were sealed is gone.
        """
        asked = {
            "registry": of.registry,
            "page": of.page,
            "entries": list(entries),
            "nobodys": NOBODYS,
        }
        rows = await (await self._connection.execute(self._put(_ENTRIES), asked)).fetchall()
        opening = await self._sealer.opening(self._connection, {key_id for *_, key_id, _ in rows})
        found = []
        for entry, part, is_nobodys, key_id, box in rows:
            content = opening.open("unread", _place(of, entry), key_id, box)
            if content is not None:
                found.append(KeptEntry(entry, part, content, is_nobodys=is_nobodys))
        return found

    async def _settle(self, page: Mapping[str, Any], read: Read[Any]) -> None:
        # In a thread, since they may be many.
        settling = await asyncio.to_thread(self._settling, read)
        await self._connection.execute(self._put(_BY_WHOSE), {**page, **settling})
        if any(item is not None for item in settling["items"]):
            await self._connection.execute(self._put(_BY_ITEM), {**page, **settling})

    def _settling(self, read: Read[Any]) -> dict[str, Any]:
        """What the rows of a page settle, in columns."""
        subjects = [each.subject for each in read.rows]
        return {
            "part": read.part,
            "whose": [self._whose(read.part, each.whose) for each in subjects],
            "items": [each.item for each in subjects],
            "abouts": [each.about for each in subjects],
            "changed_at": [each.changed_at for each in subjects],
            "places": read.places,
        }

    def _columns(
        self, of: PageName, part: Part, each: Quarantined, sealing: Sealing
    ) -> dict[str, Any]:
        whose, item, about, changed_at = each.subject
        (box,) = sealing.seal("unread", [_place(of, each.entry)], [each.content])
        return {
            "entry": each.entry,
            "reason": each.reason,
            "part": part,
            "whose": self._whose(part, whose),
            "item": item,
            "about": about,
            "changed_at": changed_at,
            "key_id": sealing.key_id,
            "box": box,
        }

    def _whose(self, part: Part, whose: str | None) -> str | None:
        if whose is None or part not in _HASHED:
            return whose
        return self._sealer.hashed(part, whose).hex()


def _place(of: PageName, entry: int) -> bytes:
    return f"{of.registry}|{of.page}|{entry}".encode()
