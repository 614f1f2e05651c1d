"""The store in memory keeps the promises of the one in PostgreSQL."""

from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.tests.persistence import ApplicationRecorderTestCase
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import (
    InMemoryAgenda,
    InMemoryOrderIndex,
    InMemoryOrderRepository,
)
from adapters.memory.owner_records import InMemoryOwnerRecords
from adapters.memory.report_inbox import InMemoryReportInbox
from adapters.memory.status_feed import InMemoryStatusFeed
from contracts.agenda_contract import AgendaContract
from contracts.key_vault_contract import KeyVaultContract
from contracts.order_index_contract import OrderIndexContract
from contracts.order_repository_contract import (
    Erase,
    OrderRepositoryContract,
    SetClock,
    Spoil,
    placing,
)
from contracts.report_inbox_contract import ReportInboxContract
from contracts.status_feed_contract import StatusFeedContract
from domain.order.events import OrderId
from domain.personal import PersonalClass
from tests.samples import TTD


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def vault() -> InMemoryKeyVault:
    return InMemoryKeyVault()


@pytest.fixture
def orders(vault: InMemoryKeyVault, clock: SetClock) -> InMemoryOrderRepository:
    return InMemoryOrderRepository(vault=vault, clock=clock, next_id=uuid4)


@pytest.fixture
def erase(orders: InMemoryOrderRepository) -> Erase:
    async def by_kind(order_id: OrderId, kind: PersonalClass) -> None:
        orders.erase(order_id, kind)

    return by_kind


@pytest.fixture
def spoil(orders: InMemoryOrderRepository) -> Spoil:
    async def last(order_id: OrderId) -> None:
        orders.spoil(order_id)

    return last


@pytest.fixture
def records(orders: InMemoryOrderRepository, clock: SetClock) -> InMemoryOwnerRecords:
    return InMemoryOwnerRecords(orders.log, clock=clock, next_id=uuid4)


@pytest.fixture
def agenda(orders: InMemoryOrderRepository, records: InMemoryOwnerRecords) -> InMemoryAgenda:
    return InMemoryAgenda(orders, suspended=lambda: records.who_is_suspended)


@pytest.fixture
def index(orders: InMemoryOrderRepository) -> InMemoryOrderIndex:
    return InMemoryOrderIndex(orders)


@pytest.fixture
def inbox(orders: InMemoryOrderRepository) -> InMemoryReportInbox:
    return InMemoryReportInbox(orders)


class TestInMemoryOrderRepository(OrderRepositoryContract):
    pass


class TestInMemoryAgenda(AgendaContract):
    pass


class TestInMemoryOrderIndex(OrderIndexContract):
    pass


class TestInMemoryReportInbox(ReportInboxContract):
    pass


class TestInMemoryKeyVault(KeyVaultContract):
    pass


class TestTheLibrarysRecorder(ApplicationRecorderTestCase[POPOApplicationRecorder]):
    """What the store in memory stands on passes the library's own suite."""

    @override
    def create_recorder(self) -> POPOApplicationRecorder:
        return POPOApplicationRecorder()


class TestInMemoryStatusFeed(StatusFeedContract):
    @pytest.fixture
    def feed(self, orders: InMemoryOrderRepository) -> InMemoryStatusFeed:
        return InMemoryStatusFeed(orders)


async def test_what_is_recorded_of_others_than_orders_is_passed_by(
    orders: InMemoryOrderRepository,
) -> None:
    another = OrderId(uuid4())
    orders.log.insert_events([StoredEvent(another, 1, "owner.resumed", b"{}")])
    (opened,) = await orders.append([placing()], by=TTD)

    assert [each.order_id for each in orders.everything()] == [opened.order_id]
    assert [each.order_id for _, each in orders.follow(after=0)] == [opened.order_id]
    assert await orders.load([another]) == {}
