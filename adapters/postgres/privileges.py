"""Least power: what the service may do in the database, and nothing more.

The schema is made by one role, its owner, which only `varsel migrate` uses.
The service logs in as another, which may add to the history and read it, but not change it: no
mistake of ours and no thief of the service's password can rewrite what was recorded.
Each migration grants again, so that tables which it made are the service's to use as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from adapters.postgres.embedded import EMBEDDED
from adapters.postgres.errors import UnsafeRoleError

_HISTORY: Final = "orders_events"

_KEPT: Final[Mapping[str, LiteralString]] = {
    _HISTORY: "SELECT, INSERT",
    "sealed": "SELECT, INSERT, DELETE",
    "data_key": "SELECT, INSERT, DELETE",
    "act": "SELECT, INSERT",
    "key_fingerprint": "SELECT, INSERT",
    "month_key_fingerprint": "SELECT, INSERT",
    "schema_migration": "SELECT",
}
"""What may be done to tables that are not simply the service's own: facts are added and read, sealed
words and their keys can be erased as well, and the schema's own record is read."""
_OTHERS: Final[LiteralString] = "SELECT, INSERT, UPDATE, DELETE"

_OURS: Final[LiteralString] = """
SELECT t.relname, t.relkind::text
  FROM pg_class history JOIN pg_class t USING (relnamespace, relowner)
 WHERE history.oid = to_regclass(%s) AND t.relkind IN ('r', 'p', 'S') ORDER BY t.relname
"""
_SCHEMA: Final[LiteralString] = """
SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass(%s)
"""
_SERVING: Final[LiteralString] = """
SELECT DISTINCT r.rolname
  FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.oid = to_regclass(%s) AND a.grantee <> c.relowner AND a.privilege_type = 'INSERT'
"""
_POWER: Final[LiteralString] = """
SELECT current_setting('cluster_name'), r.rolname, r.rolsuper, r.rolcreaterole,
       pg_has_role(r.oid, c.relowner, 'MEMBER'),
       has_table_privilege(r.oid, c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
         OR has_any_column_privilege(r.oid, c.oid, 'UPDATE'),
       has_table_privilege(r.oid, c.oid, 'SELECT') AND has_table_privilege(r.oid, c.oid, 'INSERT')
  FROM pg_class c, pg_roles r WHERE c.oid = to_regclass(%s) AND r.rolname = session_user
"""


async def grant(connection: psycopg.AsyncConnection[Any], role: str | None) -> Sequence[str]:
    """Give the service's role what it needs and take from it what it does not; tell which roles have it.

    Without a role, those that had it before are given what has come since.

    Raises:
        UnsafeRoleError: there is no such role, or it could change history whatever it is granted.
    """
    roles = [role] if role is not None else await _column(connection, _SERVING)
    if not roles:
        return ()
    (schema,) = await _column(connection, _SCHEMA)
    cursor = await connection.execute(_OURS, (_HISTORY,))
    things = await cursor.fetchall()
    async with connection.transaction():
        for each in roles:
            await _grant(connection, each, schema, things)
    return roles


async def refuse_more_than_needed(connection: psycopg.AsyncConnection[Any]) -> None:
    """Refuse to work as a role that could change history, unless the server is one of our own.

    Raises:
        UnsafeRoleError: says what the role could do, and what to do about it.
    """
    cursor = await connection.execute(_POWER, (_HISTORY,))
    row = await cursor.fetchone()
    if row is None or row[0] == EMBEDDED:
        return
    _, role, is_superuser, makes_roles, owns, changes, suffices = row
    for is_so, what in (
        (is_superuser, "is a superuser"),
        (owns, "owns the history"),
        (makes_roles, "can make roles, and so become the owner of the history"),
        (changes, "may change or delete history"),
    ):
        if is_so:
            raise UnsafeRoleError(
                f"The database role {role} {what}, which the service must not: make a role that only "
                "logs in, run `varsel migrate --service-role ROLE` as the owner, and let "
                "VARSEL_DATABASE_URL log in as that role."
            )
    if not suffices:
        raise UnsafeRoleError(
            f"The database role {role} may not read and add to the history: "
            f"run `varsel migrate --service-role {role}` as the owner of the schema."
        )


async def _grant(
    connection: psycopg.AsyncConnection[Any],
    role: str,
    schema: str,
    things: Sequence[tuple[str, str]],
) -> None:
    to, inside = Identifier(role), Identifier(schema)
    try:
        await connection.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(inside, to))
        for name, kind in things:
            table = Identifier(schema, name)
            if kind == "S":
                await connection.execute(
                    SQL("GRANT USAGE, SELECT ON SEQUENCE {} TO {}").format(table, to)
                )
                continue
            allowed = SQL(_KEPT.get(name, _OTHERS))
            await connection.execute(SQL("REVOKE ALL ON {} FROM {}").format(table, to))
            await connection.execute(SQL("GRANT {} ON {} TO {}").format(allowed, table, to))
    except psycopg.errors.UndefinedObject:
        raise UnsafeRoleError(
            f"There is no database role {role}: make one that only logs in, as in "
            f"CREATE ROLE {role} LOGIN, and try again."
        ) from None


async def _column(
    connection: psycopg.AsyncConnection[Any], statement: LiteralString
) -> Sequence[str]:
    cursor = await connection.execute(statement, (_HISTORY,))
    return [value for (value,) in await cursor.fetchall()]
