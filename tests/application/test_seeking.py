"""That there is no order is said only when it is certain."""

from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from application.envelope import PendingEvents
from application.ports.order_repository import StoreUnavailableError
from application.seeking import OrderNotFoundError, seek, seek_history, seek_history_for
from contracts.order_repository_contract import SetClock, placing
from tests.samples import AUDITOR, ORDER_ID, SKD, TTD


class Late(InMemoryOrderRepository):
    """Is asked on a server that knows of some changes only when it is asked for a confirmation."""

    def __init__(self, *known_late: PendingEvents) -> None:
        super().__init__(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)
        self.late = list(known_late)
        self.confirmed = 0

    @override
    async def confirm(self) -> None:
        self.confirmed += 1
        if self.late:
            await self.append([self.late.pop()], by=TTD)


class Superseded(Late):
    """Another has taken its place, and it may not confirm anything."""

    @override
    async def confirm(self) -> None:
        raise StoreUnavailableError


async def test_what_is_found_needs_no_confirmation() -> None:
    orders = Late()
    await orders.append([placing(under=ORDER_ID)], by=TTD)

    assert (await seek(orders, ORDER_ID)).order_id == ORDER_ID
    assert [each.version for each in await seek_history(orders, ORDER_ID)] == [1]
    assert orders.confirmed == 0


async def test_what_was_recorded_elsewhere_is_found_after_a_confirmation() -> None:
    assert (await seek(Late(placing(under=ORDER_ID)), ORDER_ID)).order_id == ORDER_ID

    (line,) = await seek_history(Late(placing(under=ORDER_ID)), ORDER_ID)
    assert line.version == 1


async def test_what_is_not_found_after_a_confirmation_is_not_there() -> None:
    orders = Late()

    with pytest.raises(OrderNotFoundError):
        await seek(orders, ORDER_ID)
    with pytest.raises(OrderNotFoundError):
        await seek_history(orders, ORDER_ID)

    assert orders.confirmed == 2


async def test_where_nobody_can_confirm_it_nobody_says_that_there_is_none() -> None:
    with pytest.raises(StoreUnavailableError):
        await seek(Superseded(), ORDER_ID)
    with pytest.raises(StoreUnavailableError):
        await seek_history(Superseded(), ORDER_ID)


async def test_a_history_is_sought_for_its_owner_and_for_operators_alone() -> None:
    orders = Late()
    await orders.append([placing(under=ORDER_ID)], by=TTD)

    for reader in (TTD, AUDITOR):
        assert len(await seek_history_for(orders, ORDER_ID, reader)) == 1
    with pytest.raises(OrderNotFoundError):
        await seek_history_for(orders, ORDER_ID, SKD)
