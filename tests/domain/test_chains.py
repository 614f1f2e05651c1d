"""Reminders follow the order that they remind of; a chain is withdrawn as far as it has not begun."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from domain.order.chains import cancel_chain, cancel_with_reminders
from domain.order.errors import TooLateToCancelError
from domain.order.events import (
    Chain,
    ChainId,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderId,
    OrderKind,
    ReminderLink,
    SendConditionNotMet,
    Withdrawal,
)
from domain.order.order import Order, open_order
from domain.order.state import OrderStatus, evolve_all
from domain.personal import Content
from tests.samples import NOON, ORDER_ID, placed

CHAIN = ChainId(ORDER_ID)
FIRST, SECOND = (OrderId(UUID(int=ORDER_ID.int + n)) for n in (1, 2))
BEFORE = NOON - timedelta(hours=1)
A_DAY = timedelta(days=1)


def main(*events: OrderEvent, at: datetime = NOON) -> Order:
    links = (ReminderLink(FIRST), ReminderLink(SECOND))
    opened = open_order(
        ORDER_ID,
        msgspec.structs.replace(
            placed, chain=Chain(CHAIN, links), condition=Content("https://owner.example/ok")
        ),
        BEFORE,
    )
    return evolve_all(opened, events, at)


def reminder(order_id: OrderId, after: timedelta) -> Order:
    asked = msgspec.structs.replace(
        placed,
        kind=OrderKind.REMINDER,
        requested_send_time=NOON + after,
        chain=Chain(CHAIN, reminds_of=ORDER_ID),
    )
    return open_order(order_id, asked, BEFORE)


def reminders() -> list[Order]:
    return [reminder(FIRST, A_DAY), reminder(SECOND, 7 * A_DAY)]


def named(decided: Sequence[tuple[Order, Sequence[OrderEvent]]]) -> dict[OrderId, list[OrderEvent]]:
    return {order.order_id: list(events) for order, events in decided}


BY_ITSELF = OrderCancelled()
WITH_IT = OrderCancelled(because=Withdrawal.MAIN_ORDER_CANCELLED)


def test_who_cancels_an_order_withdraws_its_reminders_with_that_reason() -> None:
    decided = cancel_with_reminders(main(), reminders(), BEFORE)

    assert named(decided) == {ORDER_ID: [BY_ITSELF], FIRST: [WITH_IT], SECOND: [WITH_IT]}


def test_reminders_that_an_earlier_cancel_left_are_withdrawn_by_the_next() -> None:
    decided = cancel_with_reminders(main(BY_ITSELF), reminders(), NOON)

    assert named(decided) == {FIRST: [WITH_IT], SECOND: [WITH_IT]}


def test_to_cancel_twice_is_to_cancel_once() -> None:
    withdrawn = [evolve_all(each, [WITH_IT], NOON) for each in reminders()]

    assert cancel_with_reminders(main(BY_ITSELF), withdrawn, NOON) == []


def test_an_order_that_has_begun_is_not_cancelled_and_neither_are_its_reminders() -> None:
    with pytest.raises(TooLateToCancelError):
        cancel_with_reminders(main(), reminders(), NOON)


def test_a_chain_is_withdrawn_as_an_order_with_its_reminders() -> None:
    assert cancel_chain(main(), reminders(), BEFORE) == cancel_with_reminders(
        main(), reminders(), BEFORE
    )


def test_of_a_chain_whose_order_has_been_sent_the_reminders_are_withdrawn_that_are_to_come() -> (
    None
):
    decided = cancel_chain(main(), reminders(), NOON + 2 * A_DAY)

    assert named(decided) == {SECOND: [BY_ITSELF]}


def test_a_chain_of_which_all_has_begun_is_not_cancelled() -> None:
    with pytest.raises(TooLateToCancelError):
        cancel_chain(main(), reminders(), NOON + 8 * A_DAY)


def test_a_reminder_of_an_order_whose_condition_said_no_is_withdrawn_with_that_reason() -> None:
    refused = main(SendConditionNotMet(), OrderCompleted())

    (event,) = reminder(FIRST, A_DAY).follow(refused)

    assert event == OrderCancelled(because=Withdrawal.MAIN_CONDITION_NOT_MET)


def test_a_reminder_of_an_order_that_stands_stands() -> None:
    assert main().status is OrderStatus.REGISTERED
    assert reminder(FIRST, A_DAY).follow(main()) == ()


def test_a_reminder_that_is_withdrawn_already_is_not_withdrawn_again() -> None:
    withdrawn = evolve_all(reminder(FIRST, A_DAY), [WITH_IT], NOON)

    assert withdrawn.status is OrderStatus.CANCELLED
    assert withdrawn.follow(main(BY_ITSELF)) == ()
