"""Hand a message over while its sender waits: a code to log in with, a warning."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec.structs import replace

from application.delivery.handover import HandoverService, OrderSession, attempts_in
from application.envelope import PendingEvents
from application.ordering.admission import Admission
from application.ordering.commands import ChainReceipt, HandoverFailedError, PlaceInstant
from application.ordering.order_ids import OrderNames, receipt_of, repeated
from application.ports.order_repository import (
    ConcurrentUpdateError,
    OrderRepository,
    StoreUnavailableError,
)
from application.ports.owner_agreements import OwnerAgreements
from application.seeking import OrderNotFoundError, seek
from domain.order.errors import CannotBePlacedError
from domain.order.events import (
    Chain,
    ChainId,
    NotificationAttempted,
    NotificationNo,
    OrderEvent,
    OrderId,
    OrderKind,
)
from domain.order.limits import USUAL, Limits
from domain.order.notification import Attempting, Expired, Pending
from domain.order.order import Order, open_order
from domain.order.placing import place
from domain.order.state import evolve_all
from domain.recipient import Direct, RecipientNo
from domain.resolution import DirectFinding, resolve

log = structlog.get_logger()

WAIT: Final = timedelta(seconds=10)
"""For so long a sender waits for the provider's word; after that the history tells it."""

_NAMESPACE: Final = "instant"
_ONLY: Final = NotificationNo(0)
_LOOK_AGAIN: Final = 0.05


