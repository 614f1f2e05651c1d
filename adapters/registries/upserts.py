"""Write what was read of a page into the local copies, in bulk, and sealed where it is of people.

Where rows bear the time or the number of their change, what is newer wins, so that any page may be
loaded again, and in any order.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString, TypeAlias

import msgspec
import psycopg

from adapters.registries.businesses import AddressRow, UnitRow
from adapters.registries.krr import PersonRow
from adapters.registries.parties import (
    GrantRow,
    KeptUser,
    NameRow,
    SelfIdentifiedRow,
)
from adapters.registries.put import Put, as_it_is
from adapters.registries.sealing import Kept, RecordSealer, Sealing
from application.ports.decision_point import bare

Connection = psycopg.AsyncConnection[Any]
Counts = tuple[int, int]
"""How many entries were written, and how many removed."""
SealedPersons: TypeAlias = dict[str, Any]
"""The columns of persons as they are written."""

_PERSONS: Final[LiteralString] = """
WITH new AS MATERIALIZED (
    SELECT * FROM unnest(%(hashes)b::bytea[], %(boxes)b::bytea[], %(gone)b::bool[])
               AS new (number_hash, box, is_deleted)),
written AS (
    INSERT INTO krr_person AS old (number_hash, change_id, key_id, box)
    SELECT number_hash, %(change_id)s::bigint, %(key_id)s::bigint, box FROM new
    ON CONFLICT (number_hash) DO UPDATE SET
        change_id = excluded.change_id, key_id = excluded.key_id, box = excluded.box
     WHERE old.change_id <= excluded.change_id
    RETURNING number_hash)
SELECT count(*) FILTER (WHERE NOT is_deleted), count(*) FILTER (WHERE is_deleted)
  FROM written JOIN new USING (number_hash)
