"""The addresses that bounced, in memory: the port's promises are kept."""

from uuid import uuid4

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.suppressions import InMemorySuppressions
from contracts.order_repository_contract import Erase, SetClock
from contracts.suppressions_contract import Settled, SuppressionsContract
from domain.order.events import OrderId
from domain.personal import PersonalClass


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def orders(clock: SetClock) -> InMemoryOrderRepository:
    return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=clock, next_id=uuid4)


@pytest.fixture
def suppressions(orders: InMemoryOrderRepository) -> InMemorySuppressions:
    return InMemorySuppressions(orders, InMemoryKeyVault())


@pytest.fixture
def settled() -> Settled:
    async def at_once() -> None:
        """Return: the log is read whenever somebody asks."""

    return at_once


@pytest.fixture
def erase(orders: InMemoryOrderRepository) -> Erase:
    async def erased(order_id: OrderId, kind: PersonalClass) -> None:
        orders.erase(order_id, kind)

    return erased


class TestInMemorySuppressions(SuppressionsContract):
    pass
