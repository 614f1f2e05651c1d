"""The ledger in two tables: the shifts, and the processes that have been there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.ports.provider_ledger import RecordedWeightChange, WeightChange

_SEE: Final[LiteralString] = """
INSERT INTO provider_process (process, seen_at) VALUES (%s, %s)
ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at
"""
_NOTE: Final[LiteralString] = """
INSERT INTO provider_shift (shift_id, process, provider, weight, reason, at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (shift_id) DO NOTHING
"""
_STANDING: Final[LiteralString] = """
SELECT DISTINCT ON (provider, process) process, provider, weight, reason, at
  FROM provider_shift JOIN provider_process USING (process)
 WHERE seen_at >= %s ORDER BY provider, process, shift_no DESC
"""
_LATEST: Final[LiteralString] = """
SELECT process, provider, weight, reason, at
  FROM provider_shift ORDER BY at DESC, shift_no DESC LIMIT %s
"""


class PostgresProviderHealthLog:
    """Keeps the ledger."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def note(self, process: str, shifts: Mapping[UUID, WeightChange], at: datetime) -> None:
        rows = [
            (shift_id, process, each.provider, each.weight, each.reason, each.at)
            for shift_id, each in shifts.items()
        ]
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute(_SEE, (process, at))
            await connection.cursor().executemany(_NOTE, rows)

    async def standing(self, since: datetime) -> Sequence[RecordedWeightChange]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_STANDING, (since,))
            return [_noted(*row) for row in await cursor.fetchall()]

    async def latest(self, most: int) -> Sequence[RecordedWeightChange]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_LATEST, (most,))
            return [_noted(*row) for row in await cursor.fetchall()]


def _noted(
    process: str, provider: str, weight: float, reason: str, at: datetime
) -> RecordedWeightChange:
    shift = WeightChange(provider=provider, weight=weight, reason=reason, at=at)
    return RecordedWeightChange(process=process, shift=shift)
