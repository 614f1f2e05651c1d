"""Let support see what was sent to somebody who asks, whoever ordered it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import structlog

from application.envelope import Actor
from application.operations.recorder import ActRecorder
from application.ports.order_repository import OrderRepository, Spoilt
from application.ports.recipient_index import RecipientIndex
from application.unfolding import Unfolding
from domain.operations.acts import PersonLookedUp
from domain.order.events import OrderId
from domain.order.notification import Notification
from domain.order.order import Order
from domain.recipient import Organisation, Person

log = structlog.get_logger()

_AT_ONCE: Final = 200
"""So many orders are rebuilt at a time; somebody may have had very many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An order, and those of its notifications that were for whom was asked about."""

    order: Order
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An order for whom was asked about, whose history cannot be read."""

    order_id: OrderId


class SupportQueries:
    """Looks up notifications by recipient; each look-up is on record, with a keyed hash of the number."""

    def __init__(
        self, *, orders: OrderRepository, index: RecipientIndex, recorder: ActRecorder
    ) -> None:
        self._unfolding = Unfolding(orders)
        self._index = index
        self._recorder = recorder

    async def sent_to(
        self,
        recipient: Person | Organisation,
        *,
        since: datetime,
        until: datetime,
        by: Actor,
    ) -> AsyncIterator[Sent | Unreadable]:
        """The orders for somebody that were to be sent from `since` on and before `until`, newest first.

        Where the number has been erased, the order is nobody's any more.

        Raises:
            StoreUnavailableError: try again later.
        """
        found = await self._index.orders_for(recipient, since=since, until=until)
        kind: Literal["person", "organisation"] = (
            "person" if isinstance(recipient, Person) else "organisation"
        )
        asked = PersonLookedUp(
            kind=kind,
            identity_hash=self._index.identity_hash(recipient),
            since=since,
            until=until,
            orders=len(found),
        )
        await self._recorder.record(asked, by=by)
        log.info(
            "support_looked_up",
            owner=by.name,
            client=by.client,
            token=by.token,
            kind=kind,
            orders=len(found),
        )
        for start in range(0, len(found), _AT_ONCE):
            order_ids = found[start : start + _AT_ONCE]
            orders = await self._unfolding.orders(order_ids)
            for order_id in order_ids:
                order = orders[order_id]
                if isinstance(order, Spoilt):
                    yield Unreadable(order_id=order_id)
                    continue
                theirs = {
                    each.recipient_no
                    for each in order.placed.recipients
                    if each.identity == recipient
                }
                if theirs:
                    yield Sent(
                        order=order,
                        notifications=tuple(
                            each for each in order.notifications if each.recipient_no in theirs
                        ),
                    )
