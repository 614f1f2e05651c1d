"""What users were granted, in a table that is filled from files.

A change of a grant that could not be read stands in quarantine. It makes uncertain what it is about:
for one user or for all of an organisation, with one resource or with all, as far as it says.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from application.ports.decision_point import Question
from application.ports.order_repository import StoreUnavailableError
from domain.authority import Decision

_DECISIONS: Final[LiteralString] = """
WITH unread AS (
    SELECT whose, item, about FROM registry_quarantine
     WHERE part = 'grants'
       AND (whose = ANY(%(organisations)s) OR whose IS NULL AND item IS NOT NULL))
SELECT EXISTS (SELECT FROM user_grant g
                WHERE g.organisation = q.organisation AND g.user_id = q.user_id
                  AND g.resource = q.resource AND g.action = q.action),
       EXISTS (SELECT FROM unread u
                WHERE (u.whose = q.organisation OR u.whose IS NULL)
                  AND (u.item = q.user_id OR u.item IS NULL)
                  AND (u.about IS NULL OR u.about = q.action || ' ' || q.resource))
  FROM unnest(%(users)s::text[], %(organisations)s::text[], %(resources)s::text[],
              %(actions)s::text[])
       WITH ORDINALITY AS q (user_id, organisation, resource, action, place)
 ORDER BY q.place
"""


class GrantTable:
    """Permits what stands in the table, and refuses everything else."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        if not questions:
            return {}
        asked = {
            "users": [each.user for each in questions],
            "organisations": [each.organisation for each in questions],
            "resources": [each.resource for each in questions],
            "actions": [each.action for each in questions],
        }
        try:
            async with reaching(self._pool) as connection:
                cursor = await connection.execute(_DECISIONS, asked)
                rows = await cursor.fetchall()
        except StoreUnavailableError:
            return dict.fromkeys(questions, Decision.NOT_ASKED)
        return {
            question: _decision(is_granted=is_granted, is_uncertain=is_uncertain)
            for question, (is_granted, is_uncertain) in zip(questions, rows, strict=True)
        }


def _decision(*, is_granted: bool, is_uncertain: bool) -> Decision:
    if is_uncertain:
        return Decision.UNCERTAIN
    return Decision.PERMITTED if is_granted else Decision.REFUSED
