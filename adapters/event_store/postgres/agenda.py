"""The agenda in PostgreSQL: claimed in batches, leased."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from application.ports.agenda import LANES, OVERDUE, QUARANTINE, InHand, Lease, Wait
from domain.order.events import OrderId

CHANNEL: Final = "varsel_agenda"
_LANES: Final = {number: lane for lane, number in LANES.items()}
_KNOWN: Final[dict[str, Any]] = {"quarantine": QUARANTINE}

# Whoever was suspended last, and not resumed since; an index holds these events alone.
_SUSPENDED: Final[LiteralString] = """
SELECT owner_of(state)
  FROM (SELECT DISTINCT ON (originator_id) topic, state FROM orders_events
         WHERE topic IN ('owner.suspended', 'owner.resumed')
         ORDER BY originator_id, originator_version DESC) AS last
 WHERE topic = 'owner.suspended'
"""
# Who has anything in a lane is found by leaps over the index, one for each owner.
_QUEUES: Final[LiteralString] = """
WITH RECURSIVE queue AS (
    (SELECT lane, owner FROM agenda WHERE unreturned = 0 ORDER BY lane, owner LIMIT 1)
    UNION ALL
    SELECT next.lane, next.owner FROM queue, LATERAL (
           SELECT lane, owner FROM agenda
            WHERE unreturned = 0 AND (lane, owner) > (queue.lane, queue.owner)
            ORDER BY lane, owner LIMIT 1) AS next)
"""
# Of each owner who has something ready the same share is read from the end of its own queue. The rows
# of an array are found by the index, whatever the planner believes of the table's size.
# Whether an owner has anything ready its first row tells: asked with EXISTS, a planner that takes the
# table for a small one would read everything that is ready.
# Of whom the worker has many in hand already, it is leased fewer, or none.
# A claim never waits for a row that somebody else has locked.
_CLAIM: Final[LiteralString] = f"""
{_QUEUES},
shared AS MATERIALIZED (
    SELECT lane, owner, least(%(most)s - coalesce(held.number, 0),
                              ceil(%(limit)s / (count(*) OVER (PARTITION BY lane))::numeric)) AS share
      FROM queue LEFT JOIN unnest(%(owners)s::text[], %(numbers)s::int[]) AS held(owner, number)
           USING (owner)
     WHERE coalesce(held.number, 0) < %(most)s
       AND lower(owner) NOT IN ({_SUSPENDED}) AND (
           SELECT greatest(due_at, leased_until) <= %(now)s FROM agenda
            WHERE unreturned = 0 AND agenda.lane = queue.lane AND agenda.owner = queue.owner
            ORDER BY greatest(due_at, leased_until) LIMIT 1)),
ready AS MATERIALIZED (
    SELECT first.order_id, first.due_at, shared.owner, shared.lane, first.ready_at FROM shared, LATERAL (
           SELECT order_id, due_at, greatest(due_at, leased_until) AS ready_at FROM agenda
            WHERE unreturned = 0 AND agenda.lane = shared.lane AND agenda.owner = shared.owner
              AND greatest(due_at, leased_until) <= %(now)s
            ORDER BY greatest(due_at, leased_until) LIMIT shared.share FOR UPDATE SKIP LOCKED) AS first
     ORDER BY shared.lane, first.ready_at LIMIT %(limit)s),
lent AS (
    UPDATE agenda SET leased_until = %(until)s, worker = %(worker)s, unreturned = 1
     WHERE order_id = ANY(ARRAY(SELECT order_id FROM ready))
    RETURNING order_id)
SELECT order_id, due_at, owner, lane FROM ready JOIN lent USING (order_id) ORDER BY ready.lane, ready.ready_at
"""  # noqa: S608  # made of constants
_LEND: Final[LiteralString] = """
UPDATE agenda SET leased_until = %(until)s, worker = %(worker)s, unreturned = unreturned + 1
  FROM ready WHERE agenda.order_id = ready.order_id
RETURNING agenda.order_id, ready.due_at, agenda.owner, agenda.lane
"""
_SUSPECT: Final[LiteralString] = f"""
unreturned > 0 AND unreturned < %(quarantine)s AND greatest(due_at, leased_until) <= %(now)s
   AND lower(owner) NOT IN ({_SUSPENDED})
