"""What every index of orders promises; a suite for each names its stand."""

from datetime import timedelta

import msgspec
import pytest

from application.envelope import SERVICE, PendingEvents
from application.ports.order_index import OrderIndex
from application.ports.order_repository import OrderRepository
from contracts.order_repository_contract import SetClock, going_on, placing, resolved
from contracts.samples import TTD, placed


def called(reference: str | None, owner: str = "ttd") -> PendingEvents:
    return placing(msgspec.structs.replace(placed, senders_reference=reference, owner=owner))


class OrderIndexContract:
    async def test_it_finds_orders_by_what_their_owner_calls_them(
        self, orders: OrderRepository, index: OrderIndex, clock: SetClock
    ) -> None:
        first, other, second = called("case-1"), called("case-2"), called("case-1")
        for change in (first, other, second):
            await orders.append([change], by=TTD)
            clock.now -= timedelta(hours=1)  # it is the order of recording that counts

        found = await index.with_reference("ttd", "case-1")

        assert list(found) == [first.order_id, second.order_id]

    async def test_everything_accepted_before_the_question_is_in_the_answer(
        self, orders: OrderRepository, index: OrderIndex
    ) -> None:
        for count in range(1, 6):
            await orders.append([called("case-1")], by=TTD)
            assert len(await index.with_reference("ttd", "case-1")) == count

    async def test_what_happens_to_an_order_does_not_make_it_two(
        self, orders: OrderRepository, index: OrderIndex
    ) -> None:
        (order,) = await orders.append([called("case-1")], by=TTD)
        await orders.append([going_on(order, resolved())], by=SERVICE)

        assert list(await index.with_reference("ttd", "case-1")) == [order.order_id]

    async def test_another_owners_order_is_not_found(
        self, orders: OrderRepository, index: OrderIndex
    ) -> None:
        await orders.append([called("case-1", owner="skd")], by=TTD)

        assert list(await index.with_reference("ttd", "case-1")) == []

    @pytest.mark.parametrize("asked", ["CASE-1", "case-1 ", "case", "case-%", "case_1", ""])
    async def test_only_exactly_that_reference_is_found(
        self, orders: OrderRepository, index: OrderIndex, asked: str
    ) -> None:
        await orders.append([called("case-1")], by=TTD)

        assert list(await index.with_reference("ttd", asked)) == []

    @pytest.mark.parametrize("blank", ["", "  ", None])
    async def test_a_blank_reference_is_none(
        self, orders: OrderRepository, index: OrderIndex, blank: str | None
    ) -> None:
        await orders.append([called(blank)], by=TTD)

        assert list(await index.with_reference("ttd", blank or "")) == []

    @pytest.mark.parametrize("odd", ["æøå 🦉", "'; drop table order_index; --", "a" * 2000])
    async def test_odd_references_are_references(
        self, orders: OrderRepository, index: OrderIndex, odd: str
    ) -> None:
        await orders.append([order := called(odd)], by=TTD)

        assert list(await index.with_reference("ttd", odd)) == [order.order_id]

    async def test_a_reference_that_cannot_be_looked_for_hides_no_other(
        self, orders: OrderRepository, index: OrderIndex
    ) -> None:
        await orders.append([called("case\0one")], by=TTD)
        await orders.append([after := called("case-1")], by=TTD)

        await index.with_reference("ttd", "case\0one")

        assert list(await index.with_reference("ttd", "case-1")) == [after.order_id]
