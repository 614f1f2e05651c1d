"""Entries that could not be read, and how they are settled: whom they are about is uncertain until then.

What is settled goes: by a later change of the same person, organisation, address, profile or grant
that can be read, and by the same page, when an importer reads it that can read more.
What an entry did not tell of itself is taken to be about all that it may be about.
An entry that comes again, on another page, stands here once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg

from adapters.registries.pages import Quarantined, Read

Connection = psycopg.AsyncConnection[Any]

_EMPTY: Final[LiteralString] = """
DELETE FROM registry_quarantine WHERE registry = %(registry)s AND page = %(page)s
"""
_QUARANTINE: Final[LiteralString] = """
INSERT INTO registry_quarantine
       (registry, page, entry, reason, part, whose, item, about, change_from, change_id, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
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
                 WHERE q.part = 'persons' AND p.number = q.whose AND p.change_id > q.change_id)
     OR EXISTS (SELECT FROM business_address a
                 WHERE q.part = 'addresses' AND a.registry_id = q.item
                   AND a.updated_at > q.changed_at)
     OR EXISTS (SELECT FROM business_address_removed r
                 WHERE q.part = 'addresses' AND r.registry_id = q.item
                   AND r.removed_at > q.changed_at))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageName:
    """Which page of which feed, and after which change to which it goes, where its feed counts them."""

    registry: str
    page: str
    change_from: int | None = None
    change_id: int | None = None


async def keep_unread(connection: Connection, of: PageName, reads: Sequence[Read[Any]]) -> None:
    """Put in quarantine what of a page could not be read, and let go what its rows settle.

    To be called when the rows have been written.
    """
    page = {
        "registry": of.registry,
        "page": of.page,
        "change_from": of.change_from,
        "change_id": of.change_id,
    }
    await connection.execute(_EMPTY, page)
    unread = [_columns(of, read.part, each) for read in reads for each in read.quarantined]
    if unread:
        async with connection.cursor() as cursor:
            await cursor.executemany(_QUARANTINE, unread)
    row = await (await connection.execute(_IS_ANY, page)).fetchone()
    if row is None or not row[0]:
        return
    for read in reads:
        if read.rows:
            subjects = [each.subject for each in read.rows]
            settling = {
                "part": read.part,
                "whose": [each.whose for each in subjects],
                "items": [each.item for each in subjects],
                "abouts": [each.about for each in subjects],
                "changed_at": [each.changed_at for each in subjects],
                "places": read.places,
            }
            await connection.execute(_BY_WHOSE, page | settling)
            if any(each.item is not None for each in subjects):
                await connection.execute(_BY_ITEM, page | settling)
    unread_at = [each.subject.changed_at for read in reads for each in read.quarantined]
    await connection.execute(_COVERED, page | {"unread_at": unread_at})
    if unread:
        await connection.execute(_REPEATED, page)
        await connection.execute(_OUTDATED, page)


def _columns(of: PageName, part: str, each: Quarantined) -> tuple[Any, ...]:
    whose, item, about, changed_at = each.subject
    place = (of.registry, of.page, each.entry, each.reason)
    return (*place, part, whose, item, about, of.change_from, of.change_id, changed_at)
