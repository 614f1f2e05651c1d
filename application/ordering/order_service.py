"""Place and withdraw orders."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

from msgspec.structs import replace

from application.delivery.contact_lookup import ContactLookup, LookupRequest
from application.envelope import PendingEvents
from application.operations.recorder import ActRecorder
from application.ordering.admission import Admission
from application.ordering.commands import (
    CancelOrder,
    ChainReceipt,
    MissingContactError,
    OrderReceipt,
    PlaceChain,
    PlaceOrder,
)
from application.ordering.found_at_placing import FoundAtPlacing, missing_contacts, order_refused
from application.ordering.order_ids import OrderNames, receipt_of, repeated
from application.ports.chain_index import ChainIndex
from application.ports.order_repository import ConcurrentUpdateError, OrderRepository, Spoilt
from application.ports.owner_agreements import OwnerAgreements
from application.ports.recipient_index import RecipientIndex
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import RegistryNotReadyError
from application.seeking import OrderNotFoundError, seek
from application.unfolding import Unfolding
from domain.order.chains import cancel_chain, cancel_with_reminders
from domain.order.errors import CannotBePlacedError
from domain.order.events import (
    Chain,
    ChainId,
    OrderEvent,
    OrderId,
    OrderKind,
    OrderPlaced,
    ReminderLink,
)
from domain.order.limits import USUAL, Limits
from domain.order.order import Order
from domain.order.placing import (
    LATE_BY,
    NewOrder,
    place,
    place_chain,
    placed_knowing,
)
from domain.recipient import (
    Direct,
    Identity,
    RecipientNo,
)
from domain.resolution import Policy, resolve

_CANCEL_TRIES = 5
_NAMESPACES: Final[Mapping[OrderKind, str]] = MappingProxyType(
    {OrderKind.NOTIFICATION: "chain", OrderKind.COMPOSED: "composed"}
)
"""Where a key is looked for: the same key may be used once in each."""


_Withdraw: TypeAlias = Callable[
    [Order, Sequence[Order], datetime], Sequence[tuple[Order, Sequence[OrderEvent]]]
]


class OrderService:
    """Takes orders from owners, and lets them withdraw what has not begun."""

    def __init__(
        self,
        *,
        orders: OrderRepository,
        look_up: ContactLookup,
        names: OrderNames,
        chains: ChainIndex,
        admission: Admission,
        agreements: OwnerAgreements,
        index: RecipientIndex,
        recorder: ActRecorder,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
        limits: Limits = USUAL,
    ) -> None:
        self._orders = orders
        self._unfolding = Unfolding(orders)
        self._look_up = look_up
        self._names = names
        self._chains = chains
        self._admission = admission
        self._agreements = agreements
        self._index = index
        self._recorder = recorder
        self._limits = limits
        self._clock = clock
        self._next_id = next_id

    async def place(self, command: PlaceOrder) -> OrderReceipt:
        """Place one order.

        Recipients who cannot be reached now are told of, and do not stop it: they may be
        reachable when it is sent.

        Raises:
            CannotBePlacedError: it breaks rules of orders; nothing was recorded.
            OwnerStoppedError, QuotaExceededError: the owner may not order now; nothing was recorded.
            RegistryNotReadyError: nobody may rely on what is known of its recipients; nothing was recorded.
            StoreUnavailableError: the order may not have been recorded; try again later.
        """
        now = self._clock()
        order_id = OrderId(self._next_id())
        placed = place(
            command.order,
            owner=command.by.name,
            kind=OrderKind.NOTIFICATION,
            now=now,
            agreement=await self._agreements.of(command.by.name),
            limits=self._limits,
            late_by=LATE_BY,
        )
        await self._refuse_unready(command.order)  # before it is counted
        async with await self._admission.of(command.by.name, [command.order]) as admitted:
            try:
                found = await self._look_up_recipients(command.order, now)
            except RegistryUnavailableError:
                found = None
            placed = placed_knowing(placed, None if found is None else found.resolutions)
            await self._orders.append(
                [PendingEvents(order_id=order_id, before=None, events=(placed,))], by=command.by
            )
        look_up = None if found is None else found.told
        return OrderReceipt(order_id=order_id, look_up=look_up, standing=admitted.standing)

    def order_id(self, command: PlaceChain) -> OrderId:
        """Name the order that is meant by a key, whether or not it has been placed."""
        return OrderId(self._name(command, "order"))

    async def place_chain(self, command: PlaceChain) -> ChainReceipt:
        """Place an order and its reminders, once for each idempotency key.

        The order's id is made from the owner and the key, so that the store itself refuses a second.
        What was placed under the key before is answered for as it was, whatever the clock says now.

        Raises:
            CannotBePlacedError: it breaks rules of orders; nothing was recorded.
            OwnerStoppedError, QuotaExceededError: the owner may not order now; nothing was recorded.
            MissingContactError: the recipient of the order or a reminder has no contact point;
                that they were looked up for it is on record, and there is no order.
            RegistryNotReadyError: nobody may rely on what is known of them; nothing was recorded.
            RegistryUnavailableError: whether they have one could not be found out; try again later.
            StoreUnavailableError: try again later, under the same key.
        """
        order_id = self.order_id(command)
        every_order = (command.order, *command.reminders)
        async with await self._admission.of(command.by.name, every_order, order_id) as admitted:
            receipt = await self._place_chain(command, order_id)
            admitted.is_void = receipt.is_repeat
        return replace(receipt, standing=admitted.standing)

    async def _place_chain(self, command: PlaceChain, order_id: OrderId) -> ChainReceipt:
        """Place it as if nothing stood under its key, which the store finds out when it is appended.

        Only whoever would be refused is looked for first: it may have been placed in better times.
        """
        now = self._clock()
        digest = self._names.digest((command.order, command.reminders, command.dialogue))
        try:
            changes = await self._changes(command, order_id, digest, now)
        except CannotBePlacedError as refused:
            # It may be too late for it now, and have been placed in time.
            try:
                before = await seek(self._orders, order_id)
            except OrderNotFoundError:
                raise refused from None
            await self._orders.confirm()
            return repeated(before, digest)
        every_order = (command.order, *command.reminders)
        if any(map(_needs_look_up, every_order)):
            try:
                found = [await self._look_up_recipients(each, now) for each in every_order]
            except RegistryUnavailableError:
                if (receipt := await self._placed_before(order_id, digest)) is not None:
                    return receipt
                raise
            if missing := [*missing_contacts(found)]:
                if (receipt := await self._placed_before(order_id, digest)) is not None:
                    return receipt
                act = order_refused(found, resource=command.order.resource, index=self._index)
                await self._recorder.record(act, by=command.by)
                raise MissingContactError(missing)
            changes = [_knowing(change, each) for change, each in zip(changes, found, strict=True)]
        try:
            opened = await self._orders.append(changes, by=command.by)
        except ConcurrentUpdateError:
            before = (await self._orders.load([order_id]))[order_id]
            await self._orders.confirm()
            return repeated(before, digest)
        return receipt_of(opened[0], is_repeat=False, is_same_request=True)

    async def _placed_before(self, order_id: OrderId, digest: str) -> ChainReceipt | None:
        """The receipt of what was placed under the same key before; None where nothing was."""
        before = (await self._orders.load([order_id])).get(order_id)
        if before is None:
            return None
        await self._orders.confirm()
        return repeated(before, digest)

    async def cancel(self, command: CancelOrder) -> Order:
        """Withdraw an order with its reminders; to withdraw it twice is to withdraw it once.

        The id of a chain means the order that it began with, and whatever of the chain has not begun.

        Raises:
            OrderNotFoundError: there is no such order, and no such chain, of this owner.
            TooLateToCancelError: it begins in five minutes or less, or has begun.
            StoreUnavailableError: try again later.
        """
        for _ in range(_CANCEL_TRIES):
            order, withdraw = await self._meant(command.order_id)
            if order.placed.owner != command.by.name:
                raise OrderNotFoundError
            chain = order.placed.chain
            links = () if chain is None else chain.reminders
            reminders = await self._unfolding.orders([each.order_id for each in links])
            # One that cannot be read is never sent either.
            readable = [each for each in reminders.values() if not isinstance(each, Spoilt)]
            decided = withdraw(order, readable, self._clock())
            if not decided:
                await self._orders.confirm()
                return order
            changes = [
                PendingEvents(order_id=each.order_id, before=each, events=tuple(events))
                for each, events in decided
            ]
            try:
                after = await self._orders.append(changes, by=command.by)
            except ConcurrentUpdateError:
                continue
            return next((each for each in after if each.order_id == order.order_id), order)
        raise ConcurrentUpdateError

    async def _meant(self, order_id: OrderId) -> tuple[Order, _Withdraw]:
        """The order of an id, or that which the chain of that id began with; and how it is withdrawn."""
        try:
            return await seek(self._orders, order_id), cancel_with_reminders
        except OrderNotFoundError:
            main = await self._chains.main_order(ChainId(order_id))
            if main is None:
                raise
            return await seek(self._orders, main), cancel_chain

    def _name(self, command: PlaceChain, part: str) -> UUID:
        namespace = _NAMESPACES[command.kind]
        return self._names.order_id(command.by.name, namespace, command.idempotency_key, part)

    async def _changes(
        self, command: PlaceChain, order_id: OrderId, digest: str, now: datetime
    ) -> Sequence[PendingEvents]:
        chain_id = ChainId(self._name(command, "chain"))
        reminder_ids = [
            OrderId(self._name(command, f"reminder {n}")) for n in range(len(command.reminders))
        ]
        links = tuple(
            ReminderLink(each_id, each.senders_reference)
            for each_id, each in zip(reminder_ids, command.reminders, strict=True)
        )
        placed = place_chain(
            command.order,
            command.reminders,
            owner=command.by.name,
            kind=command.kind,
            now=now,
            agreement=await self._agreements.of(command.by.name),
            limits=self._limits,
            attachments_open_until=command.attachments_open_until,
            chain=Chain(chain_id, links),
            order_id=order_id,
            dialogue=command.dialogue,
            request_digest=digest,
        )
        return [
            PendingEvents(order_id=each_id, before=None, events=(each,))
            for each_id, each in zip((order_id, *reminder_ids), placed, strict=True)
        ]

    async def _refuse_unready(self, order: NewOrder) -> None:
        """Refuse an order for which a registry is needed that cannot be relied on.

        One that gives no answer is no reason: the order's recipients are looked up again when it is due.

        Raises:
            RegistryNotReadyError: the copy of that registry was never loaded, or is too old.
        """
        try:
            await self._look_up.refuse_unready(_wanted(order))
        except RegistryNotReadyError:
            raise
        except RegistryUnavailableError:
            return

    async def _look_up_recipients(self, order: NewOrder, now: datetime) -> FoundAtPlacing:
        """Look up those who came without an address.

        Raises:
            RegistryUnavailableError: they could not be looked up.
        """
        if not (wanted := _wanted(order)):
            return FoundAtPlacing()
        numbers = [
            RecipientNo(number)
            for number, each in enumerate(order.recipients)
            if _is_looked_up(each)
        ]
        found = await self._look_up.find(wanted)
        policy = Policy(
            choice=order.channel,
            now=now,
            ignore_reservation=bool(order.ignore_reservation),
            use_stale=order.use_stale_contact_information,
        )
        return FoundAtPlacing(
            identities={
                number: each.identity for number, each in zip(numbers, wanted, strict=True)
            },
            findings=dict(zip(numbers, found, strict=True)),
            resolutions={
                number: resolve(each, policy) for number, each in zip(numbers, found, strict=True)
            },
        )


def _knowing(opening: PendingEvents, found: FoundAtPlacing) -> PendingEvents:
    """The opening of an order that keeps what was found out about its recipients."""
    events = tuple(
        placed_knowing(each, found.resolutions) if isinstance(each, OrderPlaced) else each
        for each in opening.events
    )
    return replace(opening, events=events)


def _needs_look_up(order: NewOrder) -> bool:
    return any(map(_is_looked_up, order.recipients))


def _wanted(order: NewOrder) -> Sequence[LookupRequest]:
    """Who of an order's recipients came without an address."""
    return [
        LookupRequest(identity=each, resource=order.resource, action=order.resource_action)
        for each in order.recipients
        if _is_looked_up(each)
    ]


def _is_looked_up(identity: Identity) -> bool:
    return not isinstance(identity, Direct)