"""
_CLAIM_SUSPECTS: Final[LiteralString] = f"""
WITH least AS MATERIALIZED (SELECT min(unreturned) AS unreturned FROM agenda WHERE {_SUSPECT}),
ready AS MATERIALIZED (
    SELECT order_id, due_at FROM agenda
     WHERE {_SUSPECT} AND unreturned = (SELECT unreturned FROM least)
     ORDER BY greatest(due_at, leased_until)
     LIMIT (SELECT CASE unreturned WHEN 1 THEN %(limit)s ELSE 1 END FROM least)
       FOR UPDATE SKIP LOCKED)
{_LEND}
"""  # noqa: S608  # made of constants
_SUSPECTS: Final[LiteralString] = f"""
SELECT EXISTS (SELECT FROM agenda WHERE {_SUSPECT})
"""  # noqa: S608  # made of constants
_CLAIM_WITHHELD: Final[LiteralString] = f"""
{_QUEUES},
withheld AS (
    SELECT order_id FROM agenda
     WHERE unreturned > 0 AND unreturned < 2 * %(quarantine)s
       AND greatest(due_at, leased_until) <= %(long_ago)s
     UNION ALL
    SELECT first.order_id FROM queue, LATERAL (
           SELECT order_id FROM agenda
            WHERE unreturned = 0 AND agenda.lane = queue.lane AND agenda.owner = queue.owner
              AND greatest(due_at, leased_until) <= %(long_ago)s
            ORDER BY greatest(due_at, leased_until) LIMIT %(limit)s) AS first
     WHERE lower(queue.owner) IN ({_SUSPENDED})),
ready AS MATERIALIZED (
    SELECT order_id, due_at FROM agenda
     WHERE order_id = ANY(ARRAY(SELECT order_id FROM withheld LIMIT %(limit)s))
       AND greatest(due_at, leased_until) <= %(long_ago)s
       FOR UPDATE SKIP LOCKED)
{_LEND}
"""  # noqa: S608  # made of constants
# What has been recorded meanwhile has moved the order: it is due when that says.
_PUT_OFF: Final[LiteralString] = """
WITH waits AS MATERIALIZED (
    SELECT a.order_id, w.until, w.waits_for FROM agenda a
      JOIN unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::text[])
           AS w(order_id, was_due, until, waits_for)
        ON a.order_id = w.order_id AND a.due_at = w.was_due
     ORDER BY a.order_id FOR UPDATE OF a)
UPDATE agenda SET due_at = waits.until, waits_for = waits.waits_for, waits_until = waits.until
  FROM waits WHERE agenda.order_id = waits.order_id
"""
_WAITING: Final[LiteralString] = """
SELECT waits_for, count(*) FROM agenda
 WHERE waits_for IS NOT NULL AND waits_until = due_at GROUP BY waits_for
"""
_WAITS_FOR: Final[LiteralString] = (
    "SELECT waits_for FROM agenda WHERE order_id = %s AND waits_until = due_at"
)
_STUCK: Final[LiteralString] = """
SELECT order_id FROM agenda
 WHERE unreturned > 0 AND unreturned >= %(quarantine)s AND leased_until <= now()
 ORDER BY due_at
"""
_RETRY: Final[LiteralString] = """
UPDATE agenda SET unreturned = 1 WHERE order_id = %(order_id)s AND unreturned >= %(quarantine)s
"""
# Rows are locked in the order in which appends lock them, so that neither waits for the other for ever.
_RELEASE: Final[LiteralString] = """
WITH own AS MATERIALIZED (
    SELECT order_id FROM agenda WHERE order_id = ANY(%s) AND worker = %s
     ORDER BY order_id FOR UPDATE)
UPDATE agenda SET leased_until = '-infinity', worker = NULL, unreturned = 0
 WHERE order_id = ANY(ARRAY(SELECT order_id FROM own))
"""
_KEEP: Final[LiteralString] = """
WITH own AS MATERIALIZED (
    SELECT order_id FROM agenda WHERE order_id = ANY(%s) AND worker = %s
     ORDER BY order_id FOR UPDATE)
UPDATE agenda SET leased_until = greatest(leased_until, %s)
 WHERE order_id = ANY(ARRAY(SELECT order_id FROM own))
"""
_DISCLAIM: Final[LiteralString] = """
WITH lost AS MATERIALIZED (
    SELECT order_id FROM agenda WHERE worker = %s AND order_id <> ALL(%s)
     ORDER BY order_id FOR UPDATE)
UPDATE agenda SET leased_until = '-infinity', worker = NULL, unreturned = unreturned - 1
 WHERE order_id = ANY(ARRAY(SELECT order_id FROM lost))
