"""The ledger in memory."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from application.ports.owner_ledger import REMEMBERED, Amount, QuotaLimit
from domain.order.events import OrderId


@dataclass(slots=True, kw_only=True)
class _Counted:
    owner: str
    day: date
    amount: Amount
    asked: int = 1


class InMemoryOwnerLedger:
    """Keeps the ledger for one process."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, date], Amount] = defaultdict(Amount)
        self._orders: dict[OrderId, _Counted] = {}

    async def take(
        self,
        owner: str,
        day: date,
        amount: Amount,
        ceiling: QuotaLimit,
        *,
        order_id: OrderId | None = None,
    ) -> Amount | None:
        if order_id is not None and (counted := self._orders.get(order_id)) is not None:
            counted.asked += 1
            return self._used[owner, day]
        before = self._used[owner, day]
        after = Amount(before.recipients + amount.recipients, before.segments + amount.segments)
        if _is_above(after.recipients, ceiling.recipients) or _is_above(
            after.segments, ceiling.segments
        ):
            return None
        self._used[owner, day] = after
        if order_id is not None:
            self._orders[order_id] = _Counted(owner=owner, day=day, amount=amount)
        self._forget(before=day - REMEMBERED)
        return after

    async def give_back(self, order_id: OrderId) -> None:
        counted = self._orders.get(order_id)
        if counted is None:
            return
        counted.asked -= 1
        if counted.asked == 0:
            del self._orders[order_id]
            used = self._used[counted.owner, counted.day]
            self._used[counted.owner, counted.day] = Amount(
                used.recipients - counted.amount.recipients,
                used.segments - counted.amount.segments,
            )

    async def used(self, owner: str, day: date) -> Amount:
        return self._used[owner, day]

    def _forget(self, *, before: date) -> None:
        self._orders = {name: each for name, each in self._orders.items() if each.day >= before}


def _is_above(amount: int, most: int | None) -> bool:
    return most is not None and amount > most
