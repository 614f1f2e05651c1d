"""Which orders belong to each dialogue."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.placing import PLACED
from adapters.projections.projection import EventByEvent, FeedEvent, Row
from adapters.projections.runner import ProjectionRunner
from domain.order.dialogues import known_as
from domain.order.events import OrderId

_PATIENCE: Final = 5.0

_FIND: Final[LiteralString] = """
SELECT i.order_id FROM dialogue_index i
  JOIN projection p ON p.name = 'dialogue_index' AND p.is_serving AND p.generation = i.generation
 WHERE i.dialogue_id = %s ORDER BY i.position
"""


class _Dialogue(Struct, frozen=True):
    dialogue_id: str | None = None


class _Placed(Struct, frozen=True):
    dialogue: _Dialogue | None = None


class _State(Struct, frozen=True):
    event: _Placed


_read = msgspec.json.Decoder(_State).decode


class DialogueIndexProjection(EventByEvent):
    """Writes down to which dialogue each order belongs; one whose id is no UUID cannot be asked for."""

    name = "dialogue_index"
    columns: Mapping[str, str] = MappingProxyType(
        {"dialogue_id": "uuid", "position": "int8", "order_id": "uuid"}
    )
    topics: Collection[str] = (PLACED,)
    read = topics
    channel = None
    is_waited_for = False

    def rows(self, event: FeedEvent) -> Iterator[Row]:
        """The order's dialogue, if it has one."""
        dialogue = _read(event.state).event.dialogue
        dialogue_id = None if dialogue is None else known_as(dialogue.dialogue_id)
        if dialogue_id is not None:
            yield dialogue_id, event.position, event.order_id


class PostgresDialogueIndex:
    """Finds orders by dialogue, after everything that was accepted before the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the index on, or asks again later."""
        self._pool = pool
        self._runner = runner
        self._patience = patience

    async def orders_of(self, dialogue_id: UUID) -> Sequence[OrderId]:
        await self._runner.catch_up(DialogueIndexProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIND, (dialogue_id,))
            return [OrderId(row[0]) for row in await cursor.fetchall()]
