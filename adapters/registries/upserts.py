"""Write what was read of a page into the local copies, in bulk.

Where rows bear the time or the number of their change, what is newer wins, so that any page may be
loaded again, and in any order.
"""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg

from adapters.registries.businesses import AddressRow, UnitRow
from adapters.registries.krr import KrrPage
from adapters.registries.parties import NameRow, ProfilePage
from application.ports.decision_point import bare

Connection = psycopg.AsyncConnection[Any]
Counts = tuple[int, int]
"""How many entries were written, and how many removed."""

_PERSONS: Final[LiteralString] = """
WITH written AS (
    INSERT INTO krr_person AS old (number, is_deleted, is_reserved, can_be_notified,
           email, email_is_valid, email_confirmed_at, mobile, mobile_is_valid, mobile_confirmed_at,
           change_id)
    SELECT new.*, %b::bigint
      FROM unnest(%b::text[], %b::bool[], %b::bool[], %b::bool[], %b::text[], %b::bool[],
                  %b::timestamptz[], %b::text[], %b::bool[], %b::timestamptz[]) new
    ON CONFLICT (number) DO UPDATE SET
        is_deleted = excluded.is_deleted, is_reserved = excluded.is_reserved,
        can_be_notified = excluded.can_be_notified, email = excluded.email,
        email_is_valid = excluded.email_is_valid, email_confirmed_at = excluded.email_confirmed_at,
        mobile = excluded.mobile, mobile_is_valid = excluded.mobile_is_valid,
        mobile_confirmed_at = excluded.mobile_confirmed_at, change_id = excluded.change_id
     WHERE old.change_id <= excluded.change_id
    RETURNING is_deleted)
SELECT count(*) FILTER (WHERE NOT is_deleted), count(*) FILTER (WHERE is_deleted) FROM written
"""
_REMOVED: Final[LiteralString] = """
WITH removed AS (
    INSERT INTO business_address_removed AS old
    SELECT * FROM unnest(%b::text[], %b::timestamptz[])
    ON CONFLICT (registry_id) DO UPDATE SET removed_at = excluded.removed_at
     WHERE old.removed_at <= excluded.removed_at
    RETURNING registry_id, removed_at),
gone AS (
    DELETE FROM business_address a USING removed r
     WHERE a.registry_id = r.registry_id AND a.updated_at <= r.removed_at)
SELECT count(*) FROM removed
"""
_ADDRESSES: Final[LiteralString] = """
WITH written AS (
    INSERT INTO business_address AS old
           (registry_id, updated_at, organisation, channel, address, is_valid)
    SELECT new.*
      FROM unnest(%b::text[], %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::bool[])
           AS new (registry_id, updated_at, organisation, channel, address, is_valid)
      LEFT JOIN business_address_removed removed USING (registry_id)
     WHERE removed.removed_at IS NULL OR removed.removed_at <= new.updated_at
    ON CONFLICT (registry_id) DO UPDATE SET organisation = excluded.organisation,
        channel = excluded.channel, address = excluded.address, is_valid = excluded.is_valid,
        updated_at = excluded.updated_at
     WHERE old.updated_at <= excluded.updated_at
    RETURNING registry_id)
SELECT count(*) FROM written
"""
_UNITS: Final[LiteralString] = """
INSERT INTO business_unit AS old SELECT number, main_unit, coalesce(name, '')
  FROM unnest(%b::text[], %b::text[], %b::text[]) AS new (number, main_unit, name)
ON CONFLICT (number) DO UPDATE SET main_unit = excluded.main_unit,
    name = coalesce(nullif(excluded.name, ''), old.name)
"""
_GRANT: Final[LiteralString] = (
    "INSERT INTO user_grant VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_NO_GRANT: Final[LiteralString] = """
DELETE FROM user_grant WHERE user_id = %s AND organisation = %s AND resource = %s AND action = %s
"""
_SELF: Final[LiteralString] = """
INSERT INTO self_identified_user VALUES (%s, %s, %s)
ON CONFLICT (username) DO UPDATE SET email = excluded.email, mobile = excluded.mobile
"""
_NAMES: Final[LiteralString] = """
INSERT INTO party_name SELECT * FROM unnest(%b::text[], %b::text[])
ON CONFLICT (number) DO UPDATE SET name = excluded.name
"""
_NO_NAMES: Final[LiteralString] = "DELETE FROM party_name WHERE number = ANY(%s)"


async def write_persons(connection: Connection, page: KrrPage) -> Counts:
    """Write a page of KRR; rows that a later change brought stay as they are."""
    if not page.persons.rows:
        return 0, 0
    return await _counted(connection, _PERSONS, [page.end, *_columns(page.persons.rows)])


async def write_addresses(connection: Connection, rows: Sequence[AddressRow]) -> Counts:
    """Write and remove addresses; what happened to them later stands."""
    gone = [(each.registry_id, each.updated_at) for each in rows if each.organisation is None]
    kept = [each for each in rows if each.organisation is not None]
    removed = (await _counted(connection, _REMOVED, _columns(gone)))[0] if gone else 0
    written = (await _counted(connection, _ADDRESSES, _columns(kept)))[0] if kept else 0
    return written, removed


async def write_units(connection: Connection, rows: Sequence[UnitRow]) -> Counts:
    """Write units."""
    if rows:
        await connection.execute(_UNITS, _columns(rows))
    return len(rows), 0


async def write_profiles(connection: Connection, page: ProfilePage) -> Counts:
    """Write what users were granted, remove what was withdrawn, and write users without a number.

    What they registered is counted with it; it stands in their profiles.
    """
    profiles, grants = page.profiles.rows, page.grants.rows
    async with connection.cursor() as cursor:
        for grant in grants:
            await cursor.execute(
                _NO_GRANT if grant.withdrawn else _GRANT,
                (grant.user, grant.organisation, bare(grant.resource), grant.action),
            )
        await cursor.executemany(_SELF, [msgspec.structs.astuple(each) for each in page.users.rows])
    removed = sum(each.withdrawn for each in profiles) + sum(each.withdrawn for each in grants)
    return len(profiles) + len(grants) + len(page.users.rows) - removed, removed


async def write_names(connection: Connection, rows: Sequence[NameRow]) -> Counts:
    """Write names, and forget those of whom the register knows none any more."""
    known = [each for each in rows if each.name is not None]
    forgotten = [each.number for each in rows if each.name is None]
    if known:
        await connection.execute(_NAMES, _columns(known))
    if forgotten:
        await connection.execute(_NO_NAMES, (forgotten,))
    return len(known), len(forgotten)


async def _counted(
    connection: Connection, query: LiteralString, columns: Sequence[Any]
) -> tuple[int, int]:
    row = await (await connection.execute(query, columns)).fetchone()
    written, removed = (*(row or ()), 0, 0)[:2]
    return written, removed


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
