"""What stood in a table of its own before persons' profiles stood in the log is handed in to them, once."""

from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.registries.importing import HandIn
from adapters.registries.parties import ProfileRow

_AT_ONCE: Final = 500
_PATIENCE: Final = 60.0
"""Seconds in which so many have been recorded."""
_SOME: Final[LiteralString] = """
SELECT user_id, organisation, resources, email, email_is_verified, mobile, mobile_is_verified
  FROM user_profile ORDER BY organisation, user_id LIMIT %s FOR UPDATE
"""
_REMOVE: Final[LiteralString] = """
DELETE FROM user_profile p USING unnest(%s::text[], %s::text[]) AS done (organisation, user_id)
 WHERE p.organisation = done.organisation AND p.user_id = done.user_id
"""


async def carry_over_profiles(pool: AsyncConnectionPool[Any], hand_in: HandIn) -> int:
    """Hand in what is left in the table, and remove it there, where it lies unsealed; how much it was.

    Raises:
        StoreUnavailableError: try again later; what was handed in already is not lost, nor doubled.
    """
    count = 0
    while done := await _some(pool, hand_in):
        count += done
    return count


async def _some(pool: AsyncConnectionPool[Any], hand_in: HandIn) -> int:
    async with reaching(pool, within=_PATIENCE) as connection, connection.transaction():
        cursor = await connection.execute(_SOME, (_AT_ONCE,))
        rows = [
            ProfileRow(
                user=user,
                organisation=organisation,
                resources=tuple(resources),
                email=email,
                email_verified=email_is_verified,
                mobile=mobile,
                mobile_verified=mobile_is_verified,
            )
            for user, organisation, resources, email, email_is_verified, mobile, mobile_is_verified in await cursor.fetchall()
        ]
        if rows:
            await hand_in([each.handed_in for each in rows])
            places = [each.organisation for each in rows], [each.user for each in rows]
            await connection.execute(_REMOVE, places)
        return len(rows)
