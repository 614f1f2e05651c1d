"""The doors by which orders are placed, and found again by their sender's reference."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias, TypeVar

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from application.assembly import Application
from application.caller import COMPOSED, CREATE, Caller
from application.ordering.commands import (
    ChainReceipt,
    NewOrder,
    PlaceChain,
    PlaceInstant,
    PlaceOrder,
)
from application.turns import OwnersTurns
from entrypoints.http.orders.responses import orders_found
from entrypoints.http.placing.chains import ChainRequest, read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.faults import telling_faults_of
from entrypoints.http.placing.instant import (
    InstantRequest,
    read_instant,
    read_instant_email,
    read_instant_sms,
)
from entrypoints.http.placing.national_numbers import check_texts
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.placing.responses import chain_placed, order_placed
from entrypoints.http.transport.asgi_routes import Endpoint, door
from entrypoints.http.transport.authentication import Authenticator, actor
from entrypoints.http.transport.bodies import (
    JSON_TYPES,
    SHORT,
    BodyLimits,
    beside_the_loop,
    check_media_type,
    read_body,
)
from entrypoints.http.transport.links import BASE, Links
from entrypoints.http.transport.rate_limits import rate_limit
from entrypoints.http.transport.responses import Answer, Headers, left_out, told
from entrypoints.http.validation.parameters import read_senders_reference
from entrypoints.http.validation.rules import Rules

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
        application: Application,
        authenticator: Authenticator,
        rules: Callable[[Caller], Rules],
        links: Links,
        limits: BodyLimits,
        turns: OwnersTurns,
    ) -> None:
        self._turns = turns
        self._application = application
        self._authenticator = authenticator
        self._rules = rules
        self._links = links
        self._limits = limits

    def doors(self) -> list[ASGIRouteHandler]:
        """The paths where orders are placed."""
        order, email, sms = map(self._placing, (read_order, read_email_order, read_sms_order))
        return [
            door(f"{BASE}/orders", GET=self.find, POST=order),
            door(f"{BASE}/orders/email", POST=email),
            door(f"{BASE}/orders/sms", POST=sms),
            door(f"{BASE}/future/orders", POST=self.place_chain),
            door(f"{BASE}/future/orders/composed-email", POST=self.place_composed),
            door(f"{BASE}/future/orders/instant", POST=self._placing_instantly(read_instant)),
            door(
                f"{BASE}/future/orders/instant/sms", POST=self._placing_instantly(read_instant_sms)
            ),
            door(
                f"{BASE}/future/orders/instant/email",
                POST=self._placing_instantly(read_instant_email),
            ),
        ]

    async def find(self, scope: Scope, receive: Receive) -> Answer:  # noqa: ARG002  # an endpoint
        """The caller's orders under a reference."""
        caller = await self._authenticator.authenticate(scope)
        reference = read_senders_reference(scope["query_string"])
        found = await self._application.orders.with_reference(caller.owner, reference)
        return told(orders_found(found.orders, self._links), headers=left_out(found.spoilt))

    def _placing(self, read: OrderReader) -> Endpoint:
        async def place(scope: Scope, receive: Receive) -> Answer:
            caller, body = await self._taken(scope, receive)
            async with self._turn(caller, body):
                order, warning = await read_and_looked_through(read, body, self._rules(caller))
                command = PlaceOrder(order=order, by=actor(caller))
                with telling_faults_of(order):
                    receipt = await self._application.ordering.place(command)
            location = self._links.order(receipt.order_id).encode()
            headers = ((b"location", location), *warning, *rate_limit(receipt.standing))
            return told(order_placed(receipt), 202, headers)

        return place

    async def place_chain(self, scope: Scope, receive: Receive) -> Answer:
        """Place an order and its reminders, once for each key."""
        caller, body = await self._taken(scope, receive)
        return await self._place(read_chain, body, caller)

    async def place_composed(self, scope: Scope, receive: Receive) -> Answer:
        """Place an order of one e-mail that its sender composed in full, attachments included."""
        caller, body = await self._taken(scope, receive, COMPOSED)
        return await self._place(read_composed, body, caller)

    async def _place(self, read: ChainReader, body: bytes, caller: Caller) -> Answer:
        async with self._turn(caller, body):
            asked, warning = await read_and_looked_through(read, body, self._rules(caller))
            command = PlaceChain(
                idempotency_key=asked.idempotency_key,
                kind=asked.kind,
                order=asked.order,
                attachments_open_until=asked.attachments_open_until,
                reminders=asked.reminders,
                dialogue=asked.dialogue,
                by=actor(caller),
            )
            with telling_faults_of(asked.order):
                receipt = await self._application.ordering.place_chain(command)
        return self._placed(receipt, warning)

    def _placing_instantly(self, read: InstantReader) -> Endpoint:
        async def place(scope: Scope, receive: Receive) -> Answer:
            caller, body = await self._taken(scope, receive)
            asked, warning = await read_and_looked_through(read, body, self._rules(caller))
            command = PlaceInstant(
                idempotency_key=asked.idempotency_key, order=asked.order, by=actor(caller)
            )
            with telling_faults_of(asked.order):
                receipt = await self._application.instant.place(command)
            return self._placed(receipt, warning)

        return place

    def _turn(self, caller: Caller, body: bytes) -> AbstractAsyncContextManager[None]:
        return self._turns.of(caller.owner, is_large=len(body) > SHORT)

    async def _taken(
        self, scope: Scope, receive: Receive, needed: str = CREATE
    ) -> tuple[Caller, bytes]:
        """Who calls, and what they say; in the order in which it is refused."""
        check_media_type(scope, JSON_TYPES, may_be_missing=False)
        caller = await self._authenticator.authenticate(scope, needed)
        return caller, await read_body(scope, receive, self._limits)

    def _placed(self, receipt: ChainReceipt, warning: Headers) -> Answer:
        common = (*warning, *rate_limit(receipt.standing))
        if receipt.is_repeat:
            content = b"same-content" if receipt.is_same_request else b"different-content"
            return told(chain_placed(receipt), 200, ((REPEAT.encode(), content), *common))
        location = self._links.chain(receipt.chain_id).encode()
        return told(chain_placed(receipt), 201, ((b"location", location), *common))


async def read_and_looked_through(
    read: Callable[[bytes, Rules], T], body: bytes, rules: Rules
) -> tuple[T, Headers]:
    """What a body asks for, and what its sender is to be warned of.

    Raises:
        InvalidRequestError: it cannot be taken.
    """

    def work() -> tuple[T, bool]:
        asked = read(body, rules)
        return asked, check_texts(asked, rules)

    asked, is_remarkable = await beside_the_loop(len(body), work)
    return asked, ((WARNING.encode(), NATIONAL_NUMBER),) if is_remarkable else ()