class InstantOrderService:
    """Takes instant orders, and answers when the provider has.

    The order and its attempt are recorded together, before the first byte leaves: of two who ask
    under one key at the same time only one sends.
    What one provider certainly did not take is offered to the next within the sender's wait, each
    attempt recorded before it is made; after that it may be asked for again under the same key.
    What any may have taken is never sent a second time.
    """

    def __init__(
        self,
        *,
        orders: OrderRepository,
        names: OrderNames,
        hand_over: HandoverService,
        admission: Admission,
        agreements: OwnerAgreements,
        clock: Callable[[], datetime],
        wait: timedelta = WAIT,
        limits: Limits = USUAL,
    ) -> None:
        self._orders = orders
        self._names = names
        self._hand_over = hand_over
        self._admission = admission
        self._agreements = agreements
        self._limits = limits
        self._clock = clock
        self._wait = wait.total_seconds()
        self._sending: set[asyncio.Task[Order]] = set()

    def order_id(self, command: PlaceInstant) -> OrderId:
        """Name the order that is meant by a key, whether or not it has been placed."""
        return self._name(command, "order")

    async def place(self, command: PlaceInstant) -> ChainReceipt:
        """Place an instant order, and hand it over; under a key that was used, that order is meant.

        What was placed under the key before is answered for as it was, whatever applies now.

        Raises:
            CannotBePlacedError: it breaks rules of orders; nothing was recorded, and nothing sent.
            OwnerStoppedError, QuotaExceededError: the owner may not order now; nothing was sent.
            HandoverFailedError: no provider took it, certainly; ask again, under the same key.
            StoreUnavailableError: nothing was sent; try again later, under the same key.
        """
        order_id = self.order_id(command)
        async with await self._admission.of(command.by.name, [command.order], order_id) as admitted:
            receipt = await self._place(command, order_id)
            admitted.is_void = receipt.is_repeat
        return replace(receipt, standing=admitted.standing)

    async def _place(self, command: PlaceInstant, order_id: OrderId) -> ChainReceipt:
        digest = self._names.digest(command.order)
        try:
            opening = await self._opening(command, order_id, digest, self._clock())
        except CannotBePlacedError as refused:
            # It may not be placed any more, and have been before.
            try:
                await seek(self._orders, order_id)
            except OrderNotFoundError:
                raise refused from None
            return await self._again(order_id, digest)
        try:
            (order,) = await self._orders.append(
                [PendingEvents(order_id=order_id, before=None, events=opening)], by=command.by
            )
        except ConcurrentUpdateError:
            return await self._again(order_id, digest)
        _refuse_what_was_not_taken(await self._send(order, opening))
        return receipt_of(order, is_repeat=False, is_same_request=True)

    async def aclose(self) -> None:
        """Wait for the hand-overs that are under way."""
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _name(self, command: PlaceInstant, part: str) -> OrderId:
        owner, key = command.by.name, command.idempotency_key
        return OrderId(self._names.order_id(owner, _NAMESPACE, key, part))

    async def _opening(
        self, command: PlaceInstant, order_id: OrderId, digest: str, now: datetime
    ) -> tuple[OrderEvent, ...]:
        placed = place(
            command.order,
            owner=command.by.name,
            kind=OrderKind.INSTANT,
            now=now,
            agreement=await self._agreements.of(command.by.name),
            limits=self._limits,
            chain=Chain(ChainId(self._name(command, "chain"))),
            request_digest=digest,
        )
        order = open_order(order_id, placed, now)
        (identity,) = command.order.recipients
        if not isinstance(identity, Direct):
            raise TypeError("an instant order is to an address or a number")
        resolution = resolve(DirectFinding(identity=identity), order.policy(now))
        resolved = order.resolve({RecipientNo(0): resolution}, {})
        order = evolve_all(order, resolved, now)
        return (placed, *resolved, *await self._hand_over.claim(order, [_ONLY], now))

    async def _again(self, order_id: OrderId, digest: str) -> ChainReceipt:
        """Answer for an order that was placed before: as it was, or by another attempt."""
        order = await self._settled(order_id)
        now = self._clock()
        if attempted := self._hand_over.attempts(order, [_ONLY], now):
            unit = OrderSession(order)
            unit.apply(attempted, now)
            try:
                await unit.commit(self._orders)
            except ConcurrentUpdateError:
                order = await self._settled(order_id)  # somebody else asked again, too
                await self._orders.confirm()
            else:
                order = await self._send(unit.order, attempted)
        else:
            await self._orders.confirm()
        _refuse_what_was_not_taken(order)
        return repeated(order, digest)

    async def _settled(self, order_id: OrderId) -> Order:
        """The order, once nobody is handing it over any more, or the wait is over."""
        until = asyncio.get_running_loop().time() + self._wait
        while True:
            order = (await self._orders.load([order_id]))[order_id]
            is_under_way = isinstance(order.notification(_ONLY).delivery, Attempting)
            if not is_under_way or asyncio.get_running_loop().time() >= until:
                return order
            await asyncio.sleep(_LOOK_AGAIN)

    async def _send(self, order: Order, events: Sequence[OrderEvent]) -> Order:
        """Make the attempt; the order as it is when that has come to something, or the wait is over.

        It goes on, and its outcome is recorded, though the sender hangs up.
        """
        attempted = attempts_in(events)
        until = asyncio.get_running_loop().time() + self._wait
        sending = asyncio.create_task(self._offer(order, attempted, until))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await asyncio.wait({sending}, timeout=self._wait)
        if not sending.done():
            return order
        if (error := sending.exception()) is not None:
            # It may have left: the order's own deadline will call its outcome unknown.
            log.error("outcome_not_recorded", because=type(error).__name__)
            return order
        return sending.result()

    async def _offer(
        self, order: Order, attempted: Sequence[NotificationAttempted], until: float
    ) -> Order:
        """Offer the message to one provider after another, as long as it is certainly not taken.

        Only within the wait: after it, the sender has been told something else.
        """
        tried: set[str] = set()
        while attempted:
            unit = OrderSession(order)
            await self._hand_over.send(unit, attempted)
            order = unit.order
            tried.update(each.provider for each in attempted)
            if asyncio.get_running_loop().time() >= until:
                break
            now = self._clock()
            attempted = self._hand_over.attempts(order, [_ONLY], now, tried=tried)
            unit.apply(attempted, now)
            try:
                await unit.commit(self._orders)
            except ConcurrentUpdateError:
                # Somebody who asked again under the same key is handing it over.
                return await self._settled(order.order_id)
            except StoreUnavailableError:
                break  # nothing has left by this attempt, and nothing will
            order = unit.order
        return order


def _refuse_what_was_not_taken(order: Order) -> None:
    match order.notification(_ONLY).delivery:
        case Pending() | Expired(has_left=False):
            raise HandoverFailedError
        case _:
            return
