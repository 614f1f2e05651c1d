"""Each event is recorded with who, when and in which place of its history; a change leaves an order."""

from uuid import UUID

import pytest

from application.envelope import SERVICE, PendingEvents, changed, recorded
from contracts.order_repository_contract import going_on, placing, resolved
from domain.order.events import OrderCancelled
from domain.order.order import open_order
from domain.order.state import OrderStatus
from tests.samples import NOON, ORDER_ID, TTD, placed

COMMAND = UUID(int=7)


def test_a_new_order_opens_with_being_placed() -> None:
    order = changed(placing(under=ORDER_ID), NOON)

    assert order == open_order(ORDER_ID, placed, NOON)
    assert order.version == 1


def test_nothing_can_happen_to_an_order_before_it_is_placed() -> None:
    change = PendingEvents(order_id=ORDER_ID, before=None, events=(OrderCancelled(),))

    with pytest.raises(TypeError, match="opens with OrderPlaced"):
        changed(change, NOON)


def test_a_change_goes_on_from_the_order_as_it_was_read() -> None:
    order = open_order(ORDER_ID, placed, NOON)

    left = changed(going_on(order, OrderCancelled()), NOON)

    assert left.status is OrderStatus.CANCELLED
    assert left.version == 2
    assert order.status is not OrderStatus.CANCELLED


def test_events_are_numbered_after_the_version_that_was_read() -> None:
    first = placing(under=ORDER_ID)
    second = going_on(open_order(ORDER_ID, placed, NOON), resolved(), OrderCancelled())

    lines = list(recorded([first, second], NOON, SERVICE, COMMAND))

    assert (first.after, second.after) == (0, 1)
    assert [each.version for each in lines] == [1, 2, 3]
    assert [each.event for each in lines] == [placed, resolved(), OrderCancelled()]


def test_an_envelope_says_who_and_when_and_in_which_append() -> None:
    (line,) = recorded([placing(under=ORDER_ID)], NOON, TTD, COMMAND)

    assert (line.order_id, line.recorded_by, line.recorded_at) == (ORDER_ID, TTD, NOON)
    assert line.command_id == COMMAND