"""
_REMOVED: Final[LiteralString] = """
WITH removed AS (
    INSERT INTO business_address_removed AS old
    SELECT * FROM unnest(%(ids)b::text[], %(times)b::timestamptz[])
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
    INSERT INTO business_address AS old (registry_id, updated_at, organisation, key_id, box)
    SELECT new.registry_id, new.updated_at, new.organisation, %(key_id)s::bigint, new.box
      FROM unnest(%(ids)b::text[], %(times)b::timestamptz[], %(organisations)b::text[],
                  %(boxes)b::bytea[]) AS new (registry_id, updated_at, organisation, box)
      LEFT JOIN business_address_removed removed USING (registry_id)
     WHERE removed.removed_at IS NULL OR removed.removed_at <= new.updated_at
    ON CONFLICT (registry_id) DO UPDATE SET organisation = excluded.organisation,
        key_id = excluded.key_id, box = excluded.box, updated_at = excluded.updated_at
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
_USERS: Final[LiteralString] = """
INSERT INTO self_identified_user (username_hash, key_id, box)
SELECT hash, %(key_id)s::bigint, box
  FROM unnest(%(hashes)b::bytea[], %(boxes)b::bytea[]) AS new (hash, box)
ON CONFLICT (username_hash) DO UPDATE SET key_id = excluded.key_id, box = excluded.box
"""
_NAMES: Final[LiteralString] = """
INSERT INTO party_name (number_hash, key_id, box)
SELECT hash, %(key_id)s::bigint, box
  FROM unnest(%(hashes)b::bytea[], %(boxes)b::bytea[]) AS new (hash, box)
ON CONFLICT (number_hash) DO UPDATE SET key_id = excluded.key_id, box = excluded.box
"""
_NO_NAMES: Final[LiteralString] = "DELETE FROM party_name WHERE number_hash = ANY(%(hashes)b)"

_encode = msgspec.json.Encoder().encode


class SealedWriter:
    """Writes what is sealed, in one transaction and under one key."""

    def __init__(
        self,
        connection: Connection,
        sealer: RecordSealer,
        sealing: Sealing,
        *,
        put: Put = as_it_is,
    ) -> None:
        """Write by a connection; `put` says to which copy a query is put."""
        self._connection = connection
        self._sealer = sealer
        self._sealing = sealing
        self._put = put

    async def write_persons(
        self, persons: Sequence[PersonRow], change_id: int, sealed: SealedPersons | None = None
    ) -> Counts:
        """Write persons as a page brings them that ends with a change; a later one's stay as they are.

        What was `sealed` of them before is written as it is.
        """
        if not persons:
            return 0, 0
        if sealed is None:
            sealed = await asyncio.to_thread(seal_persons, self._sealer, self._sealing, persons)
        return await _counted(
            self._connection, self._put(_PERSONS), sealed | {"change_id": change_id}
        )

    async def write_addresses(self, rows: Sequence[AddressRow]) -> Counts:
        """Write and remove addresses; what happened to them later stands."""
        gone = [each for each in rows if each.leads is None]
        kept = [each for each in rows if each.leads is not None]
        removed = written = 0
        if gone:
            ids, times, *_ = _columns(gone)
            removed, _ = await _counted(
                self._connection, self._put(_REMOVED), {"ids": ids, "times": times}
            )
        if kept:
            ids, times, organisations, leads = _columns(kept)
            places = [
                address_place(registry_id, organisation)
                for registry_id, organisation in zip(ids, organisations, strict=True)
            ]
            columns = {"ids": ids, "times": times, "organisations": organisations}
            sealed = await asyncio.to_thread(_sealed, self._sealing, "addresses", places, leads)
            written, _ = await _counted(self._connection, self._put(_ADDRESSES), columns | sealed)
        return written, removed

    async def write_users(self, rows: Sequence[SelfIdentifiedRow]) -> Counts:
        """Write users without a national number; of several of one name, the last."""
        by_name = {each.username: KeptUser(each.email, each.mobile) for each in rows}
        if by_name:
            columns = await self._hashed("users", list(by_name), list(by_name.values()))
            await self._connection.execute(_USERS, columns)
        return len(rows), 0

    async def write_names(self, rows: Sequence[NameRow]) -> Counts:
        """Write names, and forget those of whom the register knows none any more."""
        known = {each.number: each.name for each in rows}
        names = {number: name for number, name in known.items() if name is not None}
        forgotten = [number for number, name in known.items() if name is None]
        if names:
            columns = await self._hashed("names", list(names), list(names.values()))
            await self._connection.execute(_NAMES, columns)
        if forgotten:
            hashes = [self._sealer.hashed("names", each) for each in forgotten]
            await self._connection.execute(_NO_NAMES, {"hashes": hashes})
        return len(names), len(forgotten)

    async def _hashed(
        self, kept: Kept, names: Sequence[str], contents: Sequence[object]
    ) -> dict[str, Any]:
        """The columns of records that are found by keyed hashes; made in a thread, since they may be many."""
        return await asyncio.to_thread(_hashed, self._sealer, self._sealing, kept, names, contents)


def seal_persons(
    sealer: RecordSealer, sealing: Sealing, persons: Sequence[PersonRow]
) -> SealedPersons:
    """The columns of persons, sealed, by whom they are found hashed."""
    if not persons:
        return {}
    numbers, known = _columns(persons)
    columns = _hashed(sealer, sealing, "persons", numbers, known)
    return columns | {"gone": [each.is_deleted for each in known]}


def _hashed(
    sealer: RecordSealer,
    sealing: Sealing,
    kept: Kept,
    names: Sequence[str],
    contents: Sequence[object],
) -> dict[str, Any]:
    hashed = sealer.hashing(kept)
    hashes = [hashed(each.encode()) for each in names]
    return {"hashes": hashes} | _sealed(sealing, kept, hashes, contents)


def _sealed(
    sealing: Sealing, kept: Kept, names: Sequence[bytes], contents: Sequence[object]
) -> dict[str, Any]:
    boxes = sealing.seal(kept, names, [_encode(each) for each in contents])
    return {"boxes": boxes, "key_id": sealing.key_id}


def address_place(registry_id: str, organisation: str) -> bytes:
    """What the box of an address is bound to: neither can become another's."""
    return f"{registry_id}|{organisation}".encode()


async def write_units(connection: Connection, rows: Sequence[UnitRow]) -> Counts:
    """Write units."""
    if rows:
        await connection.execute(_UNITS, _columns(rows))
    return len(rows), 0


async def write_grants(connection: Connection, rows: Sequence[GrantRow]) -> Counts:
    """Write what users were granted, and remove what was withdrawn."""
    async with connection.cursor() as cursor:
        for each in rows:
            await cursor.execute(
                _NO_GRANT if each.withdrawn else _GRANT,
                (each.user, each.organisation, bare(each.resource), each.action),
            )
    removed = sum(each.withdrawn for each in rows)
    return len(rows) - removed, removed


async def _counted(
    connection: Connection, query: LiteralString, columns: Mapping[str, Any]
) -> tuple[int, int]:
    row = await (await connection.execute(query, columns)).fetchone()
    written, removed = (*(row or ()), 0, 0)[:2]
    return written, removed


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
