"""What an order is, and how its events make it so.

    Registered ──start──▶ Processing ──all resolved──▶ Processed ──all final──▶ Completed
        │                     │
        └─▶ Cancelled         └─▶ SendConditionNotMet

Writing an event never refuses and never decides: whatever has happened can be read again.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from domain.order.events import (
    AuthorityUnknown,
    ContactNotFound,
    ContactResolved,
    DeliveryReported,
    NotificationAttempted,
    NotificationDeferred,
    NotificationExpired,
    NotificationGivenUp,
    NotificationOutcomeUnknown,
    NotificationRejected,
    NotificationSent,
    NotificationSimulated,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderId,
    OrderPlaced,
    RecipientReserved,
    SendConditionMet,
    SendConditionNotMet,
    SendConditionUnknown,
)
from domain.order.notification import (
    Delivery,
    NotIdentified,
    Notification,
    Pending,
    Reserved,
    Stopped,
)
from domain.order.terms import terms_of
from domain.personal import Identifier
from domain.recipient import RecipientNo


class OrderStatus(StrEnum):
    """How far an order has come, as its sender sees it."""

    REGISTERED = "registered"
    PROCESSING = "processing"
    PROCESSED = "processed"
    COMPLETED = "completed"
    SEND_CONDITION_NOT_MET = "send_condition_not_met"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The sender's condition is still to be asked."""

    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The sender's condition allows sending, or gave no answer twice, which does not stop an order."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """The sender's condition stopped the order."""


Condition: TypeAlias = NotAsked | Answered | Refused


@dataclass(frozen=True, slots=True)
class AuthorityWait:
    """Whether users may hear of it on behalf of a recipient is asked again, and until when at most."""

    retry_at: datetime
    until: datetime


class OrderState(Struct, frozen=True, kw_only=True):
    """What an order's events have left of it."""

    order_id: OrderId
    version: int
    placed: OrderPlaced
    placed_at: datetime
    changed_at: datetime
    """When its status last changed."""
    condition: Condition | None
    names: Mapping[RecipientNo, Identifier] = field(default_factory=dict)
    resolved: frozenset[RecipientNo] = frozenset()
    authority_waits: Mapping[RecipientNo, AuthorityWait] = field(default_factory=dict)
    """Who was put off until whoever decides could be asked, also those resolved since."""
    notifications: tuple[Notification, ...] = ()
    is_cancelled: bool = False
    is_completed: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether the order needs nothing more."""
        return self.is_cancelled or self.is_completed

    @property
    def status(self) -> OrderStatus:
        """How far the order has come."""
        return _status(self)


S = TypeVar("S", bound=OrderState)


def evolve_all(order: S, events: Sequence[OrderEvent], at: datetime) -> S:
    """Write events that were recorded together into an order. Never refuses and never decides."""
    if not events:
        return order
    writing = Writing(order)
    for event in events:
        writing.write(event, at)
    return writing.order()


def evolve(order: S, event: OrderEvent, at: datetime) -> S:
    """Write one event into an order. Never refuses and never decides."""
    return evolve_all(order, (event,), at)


def _status(order: "OrderState | Writing[S]") -> OrderStatus:
    if order.is_cancelled:
        return OrderStatus.CANCELLED
    if isinstance(order.condition, Refused):
        return OrderStatus.SEND_CONDITION_NOT_MET
    if order.is_completed:
        return OrderStatus.COMPLETED
    if len(order.resolved) == len(order.placed.recipients):
        return OrderStatus.PROCESSED
    is_begun = (
        order.resolved
        or order.authority_waits
        or (order.condition is not None and order.condition != NotAsked())
    )
    return OrderStatus.PROCESSING if is_begun else OrderStatus.REGISTERED


class Writing(Generic[S]):
    """An order while events are written into it: the fold of its history.

    What grows with its recipients is changed in place: a copy for each event would cost a wide order
    the square of its recipients.
    """

    def __init__(self, order: S) -> None:
        """Begin with the order as it was."""
        self._before = order
        self._version = order.version
        self._changed_at = order.changed_at
        self._names: dict[RecipientNo, Identifier] | None = None
        self._notifications = list(order.notifications)
        self.placed = order.placed
        self.condition = order.condition
        self.resolved: AbstractSet[RecipientNo] = order.resolved
        self.authority_waits = order.authority_waits
        self.is_cancelled = order.is_cancelled
        self.is_completed = order.is_completed
        self._status = _status(self)

    def order(self) -> S:
        """The order as it has been written."""
        if self._version == self._before.version:
            return self._before
        return replace(
            self._before,
            version=self._version,
            changed_at=self._changed_at,
            condition=self.condition,
            names=self._before.names if self._names is None else self._names,
            resolved=frozenset(self.resolved),
            authority_waits=self.authority_waits,
            notifications=tuple(self._notifications),
            is_cancelled=self.is_cancelled,
            is_completed=self.is_completed,
        )

    def write(self, event: OrderEvent, at: datetime) -> None:
        """Write the next event."""
        self._version += 1
        self._write(event, at)
        if (status := _status(self)) is not self._status:
            self._status = status
            self._changed_at = at

    def _write(self, event: OrderEvent, at: datetime) -> None:
        match event:
            case (
                NotificationAttempted()
                | NotificationSimulated()
                | NotificationSent()
                | NotificationRejected()
                | NotificationDeferred()
                | NotificationOutcomeUnknown()
                | NotificationGivenUp()
                | NotificationExpired()
                | DeliveryReported()
            ):
                number = event.notification_no
                self._notifications[number] = self._notifications[number].after(event, at)
            case OrderPlaced():
                pass
            case OrderCancelled():
                self.is_cancelled = True
            case SendConditionMet():
                self.condition = Answered(at)
            case SendConditionNotMet():
                self.condition = Refused()
                self._notifications = [each.moved(Stopped(), at) for each in self._notifications]
            case SendConditionUnknown(retry_at=retry_at):
                self.condition = Answered(at) if retry_at is None else NotAsked(retry_at)
            case AuthorityUnknown(recipients=recipients, retry_at=retry_at, until=until):
                wait = AuthorityWait(retry_at, until)
                self.authority_waits = {
                    **self.authority_waits,
                    **dict.fromkeys(recipients, wait),
                }
            case ContactResolved():
                self._resolve(event, at)
            case ContactNotFound():
                self._leave_out(event, NotIdentified(), at)
            case RecipientReserved():
                self._leave_out(event, Reserved(), at)
            case OrderCompleted():
                self.is_completed = True
            case _:
                assert_never(event)

    def _resolve(self, event: ContactResolved, at: datetime) -> None:
        self._resolved().add(event.recipient_no)
        self._notifications += [
            Notification(
                notification_no=target.notification_no,
                recipient_no=event.recipient_no,
                channel=target.channel,
                expires_at=terms_of(self.placed, target.channel).expires_at,
                delivery=Pending(),
                changed_at=at,
                address=target.address,
                source=target.source,
                user=target.user,
                wording=target.wording,
            )
            for target in event.targets
        ]
        if event.name is not None:
            if self._names is None:
                self._names = dict(self._before.names)
            self._names[event.recipient_no] = event.name

    def _resolved(self) -> set[RecipientNo]:
        if not isinstance(self.resolved, set):
            self.resolved = set(self.resolved)
        return self.resolved

    def _leave_out(
        self, event: ContactNotFound | RecipientReserved, delivery: Delivery, at: datetime
    ) -> None:
        self._resolved().add(event.recipient_no)
        self._notifications += [
            Notification(
                notification_no=notification_no,
                recipient_no=event.recipient_no,
                channel=channel,
                expires_at=terms_of(self.placed, channel).expires_at,
                delivery=delivery,
                changed_at=at,
            )
            for notification_no, channel in event.notifications
        ]
