"""The index of dialogues in PostgreSQL keeps the port's promises, also when it is rebuilt."""

from typing import Final
from uuid import uuid4

import msgspec
import pytest

from adapters.postgres.migrations import MIGRATIONS
from application.ports.dialogue_index import DialogueIndex
from contracts.dialogue_index_contract import DialogueIndexContract, in_dialogue
from contracts.order_repository_contract import placing
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import TTD, placed

MIGRATION: Final = (MIGRATIONS / "0340_dialogue_index.sql").read_bytes()


class TestPostgresDialogueIndex(DialogueIndexContract):
    @pytest.fixture
    def dialogues(self, store: PostgresStore) -> DialogueIndex:
        return store.dialogues


async def test_an_upgrade_brings_the_dialogues_of_before_so_that_nobody_waits_for_them(
    store: PostgresStore,
) -> None:
    dialogue = uuid4()
    several = [in_dialogue(str(dialogue).upper()), in_dialogue(dialogue.hex)]
    in_words = placing(
        msgspec.structs.replace(placed, senders_reference=f'"dialogue":{{"dialogue_id":"{uuid4()}"')
    )
    await store.orders.append([*several, in_dialogue("case 77"), in_words], by=TTD)
    async with store.pool.connection() as connection:
        await connection.execute("DROP TABLE dialogue_index")
        await connection.execute(MIGRATION)

    (standing,) = [each for each in await store.runner.standings() if each.name == "dialogue_index"]
    brought = await rows(store)

    assert standing.events_behind == 0
    assert [order_id for _, order_id in brought] == [each.order_id for each in several]
    await store.runner.rebuild("dialogue_index")
    assert await rows(store) == brought


async def rows(store: PostgresStore) -> list[tuple[object, ...]]:
    async with store.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT dialogue_id, order_id FROM dialogue_index ORDER BY position"
        )
        return await cursor.fetchall()
