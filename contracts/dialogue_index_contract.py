"""What every index of dialogues promises; a suite for each names its stand."""

from uuid import uuid4

import msgspec

from application.envelope import PendingEvents
from application.ports.dialogue_index import DialogueIndex
from application.ports.order_repository import OrderRepository
from contracts.order_repository_contract import placing
from contracts.samples import SKD, TTD, placed
from domain.order.events import Dialogue, OrderKind


def in_dialogue(written: str | None, kind: OrderKind = OrderKind.NOTIFICATION) -> PendingEvents:
    return placing(msgspec.structs.replace(placed, kind=kind, dialogue=Dialogue(written)))


class DialogueIndexContract:
    async def test_it_finds_every_owners_orders_of_a_dialogue_in_the_order_in_which_they_came(
        self, orders: OrderRepository, dialogues: DialogueIndex
    ) -> None:
        one, other = uuid4(), uuid4()
        first, second = in_dialogue(str(one)), in_dialogue(str(one), OrderKind.REMINDER)
        third, elsewhere = in_dialogue(str(one)), in_dialogue(str(other))
        await orders.append([first, second], by=TTD)
        await orders.append([elsewhere, placing()], by=TTD)
        await orders.append([third], by=SKD)

        assert await dialogues.orders_of(one) == [
            first.order_id,
            second.order_id,
            third.order_id,
        ]

    async def test_a_dialogue_is_known_however_its_id_was_written(
        self, orders: OrderRepository, dialogues: DialogueIndex
    ) -> None:
        dialogue = uuid4()
        several = [in_dialogue(str(dialogue).upper()), in_dialogue(dialogue.hex)]
        await orders.append(several, by=TTD)

        assert await dialogues.orders_of(dialogue) == [each.order_id for each in several]

    async def test_what_is_no_uuid_can_be_ordered_and_not_be_asked_for(
        self, orders: OrderRepository, dialogues: DialogueIndex
    ) -> None:
        dialogue = uuid4()
        await orders.append(
            [in_dialogue("case 77"), in_dialogue(f"urn:uuid:{dialogue}"), in_dialogue(None)], by=TTD
        )

        assert await dialogues.orders_of(dialogue) == []