"""
_NEXT: Final[LiteralString] = f"""
{_QUEUES}
SELECT min(first.ready_at) FROM (
       SELECT (SELECT greatest(due_at, leased_until) FROM agenda
                WHERE unreturned = 0 AND agenda.lane = queue.lane AND agenda.owner = queue.owner
                ORDER BY greatest(due_at, leased_until) LIMIT 1) AS ready_at FROM queue
        UNION ALL
       (SELECT greatest(due_at, leased_until) FROM agenda
         WHERE unreturned > 0 AND unreturned < %(quarantine)s
         ORDER BY greatest(due_at, leased_until) LIMIT 1)) AS first
"""  # noqa: S608  # made of constants
_AGE: Final[LiteralString] = f"""
SELECT greatest(now() - ({_NEXT}), interval '0')
"""


class PostgresAgenda:
    """Leases orders that are due to workers, on any number of machines."""

    def __init__(self, pool: AsyncConnectionPool[Any], listener: Listener) -> None:
        self._pool = pool
        self._listener = listener

    async def claim(
        self,
        *,
        limit: int,
        worker: str,
        now: datetime,
        lease: timedelta,
        held: InHand | None = None,
    ) -> Mapping[OrderId, Lease]:
        asked = {"now": now, "limit": limit, "until": now + lease, "worker": worker}
        of, most = held or InHand({}, limit)
        mine = {"owners": list(of), "numbers": list(of.values()), "most": most}
        return await self._lend(_CLAIM, asked | mine)

    async def claim_redeliveries(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        asked = {"now": now, "limit": limit, "until": now + lease, "worker": worker}
        return await self._lend(_CLAIM_SUSPECTS, asked | _KNOWN)

    async def claim_overdue(
        self, *, limit: int, worker: str, now: datetime, lease: timedelta
    ) -> Mapping[OrderId, Lease]:
        asked = {"limit": limit, "until": now + lease, "worker": worker}
        return await self._lend(_CLAIM_WITHHELD, asked | _KNOWN | {"long_ago": now - OVERDUE})

    async def _lend(self, query: LiteralString, asked: Mapping[str, Any]) -> dict[OrderId, Lease]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(query, asked)
            return {
                OrderId(order_id): Lease(due_at, owner, _LANES[lane])
                for order_id, due_at, owner, lane in await cursor.fetchall()
            }

    async def has_redeliveries(self, now: datetime) -> bool:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_SUSPECTS, {"now": now} | _KNOWN)
            row = await cursor.fetchone()
            return row is not None and bool(row[0])

    async def reschedule(self, waits: Sequence[Wait]) -> None:
        if not waits:
            return
        async with reaching(self._pool) as connection:
            await connection.execute(
                _PUT_OFF, [list(column) for column in zip(*waits, strict=True)]
            )

    async def waiting(self) -> Mapping[str, int]:
        async with reaching(self._pool) as connection:
            return dict(await (await connection.execute(_WAITING)).fetchall())

    async def waits_for(self, order_id: OrderId) -> str | None:
        async with reaching(self._pool) as connection:
            row = await (await connection.execute(_WAITS_FOR, (order_id,))).fetchone()
        return None if row is None else row[0]

    async def quarantined(self) -> Sequence[OrderId]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_STUCK, _KNOWN)
            return [OrderId(row[0]) for row in await cursor.fetchall()]

    async def retry(self, order_id: OrderId) -> bool:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_RETRY, {"order_id": order_id} | _KNOWN)
            return cursor.rowcount == 1

    async def keep(self, order_ids: Sequence[OrderId], *, worker: str, until: datetime) -> None:
        if not order_ids:
            return
        async with reaching(self._pool) as connection:
            await connection.execute(_KEEP, (list(order_ids), worker, until))

    async def release(self, order_ids: Sequence[OrderId], *, worker: str) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_RELEASE, (list(order_ids), worker))

    async def release_unacknowledged(self, held: Collection[OrderId], *, worker: str) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_DISCLAIM, (worker, list(held)))

    async def next_due(self) -> datetime | None:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_NEXT, _KNOWN)
            row = await cursor.fetchone()
            return None if row is None else row[0]

    async def wait(self, seconds: float) -> None:
        await self._listener.wait(CHANNEL, seconds)

    async def age(self) -> timedelta:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_AGE, _KNOWN)
            row = await cursor.fetchone()
            return timedelta() if row is None or row[0] is None else row[0]
