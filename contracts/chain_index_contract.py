"""What every index of chains promises; a suite for each names its stand."""

from uuid import uuid4

import msgspec

from application.envelope import PendingEvents
from application.ports.chain_index import ChainIndex
from application.ports.order_repository import OrderRepository
from contracts.order_repository_contract import placing
from contracts.samples import TTD, placed
from domain.order.events import Chain, ChainId, OrderKind


def in_chain(chain_id: ChainId, kind: OrderKind = OrderKind.NOTIFICATION) -> PendingEvents:
    return placing(msgspec.structs.replace(placed, kind=kind, chain=Chain(chain_id)))


class ChainIndexContract:
    async def test_a_chain_leads_to_the_order_that_it_began_with(
        self, orders: OrderRepository, chains: ChainIndex
    ) -> None:
        one, other = ChainId(uuid4()), ChainId(uuid4())
        first, second = in_chain(one), in_chain(other)
        await orders.append([first, in_chain(one, OrderKind.REMINDER)], by=TTD)
        await orders.append([second], by=TTD)

        assert await chains.main_order(one) == first.order_id
        assert await chains.main_order(other) == second.order_id

    async def test_there_is_no_order_of_a_chain_that_is_not_there(
        self, orders: OrderRepository, chains: ChainIndex
    ) -> None:
        change = in_chain(ChainId(uuid4()))
        await orders.append([change], by=TTD)

        assert await chains.main_order(ChainId(uuid4())) is None
        assert await chains.main_order(ChainId(change.order_id)) is None
