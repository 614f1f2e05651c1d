"""Place and withdraw orders."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from application.commands import (
    CancelOrder,
    ChainReceipt,
    LookUp,
    MissingContactError,
    NewOrder,
    OrderNotFoundError,
    OrderReceipt,
    PlaceChain,
    PlaceOrder,
    ShipmentReceipt,
)
from application.looking_up import ContactLookUp, Wanted
from application.ports.key_vault import KeyVault
from application.ports.order_repository import ConcurrentUpdateError, OrderRepository
from application.ports.registries import RegistryUnavailableError
from application.recorded import Actor, Change
from domain.order.events import (
    Chain,
    ChainId,
    OrderId,
    OrderKind,
    OrderPlaced,
    ReminderLink,
)
from domain.order.order import Order
from domain.personal import Contact, Content
from domain.recipient import (
    Direct,
    ExternalIdentity,
    Identity,
    Organisation,
    Person,
    Recipient,
    RecipientNo,
)
from domain.resolution import Finding, PersonFinding, Policy, resolve

_CANCEL_TRIES = 5


def _words(value: object) -> str:
    if isinstance(value, Contact | Content):
        return value.text
    raise TypeError


_encode = msgspec.json.Encoder(enc_hook=_words).encode


class OrderingService:
    """Takes orders from owners, and lets them withdraw what has not begun."""

    def __init__(
        self,
        *,
        orders: OrderRepository,
        look_up: ContactLookUp,
        vault: KeyVault,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._orders = orders
        self._look_up = look_up
        self._vault = vault
        self._clock = clock
        self._next_id = next_id

    async def place(self, command: PlaceOrder) -> OrderReceipt:
        """Place one order.

        Recipients who cannot be reached now are told of, and do not stop it: they may be
        reachable when it is sent.

        Raises:
            StoreUnavailableError: the order may not have been recorded; try again later.
        """
        now = self._clock()
        order_id = OrderId(self._next_id())
        try:
            look_up = await self._who_is_missing(command.order, now)
        except RegistryUnavailableError:
            look_up = None
        placed = _placed(command.order, command.by, OrderKind.NOTIFICATION, now)
        await self._orders.append(
            [Change(order_id=order_id, before=None, events=(placed,))], by=command.by
        )
        return OrderReceipt(order_id=order_id, look_up=look_up)

    async def place_chain(self, command: PlaceChain) -> ChainReceipt:
        """Place an order and its reminders, once for each idempotency key.

        The order's id is made from the owner and the key, so that the store itself refuses a second.

        Raises:
            MissingContactError: the recipient of the order or a reminder has no contact point;
                nothing was recorded.
            RegistryUnavailableError: whether they have one could not be found out; try again later.
            StoreUnavailableError: try again later, under the same key.
        """
        now = self._clock()
        order_id = OrderId(self._identity(command, "order"))
        digest = self._digest(command)
        every_order = (command.order, *command.reminders)
        if any(_needs_look_up(each) for each in every_order):
            if (before := (await self._orders.load([order_id])).get(order_id)) is not None:
                return _repeated(before, digest)
            for each in every_order:
                if (look_up := await self._who_is_missing(each, now)) and look_up.missing:
                    raise MissingContactError
        changes = self._changes(command, order_id, digest, now)
        try:
            opened = await self._orders.append(changes, by=command.by)
        except ConcurrentUpdateError:
            return _repeated((await self._orders.load([order_id]))[order_id], digest)
        return _receipt(opened[0], is_repeat=False, is_same_request=True)

    async def cancel(self, command: CancelOrder) -> Order:
        """Withdraw an order; to withdraw it twice is to withdraw it once.

        Raises:
            OrderNotFoundError: there is no such order of this owner.
            TooLateToCancelError: it begins in five minutes or less, or has begun.
            StoreUnavailableError: try again later.
        """
        for _ in range(_CANCEL_TRIES):
            order = (await self._orders.load([command.order_id])).get(command.order_id)
            if order is None or order.placed.owner != command.by.name:
                raise OrderNotFoundError
            events = order.cancel(self._clock())
            if not events:
                return order
            change = Change(order_id=order.order_id, before=order, events=tuple(events))
            try:
                return (await self._orders.append([change], by=command.by))[0]
            except ConcurrentUpdateError:
                continue
        raise ConcurrentUpdateError

    def _changes(
        self, command: PlaceChain, order_id: OrderId, digest: str, now: datetime
    ) -> Sequence[Change]:
        chain_id = ChainId(self._identity(command, "chain"))
        reminder_ids = [
            OrderId(self._identity(command, f"reminder {n}")) for n in range(len(command.reminders))
        ]
        links = tuple(
            ReminderLink(each_id, each.senders_reference)
            for each_id, each in zip(reminder_ids, command.reminders, strict=True)
        )
        main = _placed(command.order, command.by, OrderKind.NOTIFICATION, now)
        main = msgspec.structs.replace(
            main,
            chain=Chain(chain_id, links),
            dialogue=command.dialogue,
            request_digest=digest,
        )
        changes = [Change(order_id=order_id, before=None, events=(main,))]
        for each_id, each in zip(reminder_ids, command.reminders, strict=True):
            reminder = _placed(
                each, command.by, OrderKind.REMINDER, now, after=main.requested_send_time
            )
            reminder = msgspec.structs.replace(
                reminder, chain=Chain(chain_id), dialogue=command.dialogue
            )
            changes.append(Change(order_id=each_id, before=None, events=(reminder,)))
        return changes

    def _identity(self, command: PlaceChain, part: str) -> UUID:
        """An id that only this owner's use of this key gives, and that nobody else can guess."""
        name = _encode((command.by.name, "chain", command.idempotency_key, part))
        return _uuid8(self._vault.keyed_hash("order identity", name))

    def _digest(self, command: PlaceChain) -> str:
        asked = _encode((command.order, command.reminders, command.dialogue))
        return self._vault.keyed_hash("request digest", asked)[:16].hex()

    async def _who_is_missing(self, order: NewOrder, now: datetime) -> LookUp | None:
        """Look up those who came without an address; the answers are told, and not kept.

        Raises:
            RegistryUnavailableError: they could not be looked up.
        """
        wanted = [
            Wanted(identity=each, resource=order.resource, action=order.resource_action)
            for each in order.recipients
            if _is_looked_up(each)
        ]
        if not wanted:
            return None
        findings = await self._look_up.find(wanted)
        # Somebody who has declined is told of as reserved, whatever the order asks for.
        reserved = tuple(
            _number(each.identity)
            for each, finding in zip(wanted, findings, strict=True)
            if _has_declined(finding)
        )
        policy = Policy(
            choice=order.channel,
            now=now,
            ignore_reservation=True,
            use_stale=order.use_stale_contact_information,
        )
        missing = tuple(
            _number(each.identity)
            for each, finding in zip(wanted, findings, strict=True)
            if not _has_declined(finding) and not resolve(finding, policy).found
        )
        return LookUp(looked_up=len(wanted), reserved=reserved, missing=missing)


