"""The record of acts in one table, to which rows are only added."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.envelope import Role
from application.ports.act_log import RecordedAct

_RECORD: Final[LiteralString] = """
INSERT INTO act (act_id, recorded_at, role, topic, state) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (act_id) DO NOTHING
"""
_LATEST: Final[LiteralString] = """
SELECT state FROM act WHERE role = ANY(%s) AND recorded_at >= %s ORDER BY act_no DESC LIMIT %s
"""

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(RecordedAct).decode


class PostgresActLog:
    """Keeps the record; what is in it is JSON that can be read without this code."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def record(self, act: RecordedAct) -> None:
        topic = str(type(act.act).__struct_config__.tag)
        row = (act.act_id, act.recorded_at, act.recorded_by.role.value, topic, _encode(act))
        async with reaching(self._pool) as connection:
            await connection.execute(_RECORD, row)

    async def latest(
        self, *, roles: Collection[Role], since: datetime, most: int
    ) -> Sequence[RecordedAct]:
        async with reaching(self._pool) as connection:
            asked = ([each.value for each in roles], since, most)
            cursor = await connection.execute(_LATEST, asked)
            return [_decode(state) for (state,) in await cursor.fetchall()]
