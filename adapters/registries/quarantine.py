"""Entries that could not be read, and how they are settled: whom they are about is uncertain until then.

What is settled goes: by a later change of the same person, organisation, address, profile or grant
that can be read, and by the same page, when an importer reads it that can read more.
What an entry did not tell of itself is taken to be about all that it may be about.
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
       (registry, page, entry, reason, part, whose, item, about, change_id, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_IS_ANY: Final[LiteralString] = (
    "SELECT EXISTS (SELECT FROM registry_quarantine WHERE registry = %(registry)s)"
)
# An address that is known by its id is the same whosever it is.
_SETTLE: Final[LiteralString] = """
DELETE FROM registry_quarantine q
 USING unnest(%(whose)s::text[], %(items)s::text[], %(abouts)s::text[],
              %(changed_at)s::timestamptz[], %(places)s::int[])
       AS r (whose, item, about, changed_at, place)
 WHERE q.part = %(part)s
   AND (q.whose = r.whose AND (q.item IS NULL OR q.item = r.item)
        OR q.item = r.item AND (q.whose IS NULL OR q.part = 'addresses'))
   AND (q.about IS NULL OR q.about = r.about)
   AND CASE WHEN q.page = %(page)s THEN q.entry < r.place
            ELSE coalesce(q.change_id <= %(change_id)s::bigint, q.changed_at <= r.changed_at, true) END
"""
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
    """Which page of which feed, and the number of its last change, where its feed counts changes."""

    registry: str
    page: str
    change_id: int | None = None


async def keep_unread(connection: Connection, of: PageName, reads: Sequence[Read[Any]]) -> None:
    """Put in quarantine what of a page could not be read, and let go what its rows settle.

    To be called when the rows have been written.
    """
    page = {"registry": of.registry, "page": of.page}
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
                "change_id": of.change_id,
                "whose": [each.whose for each in subjects],
                "items": [each.item for each in subjects],
                "abouts": [each.about for each in subjects],
                "changed_at": [each.changed_at for each in subjects],
                "places": read.places,
            }
            await connection.execute(_SETTLE, page | settling)
    if unread:
        await connection.execute(_OUTDATED, page)


def _columns(of: PageName, part: str, each: Quarantined) -> tuple[Any, ...]:
    whose, item, about, changed_at = each.subject
    place = (of.registry, of.page, each.entry, each.reason)
    return (*place, part, whose, item, about, of.change_id, changed_at)