def _uuid8(data: bytes) -> UUID:
    """A UUID of version 8, whose bits are the application's own (RFC 9562 § 5.8)."""
    octets = bytearray(data[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return UUID(bytes=bytes(octets))


def _has_declined(finding: Finding) -> bool:
    return (
        isinstance(finding, PersonFinding)
        and finding.record is not None
        and finding.record.is_reserved
        and not finding.record.is_deleted
    )


def _needs_look_up(order: NewOrder) -> bool:
    return any(_is_looked_up(each) for each in order.recipients)


def _is_looked_up(identity: Identity) -> bool:
    return not isinstance(identity, Direct)


def _number(identity: Identity) -> str:
    match identity:
        case Person(number=number):
            return number.text
        case Organisation(number=organisation):
            return organisation
        case ExternalIdentity(urn=urn):
            return urn.text
        case Direct():
            return ""


def _placed(
    order: NewOrder,
    by: Actor,
    kind: OrderKind,
    now: datetime,
    *,
    after: datetime | None = None,
) -> OrderPlaced:
    requested = order.requested_send_time or now
    if order.delay_days is not None and after is not None:
        requested = after + timedelta(days=order.delay_days)
    return OrderPlaced(
        owner=by.name,
        kind=kind,
        requested_send_time=requested.astimezone(UTC),
        channel=order.channel,
        recipients=tuple(
            Recipient(RecipientNo(number), identity)
            for number, identity in enumerate(order.recipients)
        ),
        email=order.email,
        sms=order.sms,
        senders_reference=order.senders_reference,
        condition=None if order.condition is None else Content(order.condition),
        ignore_reservation=order.ignore_reservation,
        use_stale_contact_information=order.use_stale_contact_information,
        resource=order.resource,
        resource_action=order.resource_action,
        time_to_live=order.time_to_live,
    )


def _repeated(before: Order, digest: str) -> ChainReceipt:
    is_same = before.placed.request_digest == digest
    return _receipt(before, is_repeat=True, is_same_request=is_same)


def _receipt(order: Order, *, is_repeat: bool, is_same_request: bool) -> ChainReceipt:
    chain = order.placed.chain
    if chain is None:
        raise ValueError("an order placed under a key belongs to a chain")
    return ChainReceipt(
        chain_id=chain.chain_id,
        order=ShipmentReceipt(
            order_id=order.order_id, senders_reference=order.placed.senders_reference
        ),
        reminders=tuple(
            ShipmentReceipt(order_id=each.order_id, senders_reference=each.senders_reference)
            for each in chain.reminders
        ),
        is_repeat=is_repeat,
        is_same_request=is_same_request,
    )
