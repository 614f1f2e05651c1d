"""A projection asks the log once how an order was placed, however many events follow."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.projections.placing import PLACED, Placings
from adapters.projections.projection import FeedEvent
from application.ports.order_repository import SpoiltHistoryError

FIRST = b'{"event":{"owner":"ttd"}}'


class Log:
    """A log that gives first events, and counts those that it was asked for."""

    def __init__(self, *known: UUID) -> None:
        self._known = known
        self.asked: list[UUID] = []

    async def execute(self, _: str, asked: tuple[list[UUID]], **__: bool) -> "Log":
        self.asked += asked[0]
        return self

    async def fetchall(self) -> Sequence[tuple[UUID, bytes]]:
        return [(each, FIRST) for each in self._known if each in self.asked]


def later(order_id: UUID, version: int) -> FeedEvent:
    return FeedEvent(version, order_id, version, "order.notification_sent", b"{}")


async def test_the_log_is_asked_once_for_an_order_of_which_much_is_told() -> None:
    order_id = uuid4()
    log: Any = Log(order_id)
    placings = Placings()

    for version in range(2, 50):
        placed = await placings.of(log, [later(order_id, version)])
        assert placed[order_id.int].owner == "ttd"

    assert log.asked == [order_id]


async def test_what_was_seen_to_be_placed_is_not_asked_for() -> None:
    order_id = uuid4()
    log: Any = Log()
    placings = Placings()

    await placings.of(log, [FeedEvent(1, order_id, 1, PLACED, FIRST)])
    await placings.of(log, [later(order_id, 2)])

    assert log.asked == []


async def test_of_many_orders_those_are_forgotten_that_were_spoken_of_first() -> None:
    orders = [uuid4() for _ in range(5)]
    log: Any = Log(*orders)
    placings = Placings(most=3)

    for order_id in orders:
        await placings.of(log, [later(order_id, 2)])
    await placings.of(log, [later(orders[4], 3)])
    await placings.of(log, [later(orders[0], 3)])

    assert log.asked == [*orders, orders[0]]


async def test_an_order_that_was_never_placed_is_spoilt() -> None:
    log: Any = Log()

    with pytest.raises(SpoiltHistoryError):
        await Placings().of(log, [later(uuid4(), 2)])
