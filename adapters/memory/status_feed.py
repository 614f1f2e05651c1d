"""The status feed over a repository in memory."""

from collections.abc import Sequence

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.status_feed import ENDS, UNSEEN, FeedEntry
from domain.order.events import OrderPlaced


class InMemoryStatusFeed:
    """Reads the log from its beginning, each time."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders

    async def page(
        self, owner: str, *, after: int, size: int, is_descending: bool, every_transition: bool
    ) -> Sequence[FeedEntry]:
        entries: list[FeedEntry] = []
        owners: dict[object, str] = {}
        for position, each in self._orders.follow(after=0):
            if isinstance(each.event, OrderPlaced):
                owners[each.order_id] = each.event.owner
            is_seen = not isinstance(each.event, UNSEEN)
            is_asked_for = isinstance(each.event, ENDS) or (every_transition and is_seen)
            if owners[each.order_id] == owner and is_asked_for:
                entries.append(
                    FeedEntry(position=position, order_id=each.order_id, version=each.version)
                )
        if is_descending:
            below = [each for each in entries if not after or each.position < after]
            return below[::-1][:size]
        return [each for each in entries if each.position > after][:size]
