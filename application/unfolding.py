"""Rebuild many orders, or what they were like on the way, at a pace that keeps nobody else waiting.

An order whose history cannot be read hides no other: it is told as spoilt, and an alarm names it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import structlog

from application.envelope import Recorded
from application.pace import Pace
from application.ports.order_repository import OrderRepository, Spoilt, SpoiltHistoryError
from domain.order.events import OrderEvent, OrderId
from domain.order.order import Order, unfold

log = structlog.get_logger()

_AT_ONCE: Final = 200
"""The histories of so many orders are read at a time."""
_ALARMS: Final = 10_000
"""So many spoilt orders are remembered, so that each is an alarm once."""


class Moment(NamedTuple):
    """An order as an event left it."""

    order: Order
    event: OrderEvent


States: TypeAlias = Mapping[int, Moment]
"""What an order was like, by version."""


async def states(
    order_id: OrderId, history: Sequence[Recorded], versions: Collection[int], pace: Pace
) -> States:
    """What an order was like at versions of it; its history is folded once.

    Raises:
        SpoiltHistoryError: the history is not what was recorded of an order.
    """
    found: dict[int, Moment] = {}
    known = history[: max(versions, default=0)]
    folding = unfold(order_id, [(each.event, each.recorded_at) for each in known], versions)
    for version, each in enumerate(known, start=1):
        try:
            order = next(folding)
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            raise SpoiltHistoryError(
                f"event {each.version} of order {order_id} does not follow from those before it: "
                f"{type(problem).__name__}"
            ) from None
        if each.version != version:
            raise SpoiltHistoryError(f"event {version} of order {order_id} is missing")
        if order is not None:
            found[version] = Moment(order, each.event)
        if pace.is_due:
            await pace.keep()
    if len(found) < len(versions):
        raise SpoiltHistoryError(f"the history of order {order_id} is cut short")
    return found


async def rebuilt(order_id: OrderId, history: Sequence[Recorded], pace: Pace) -> Order:
    """The order that a history leaves.

    Raises:
        SpoiltHistoryError: the history is not what was recorded of an order.
    """
    last = max(len(history), 1)
    return (await states(order_id, history, {last}, pace))[last].order


class Unfolding:
    """Reads many orders at once."""

    def __init__(self, orders: OrderRepository) -> None:
        self._orders = orders
        self._alarms: dict[OrderId, None] = {}

    async def orders(
        self, order_ids: Sequence[OrderId], *, until: datetime | None = None
    ) -> Mapping[OrderId, Order | Spoilt]:
        """Orders as they stand now, or as what was recorded before a moment left them.

        Those that do not exist, or did not then, are absent.

        Raises:
            StoreUnavailableError: try again later.
        """
        found: dict[OrderId, Order | Spoilt] = {}
        for start in range(0, len(order_ids), _AT_ONCE):
            histories = await self._orders.histories(order_ids[start : start + _AT_ONCE])
            with Pace() as pace:
                for order_id, history in histories.items():
                    by_then = history
                    if not isinstance(history, Spoilt) and until is not None:
                        by_then = [each for each in history if each.recorded_at < until]
                    if by_then:
                        found[order_id] = await self._rebuilt(order_id, by_then, pace)
        return found

    async def states(
        self, wanted: Mapping[OrderId, Collection[int]]
    ) -> Mapping[OrderId, States | Spoilt]:
        """What orders were like at versions of theirs, but for what their messages say.

        Raises:
            StoreUnavailableError: try again later.
        """
        found: dict[OrderId, States | Spoilt] = {}
        histories = await self._orders.outlines(list(wanted))
        with Pace() as pace:
            for order_id, versions in wanted.items():
                history = histories.get(order_id, ())
                try:
                    found[order_id] = (
                        history
                        if isinstance(history, Spoilt)
                        else await states(order_id, history, versions, pace)
                    )
                except SpoiltHistoryError as problem:
                    found[order_id] = Spoilt(str(problem))
        for order_id, so in found.items():
            if isinstance(so, Spoilt):
                self.sound_alarm(order_id, so)
        return found

    async def _rebuilt(
        self, order_id: OrderId, history: Sequence[Recorded] | Spoilt, pace: Pace
    ) -> Order | Spoilt:
        spoilt = history
        if not isinstance(spoilt, Spoilt):
            try:
                return await rebuilt(order_id, spoilt, pace)
            except SpoiltHistoryError as problem:
                spoilt = Spoilt(str(problem))
        self.sound_alarm(order_id, spoilt)
        return spoilt

    def sound_alarm(self, order_id: OrderId, spoilt: Spoilt) -> None:
        """Name an order whose history cannot be read to the operator, once."""
        if order_id in self._alarms:
            return
        self._alarms[order_id] = None
        while len(self._alarms) > _ALARMS:
            del self._alarms[next(iter(self._alarms))]
        log.critical(
            "history_spoilt",
            order_id=str(order_id),
            because=spoilt.because,
            does="goes on with other orders; somebody has to look into this one",
        )
