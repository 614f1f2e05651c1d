"""How orders are taken in: read, placed in their owner's turn, and answered with what the owner is to know."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias, TypeVar

from litestar import Request

from application.caller import Caller
from application.envelope import Actor
from application.ordering.commands import (
    ChainReceipt,
    NewOrder,
    PlaceChain,
    PlaceInstant,
    PlaceOrder,
)
from application.ordering.instant_order_service import InstantOrderService
from application.ordering.order_service import OrderService
from application.turns import OwnersTurns
from domain.order.errors import CannotBePlacedError
from entrypoints.http.placing.chains import ChainRequest
from entrypoints.http.placing.faults import tell_faults
from entrypoints.http.placing.instant import InstantRequest
from entrypoints.http.placing.national_numbers import check_texts
from entrypoints.http.placing.responses import chain_placed, order_placed
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.bodies import SHORT, BodyLimits, beside_the_loop, read_body
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.rate_limits import rate_limit
from entrypoints.http.transport.responses import Answer, Headers, told
from entrypoints.http.validation.rules import Rules

Asking: TypeAlias = Request[Caller, Any, Any]
OrderReader: TypeAlias = Callable[[bytes, Rules], NewOrder]

ChainReader: TypeAlias = Callable[[bytes, Rules], ChainRequest]

InstantReader: TypeAlias = Callable[[bytes, Rules], InstantRequest]

T = TypeVar("T", NewOrder, ChainRequest, InstantRequest)

REPEAT: Final = "varsel-repeat"
WARNING: Final = "varsel-warning"
NATIONAL_NUMBER: Final = b"national-number"


class Placing:
    """Takes orders in."""

    def __init__(
        self,
        *,
        ordering: OrderService,
        instant: InstantOrderService,
        rules: Callable[[Caller], Rules],
        links: Links,
        limits: BodyLimits,
        turns: OwnersTurns,
    ) -> None:
        self._ordering = ordering
        self._instant = instant
        self._rules = rules
        self._links = links
        self._limits = limits
        self._turns = turns

    async def order(self, read: OrderReader, request: Asking) -> Answer:
        """Place an order of the first version."""
        caller, content = request.user, await self._content(request)
        async with self._turn(caller, content):
            order, warning = await self._read(read, content, caller)
            command = PlaceOrder(order=order, by=actor(caller))
            try:
                receipt = await self._ordering.place(command)
            except CannotBePlacedError as refused:
                tell_faults(refused, order)
        location = self._links.order(receipt.order_id).encode()
        headers = ((b"location", location), *warning, *rate_limit(receipt.standing))
        return told(order_placed(receipt), 202, headers)

    async def chain(self, read: ChainReader, request: Asking) -> Answer:
        """Place an order and its reminders, once for each key."""
        caller, content = request.user, await self._content(request)
        async with self._turn(caller, content):
            asked, warning = await self._read(read, content, caller)
            command = PlaceChain(
                idempotency_key=asked.idempotency_key,
                kind=asked.kind,
                order=asked.order,
                attachments_open_until=asked.attachments_open_until,
                reminders=asked.reminders,
                dialogue=asked.dialogue,
                by=actor(caller),
            )
            try:
                receipt = await self._ordering.place_chain(command)
            except CannotBePlacedError as refused:
                tell_faults(refused, asked.order)
        return self._placed(receipt, warning)

    async def instantly(self, read: InstantReader, request: Asking) -> Answer:
        """Place an order that is handed over while its sender waits."""
        caller, content = request.user, await self._content(request)
        return self._placed(*await self.now(read, content, caller, actor(caller)))

    async def now(
        self, read: InstantReader, content: bytes, caller: Caller, by: Actor
    ) -> tuple[ChainReceipt, Headers]:
        """Place such an order; gives the receipt, and what its sender is to be warned of."""
        asked, warning = await self._read(read, content, caller)
        command = PlaceInstant(idempotency_key=asked.idempotency_key, order=asked.order, by=by)
        try:
            return await self._instant.place(command), warning
        except CannotBePlacedError as refused:
            tell_faults(refused, asked.order)

    async def _content(self, request: Asking) -> bytes:
        return await read_body(request.scope, request.receive, self._limits)

    def _turn(self, caller: Caller, content: bytes) -> AbstractAsyncContextManager[None]:
        return self._turns.of(caller.owner, is_large=len(content) > SHORT)

    async def _read(
        self, read: Callable[[bytes, Rules], T], content: bytes, caller: Caller
    ) -> tuple[T, Headers]:
        """What a body asks for, and what its sender is to be warned of."""
        rules = self._rules(caller)

        def work() -> tuple[T, bool]:
            asked = read(content, rules)
            return asked, check_texts(asked, rules)

        asked, is_remarkable = await beside_the_loop(len(content), work)
        return asked, ((WARNING.encode(), NATIONAL_NUMBER),) if is_remarkable else ()

    def _placed(self, receipt: ChainReceipt, warning: Headers) -> Answer:
        common = (*warning, *rate_limit(receipt.standing))
        if receipt.is_repeat:
            content = b"same-content" if receipt.is_same_request else b"different-content"
            return told(chain_placed(receipt), 200, ((REPEAT.encode(), content), *common))
        location = self._links.chain(receipt.chain_id).encode()
        return told(chain_placed(receipt), 201, ((b"location", location), *common))
