"""An owner has its own orders explained and an operator everybody's, and that is on record."""

from uuid import uuid4

import pytest

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryAgenda, InMemoryOrderRepository
from adapters.memory.registry_copies import InMemoryRegistryCopies
from application.delivery.usable_copies import UsableCopies
from application.envelope import SERVICE, Actor, Role
from application.operations.recorder import ActRecorder
from application.queries.resolution import ResolutionQueries
from application.queries.resolution_words import Outcome
from application.seeking import OrderNotFoundError
from contracts.order_repository_contract import SetClock, going_on, placing, resolved
from domain.operations.acts import HistoryRead
from tests.samples import AUDITOR, NOON, ORDER_ID, SKD, TTD


class Archive:
    """An order of ttd's that was resolved, and whoever has it explained."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=self.clock, next_id=uuid4
        )
        self.acts = InMemoryActLog()
        recorder = ActRecorder(log=self.acts, clock=self.clock, next_id=uuid4)
        self.explaining = ResolutionQueries(
            orders=self.orders,
            agenda=InMemoryAgenda(self.orders),
            copies=UsableCopies(InMemoryRegistryCopies(), clock=self.clock),
            recorder=recorder,
        )

    async def live(self) -> None:
        (order,) = await self.orders.append([placing(under=ORDER_ID)], by=TTD)
        await self.orders.append([going_on(order, resolved("kari@post.example.no"))], by=SERVICE)


@pytest.fixture
async def archive() -> Archive:
    archive = Archive()
    await archive.live()
    return archive


@pytest.mark.parametrize("reader", [TTD, AUDITOR], ids=["owner", "operator"])
async def test_an_order_is_explained_to_whoever_may_read_its_history(
    archive: Archive, reader: Actor
) -> None:
    told = await archive.explaining.explain(ORDER_ID, by=reader)

    (recipient,) = told.recipients
    at_order, before_sending = recipient.lookups
    assert at_order.outcome is Outcome.NOT_KEPT
    assert [each.address for each in before_sending.found] == ["k***@p***.no"]


async def test_another_owners_order_is_as_absent_as_none(archive: Archive) -> None:
    with pytest.raises(OrderNotFoundError):
        await archive.explaining.explain(ORDER_ID, by=SKD)

    assert await archive.acts.latest(roles=set(Role), since=NOON, most=10) == []


async def test_that_an_order_was_explained_is_on_record_with_who_and_why(archive: Archive) -> None:
    await archive.explaining.explain(ORDER_ID, by=AUDITOR, reason="Kari asked")

    (act,) = await archive.acts.latest(roles=set(Role), since=NOON, most=10)
    assert (act.recorded_by, act.reason) == (AUDITOR, "Kari asked")
    assert act.act == HistoryRead(order_id=ORDER_ID)
