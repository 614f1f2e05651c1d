"""How the local copies stand, by the row that each page of a register moves with it."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.ports.order_repository import StoreUnavailableError
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import CopyStanding

_STANDINGS: Final[LiteralString] = """
SELECT registry, cursor, newest, confirmed_at
  FROM (VALUES ('krr'), ('businesses')) AS always (registry) FULL JOIN registry_copy USING (registry)
 ORDER BY registry
"""


class PostgresRegistryCopies:
    """Tells of the copies in the database; those of KRR and of the businesses are always there."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def standings(self) -> Sequence[CopyStanding]:
        try:
            async with reaching(self._pool) as connection:
                rows = await (await connection.execute(_STANDINGS)).fetchall()
        except StoreUnavailableError:
            raise RegistryUnavailableError("copies") from None
        return [
            CopyStanding(registry=registry, position=cursor, newest=newest, confirmed_at=at)
            for registry, cursor, newest, at in rows
        ]
