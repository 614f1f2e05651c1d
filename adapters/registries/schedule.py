"""The schedule of the registers' feeds in a table; the moment at which a lease ends is by what it is known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.rows import kwargs_row
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.ports.sync_schedule import CopyAlarm, SyncTurn

_COLUMNS: Final[LiteralString] = (
    "registry, due_at, holder, leased_until, failures, failing_since, failure, alarm"
)
# Every process looks every few seconds: what is another's, or not due, is found out by reading alone.
_CLAIM: Final[LiteralString] = f"""
INSERT INTO registry_sync AS old (registry, due_at, holder, leased_until)
SELECT %(registry)s, %(now)s::timestamptz, %(holder)s, %(until)s::timestamptz
 WHERE NOT EXISTS (SELECT FROM registry_sync
                    WHERE registry = %(registry)s
                      AND (due_at > %(now)s AND NOT %(is_early)s OR leased_until > %(now)s))
ON CONFLICT (registry) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
 WHERE (old.due_at <= %(now)s OR %(is_early)s)
   AND (old.leased_until IS NULL OR old.leased_until <= %(now)s)
RETURNING {_COLUMNS}
"""  # noqa: S608  # nothing but names of columns
_KEEP: Final[LiteralString] = """
UPDATE registry_sync
   SET due_at = %(due_at)s, holder = %(holder)s, leased_until = %(leased_until)s,
       failures = %(failures)s, failing_since = %(failing_since)s, failure = %(failure)s
 WHERE registry = %(registry)s AND holder = %(held_by)s AND leased_until = %(held_until)s
"""
_TURNS: Final[LiteralString] = f"""
SELECT {_COLUMNS} FROM registry_sync ORDER BY registry
"""  # noqa: S608  # as above
_TELL: Final[LiteralString] = """
INSERT INTO registry_sync AS old (registry, due_at, alarm)
SELECT %(registry)s, 'epoch', %(alarm)s
 WHERE %(alarm)s <> 'none' OR EXISTS (SELECT FROM registry_sync WHERE registry = %(registry)s)
ON CONFLICT (registry) DO UPDATE SET alarm = excluded.alarm WHERE old.alarm <> excluded.alarm
"""


class PostgresSyncSchedule:
    """Leases the following of each register, over all processes on one database."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def claim(
        self,
        registry: str,
        *,
        holder: str,
        now: datetime,
        until: datetime,
        is_early: bool = False,
    ) -> SyncTurn | None:
        asked = {
            "registry": registry,
            "holder": holder,
            "now": now,
            "until": until,
            "is_early": is_early,
        }
        async with (
            reaching(self._pool) as connection,
            connection.cursor(row_factory=kwargs_row(_turn)) as cursor,
        ):
            await cursor.execute(_CLAIM, asked)
            return await cursor.fetchone()

    async def keep(self, lent: SyncTurn, after: SyncTurn) -> bool:
        written = {
            "registry": lent.registry,
            "held_by": lent.holder,
            "held_until": lent.leased_until,
            "due_at": after.due_at,
            "holder": after.holder,
            "leased_until": after.leased_until,
            "failures": after.failures,
            "failing_since": after.failing_since,
            "failure": after.failure,
        }
        async with reaching(self._pool) as connection:
            return (await connection.execute(_KEEP, written)).rowcount == 1

    async def turns(self) -> Sequence[SyncTurn]:
        async with (
            reaching(self._pool) as connection,
            connection.cursor(row_factory=kwargs_row(_turn)) as cursor,
        ):
            await cursor.execute(_TURNS)
            return await cursor.fetchall()

    async def tell(self, registry: str, alarm: CopyAlarm) -> bool:
        async with reaching(self._pool) as connection:
            told = {"registry": registry, "alarm": alarm.value}
            return (await connection.execute(_TELL, told)).rowcount == 1


def _turn(*, alarm: str, **columns: Any) -> SyncTurn:  # noqa: ANN401  # as the table has them
    return SyncTurn(**columns, alarm=CopyAlarm(alarm))
