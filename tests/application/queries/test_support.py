"""Support sees what was sent to somebody, of every owner, and of others in the same orders nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.recipient_index import InMemoryRecipientIndex
from application.envelope import SERVICE, Actor, Role
from application.operations.recorder import ActRecorder
from application.queries.support import Sent, SupportQueries, Unreadable
from contracts.order_repository_contract import SetClock, going_on, placing, resolved
from domain.order.events import NotificationNo
from domain.personal import Contact
from domain.recipient import Direct, Person, Recipient, RecipientNo
from tests.samples import KARI, NOON, OLA, SKD, TTD, placed

DESK = Actor(role=Role.SUPPORT, name="altinn", client="desk-1")
DAY = timedelta(days=1)


class House:
    """Orders, and the desk that looks people up in them."""

    def __init__(self) -> None:
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4
        )
        self.support = SupportQueries(
            orders=self.orders,
            index=InMemoryRecipientIndex(self.orders),
            recorder=ActRecorder(log=InMemoryActLog(), clock=lambda: NOON, next_id=uuid4),
        )

    async def sent_to(
        self, person: Person, *, since: datetime = NOON, until: datetime = NOON + DAY
    ) -> Sequence[Sent | Unreadable]:
        return [
            each async for each in self.support.sent_to(person, since=since, until=until, by=DESK)
        ]


@pytest.fixture
def house() -> House:
    return House()


async def test_the_orders_of_every_owner_are_seen_the_newest_first(house: House) -> None:
    later = msgspec.structs.replace(
        placed, owner="skd", requested_send_time=NOON + timedelta(hours=1)
    )
    (first,) = await house.orders.append([placing()], by=TTD)
    (second,) = await house.orders.append([placing(later)], by=SKD)

    seen = await house.sent_to(KARI)

    assert [each.order.order_id for each in seen if isinstance(each, Sent)] == [
        second.order_id,
        first.order_id,
    ]


async def test_of_an_order_for_many_only_their_own_notifications_are_seen(house: House) -> None:
    for_both = msgspec.structs.replace(
        placed, recipients=(Recipient(RecipientNo(0), KARI), Recipient(RecipientNo(1), OLA))
    )
    (order,) = await house.orders.append([placing(for_both)], by=TTD)
    olas = msgspec.structs.replace(
        resolved(),
        recipient_no=RecipientNo(1),
        targets=(
            msgspec.structs.replace(
                resolved().targets[0],
                notification_no=NotificationNo(1),
                address=Contact("ola@example.org"),
            ),
        ),
    )
    await house.orders.append([going_on(order, resolved(), olas)], by=SERVICE)

    (seen,) = await house.sent_to(OLA)

    assert isinstance(seen, Sent)
    assert [each.recipient_no for each in seen.notifications] == [1]


async def test_what_was_to_be_sent_at_another_time_is_not_looked_for(house: House) -> None:
    await house.orders.append([placing()], by=TTD)

    assert len(await house.sent_to(KARI)) == 1
    assert await house.sent_to(KARI, since=NOON - DAY, until=NOON) == []
    assert await house.sent_to(KARI, since=NOON + timedelta(seconds=1)) == []


async def test_an_address_is_nobody_whom_support_could_look_up(house: House) -> None:
    direct = Direct(email=Contact("kari@example.org"))
    to_address = msgspec.structs.replace(placed, recipients=(Recipient(RecipientNo(0), direct),))
    await house.orders.append([placing(to_address)], by=TTD)

    assert await house.sent_to(KARI) == []
