"""Webhooks in a table, leased; the moment at which a lease ends is by what it is known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import kwargs_row
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.lasting import make_lasting
from adapters.postgres.reaching import reaching
from application.ports.webhooks import Disabled, Webhook

_COLUMNS: Final[LiteralString] = (
    "owner, name, url, every_transition, position, failures, failing_since, failure, due_at,"
    " disabled, leased_until, secret_id, earlier_secret_id, rotated_at, is_proved"
)
_ONE_BY_ONE: Final[LiteralString] = (
    "SELECT pg_advisory_xact_lock(hashtext('webhook'), hashtext(%s))"
)
_PUT: Final[LiteralString] = """
INSERT INTO webhook AS there
       (owner, name, url, every_transition, position, due_at, secret_id, is_proved)
SELECT %(owner)s, %(name)s, %(url)s, %(every)s,
       coalesce((SELECT max(notification_id) FROM orders_events), 0), %(now)s, %(secret_id)s, false
 WHERE (SELECT count(*) FROM webhook WHERE owner = %(owner)s AND name <> %(name)s) < %(most)s
ON CONFLICT (owner, name) DO UPDATE
   SET url = excluded.url, every_transition = excluded.every_transition, due_at = excluded.due_at,
       failures = 0, failing_since = NULL, failure = NULL, disabled = NULL,
       is_proved = there.is_proved AND there.url = excluded.url
 WHERE (there.url, there.every_transition) <> (excluded.url, excluded.every_transition)
"""
_OF_OWNER: Final[LiteralString] = f"""
SELECT {_COLUMNS} FROM webhook WHERE owner = %s ORDER BY name
"""  # noqa: S608  # nothing but names of columns
_RESUME: Final[LiteralString] = """
UPDATE webhook SET due_at = CASE WHEN failures > 0 THEN %s ELSE due_at END,
       failures = 0, failing_since = NULL, failure = NULL, disabled = NULL
 WHERE owner = %s AND name = %s
"""
_ROTATE: Final[LiteralString] = """
UPDATE webhook SET earlier_secret_id = secret_id, secret_id = %s, rotated_at = %s
 WHERE owner = %s AND name = %s
"""
_REMOVE: Final[LiteralString] = "DELETE FROM webhook WHERE owner = %s AND name = %s"
# Whether there is more is asked in two ways, so that each finds it by an index of its own.
_CLAIM: Final[LiteralString] = f"""
WITH serving AS (SELECT generation FROM projection WHERE name = 'status_feed' AND is_serving),
ready AS MATERIALIZED (
    SELECT w.owner, w.name FROM webhook w
     WHERE w.disabled IS NULL AND greatest(w.due_at, w.leased_until) <= %(now)s
       AND CASE WHEN NOT w.is_proved THEN true
           WHEN w.every_transition THEN EXISTS (
           SELECT FROM status_feed f WHERE f.generation = (SELECT generation FROM serving)
              AND f.owner = w.owner AND f.position > w.position)
           ELSE EXISTS (
           SELECT FROM status_feed f WHERE f.generation = (SELECT generation FROM serving)
              AND f.owner = w.owner AND f.position > w.position AND f.is_end) END
     ORDER BY w.due_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED),
lent AS (
    UPDATE webhook SET leased_until = %(until)s
     WHERE (owner, name) IN (SELECT owner, name FROM ready)
    RETURNING {_COLUMNS})
SELECT {_COLUMNS} FROM lent ORDER BY due_at
"""  # noqa: S608  # as above
_KEEP: Final[LiteralString] = """
UPDATE webhook
   SET position = %(position)s, failures = %(failures)s, failing_since = %(failing_since)s,
       failure = %(failure)s, due_at = %(due_at)s, disabled = %(disabled)s,
       leased_until = %(leased_until)s, is_proved = %(is_proved)s
 WHERE owner = %(owner)s AND name = %(name)s AND leased_until = %(held_until)s
   AND url = %(url)s AND every_transition = %(every)s
"""


class PostgresWebhooks:
    """Keeps the webhooks for all processes."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def put(
        self,
        owner: str,
        name: str,
        *,
        url: str,
        every_transition: bool,
        secret_id: UUID,
        most: int,
        now: datetime,
    ) -> Webhook | None:
        asked = {
            "owner": owner,
            "name": name,
            "url": url,
            "every": every_transition,
            "secret_id": secret_id,
            "most": most,
            "now": now,
        }
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute(_ONE_BY_ONE, (owner,))
            await connection.execute(_PUT, asked)
            await make_lasting(
                connection
            )  # one that stands as it is asked for is answered for, too
        kept = await self.of_owner(owner)
        return next((each for each in kept if each.name == name), None)

    async def of_owner(self, owner: str) -> Sequence[Webhook]:
        return await self._read(_OF_OWNER, (owner,))

    async def resume(self, owner: str, name: str, *, now: datetime) -> bool:
        return await self._write(_RESUME, (now, owner, name))

    async def rotate(self, owner: str, name: str, *, secret_id: UUID, now: datetime) -> bool:
        return await self._write(_ROTATE, (secret_id, now, owner, name))

    async def remove(self, owner: str, name: str) -> bool:
        return await self._write(_REMOVE, (owner, name))

    async def claim(self, *, limit: int, now: datetime, until: datetime) -> Sequence[Webhook]:
        return await self._read(_CLAIM, {"limit": limit, "now": now, "until": until})

    async def keep(self, lent: Webhook, after: Webhook) -> bool:
        return await self._write(
            _KEEP,
            {
                "owner": lent.owner,
                "name": lent.name,
                "url": lent.url,
                "every": lent.every_transition,
                "held_until": lent.leased_until,
                "position": after.position,
                "failures": after.failures,
                "failing_since": after.failing_since,
                "failure": after.failure,
                "due_at": after.due_at,
                "disabled": after.disabled,
                "leased_until": after.leased_until,
                "is_proved": after.is_proved,
            },
        )

    async def _read(self, query: LiteralString, asked: Any) -> Sequence[Webhook]:  # noqa: ANN401  # a query's parameters
        async with (
            reaching(self._pool) as connection,
            connection.cursor(row_factory=kwargs_row(_webhook)) as cursor,
        ):
            await cursor.execute(query, asked)
            return await cursor.fetchall()

    async def _write(self, query: LiteralString, asked: Any) -> bool:  # noqa: ANN401  # as above
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(query, asked)
            return cursor.rowcount == 1


def _webhook(*, disabled: str | None, **columns: Any) -> Webhook:  # noqa: ANN401  # as the table has them
    return Webhook(**columns, disabled=None if disabled is None else Disabled(disabled))
