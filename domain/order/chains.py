"""Withdraw an order together with the reminders that it has."""

from collections.abc import Sequence
from datetime import datetime

from domain.order.errors import TooLateToCancelError
from domain.order.events import OrderEvent
from domain.order.order import Order
from domain.order.state import evolve_all


def cancel_with_reminders(
    main: Order, reminders: Sequence[Order], now: datetime
) -> Sequence[tuple[Order, Sequence[OrderEvent]]]:
    """Withdraw an order; what would remind of it goes with it. None if all is withdrawn already.

    Raises:
        TooLateToCancelError: the order begins in five minutes or less, or has begun.
    """
    events = main.cancel(now)
    after = evolve_all(main, events, now)
    decided = [(main, events), *((each, each.follow(after)) for each in reminders)]
    return [(order, its) for order, its in decided if its]


def cancel_chain(
    main: Order, reminders: Sequence[Order], now: datetime
) -> Sequence[tuple[Order, Sequence[OrderEvent]]]:
    """Withdraw whatever of a chain has not begun: the order with its reminders, or the reminders alone.

    Raises:
        TooLateToCancelError: all of it begins in five minutes or less, or has begun.
    """
    try:
        return cancel_with_reminders(main, reminders, now)
    except TooLateToCancelError:
        decided = []
        can_be_cancelled = False
        for each in reminders:
            try:
                decided.append((each, each.cancel(now)))
            except TooLateToCancelError:
                continue
            can_be_cancelled = True
        if not can_be_cancelled:
            raise
        return [(order, its) for order, its in decided if its]
