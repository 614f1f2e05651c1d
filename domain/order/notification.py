"""How far one notification has come.

                     ┌──────────────Deferred──────────────┐
                     ▼                                     │
    ─Resolved─▶ Pending ──Attempted──▶ Attempting ─────────┤
                  │  ▲                    │  │  │           │
                  │  └──(sent again)─── Unknown ◀─OutcomeUnknown
                  │                       │  │  └─Rejected─▶ Failed
                  │            GivenUp ◀──┘  └──Sent──▶ Accepted
                  ├───────────Simulated ▶ Simulated       │
                  └───────────Expired (never left)        ├─report─▶ Delivered
                                                          ├─report─▶ Failed
                                                          ├─report─▶ Relayed
                                                          └─Expired (unconfirmed)

    ─NotFound─▶ NotIdentified        ─Reserved─▶ Reserved        (both born final)

What is unknown is found out in this order: by asking the provider, where it can be asked; by handing
over again under the same token, while the provider carries that once; by a report; and in the end the
order's delivery policy decides whether it is sent again or given up.

A report may come in any state, early or late.
States carry a rank, and a report never lowers it: whatever the order in which the same reports come,
the notification ends in the same state, and a late `Delivered` corrects an expiry. What was handed on to
a server that reports nothing (`Relayed`) has arrived as far as anybody will ever tell, until that server
sends it back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from domain.channel import Channel
from domain.message import Language
from domain.order.events import (
    DeliveryReported,
    Failure,
    NotificationAttempted,
    NotificationDeferred,
    NotificationExpired,
    NotificationGivenUp,
    NotificationNo,
    NotificationOutcomeUnknown,
    NotificationRejected,
    NotificationSent,
    NotificationSimulated,
    ReportedState,
    Source,
    Wording,
)
from domain.personal import Contact, Identifier
from domain.recipient import RecipientNo


@dataclass(frozen=True, slots=True)
class Pending:
    """Waits to be handed over, not before a given moment."""

    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempting:
    """Is being handed over; only whoever recorded the attempt may do it."""

    settled_by: datetime


@dataclass(frozen=True, slots=True)
class Unknown:
    """May or may not have been accepted."""

    resolve_by: datetime
    repeat_at: datetime | None = None
    """When it is handed over again under the same token, where the provider carries that once."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Was accepted by the provider; its report is awaited."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """Was handed on to the recipient's own server, which reports nothing unless it sends it back."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Arrived, says the provider."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Did not arrive, says the provider."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Expired:
    """Ran out of time, before it left or without a confirmation."""

    has_left: bool


@dataclass(frozen=True, slots=True)
class GivenUp:
    """May have arrived; was not sent again, lest it arrive twice."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Was held back, since the sender's condition came to say so."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Was only tried out: handed to nobody, and counted as if it had arrived."""


@dataclass(frozen=True, slots=True)
class NotIdentified:
    """Had nowhere to go."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Was not to be sent to somebody who has declined."""


Delivery: TypeAlias = (
    Pending
    | Attempting
    | Unknown
    | Accepted
    | Relayed
    | Delivered
    | Failed
    | Expired
    | GivenUp
    | Stopped
    | Simulated
    | NotIdentified
    | Reserved
)

NotificationEvent: TypeAlias = (
    NotificationAttempted
    | NotificationSimulated
    | NotificationSent
    | NotificationRejected
    | NotificationDeferred
    | NotificationOutcomeUnknown
    | NotificationGivenUp
    | NotificationExpired
    | DeliveryReported
)
"""What may happen to one notification, once it is there."""

Open: TypeAlias = Pending | Attempting | Unknown | Accepted

_RANK: Final[dict[type[Delivery], int]] = {
    Pending: 0,
    Attempting: 0,
    Unknown: 0,
    Accepted: 1,
    Stopped: 2,
    Simulated: 2,
    GivenUp: 2,
    Expired: 2,
    NotIdentified: 2,
    Reserved: 2,
    Relayed: 3,
    Failed: 4,
    Delivered: 5,
}


def is_final(delivery: Delivery) -> bool:
    """Whether nothing more is done for a notification in this state."""
    return not isinstance(delivery, Open)


def outranks(new: Delivery, old: Delivery) -> bool:
    """Whether a reported state takes the place of the one there is.

    Of two failures the one whose name is greater stays, so that the order of reports does not matter.
    """
    if isinstance(new, Failed) and isinstance(old, Failed):
        return new.failure > old.failure
    return _RANK[type(new)] > _RANK[type(old)]


class Notification(Struct, frozen=True, kw_only=True):
    """One message to one contact point through one channel."""

    notification_no: NotificationNo
    recipient_no: RecipientNo
    channel: Channel
    expires_at: datetime
    delivery: Delivery
    changed_at: datetime
    address: Contact | None = None
    source: Source | None = None
    user: Identifier | None = None
    """The end user who registered the address, where one did."""
    wording: Wording | None = None
    """Which of the sender's texts it says, where there are several."""
    attempted: NotificationAttempted | None = None
    """The latest attempt to hand it over."""
    bound_to: str | None = None
    """The provider that may have taken it, as far as anybody can tell; no other is ever given it."""
    in_doubt: frozenset[str] = frozenset()
    """The tokens under which it may have taken it: that it never saw one of them says nothing of the others."""
    reference: str | None = None
    reports: tuple[DeliveryReported, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done for it."""
        return is_final(self.delivery)

    @property
    def language(self) -> Language | None:
        """In which language it is written; None for a first text of which the sender did not say so."""
        return None if self.wording is None else self.wording.language

    @property
    def attempts(self) -> int:
        """How many attempts there were to hand it over."""
        return 0 if self.attempted is None else self.attempted.attempt

    @property
    def provider(self) -> str | None:
        """Whom it was handed to last, or was to be."""
        return None if self.attempted is None else self.attempted.provider

    @property
    def _latest(self) -> frozenset[str]:
        return frozenset() if self.attempted is None else frozenset((self.attempted.token,))

    @property
    def can_be_looked_up(self) -> bool:
        """Whether nobody knows what became of it, and its provider can be asked."""
        is_in_doubt = isinstance(self.delivery, Unknown)
        return is_in_doubt and self.attempted is not None and self.attempted.can_be_looked_up

    def repeatable(self, now: datetime) -> NotificationAttempted | None:
        """The attempt that may be made again under the same token, since it is carried once."""
        match self.delivery, self.attempted:
            case (
                Unknown(repeat_at=datetime() as since),
                NotificationAttempted(carried_once_until=datetime() as until) as attempted,
            ) if since <= now < until:
                return attempted
            case _:
                return None

    def is_in_hand(self, attempt: int) -> bool:
        """Whether the outcome of that attempt is still to be told."""
        return self.attempts == attempt and isinstance(self.delivery, Attempting | Unknown)

    # The fold

    def after(self, event: NotificationEvent, at: datetime) -> "Notification":
        """The notification as an event leaves it. Never refuses and never decides."""
        match event:
            case NotificationAttempted(settled_by=settled_by):
                return replace(self.moved(Attempting(settled_by), at), attempted=event)
            case NotificationSimulated():
                return self.moved(Simulated(), at)
            case NotificationSent(reference=reference):
                return replace(self.moved(Accepted(), at), reference=reference)
            case NotificationRejected(failure=failure):
                return self.moved(Failed(failure), at)
            case NotificationDeferred(retry_at=retry_at, was_looked_up=is_certain):
                in_doubt = self.in_doubt - self._latest if is_certain else self.in_doubt
                bound_to = self.bound_to if in_doubt else None
                deferred = self.moved(Pending(retry_at), at)
                return replace(deferred, bound_to=bound_to, in_doubt=in_doubt)
            case NotificationOutcomeUnknown(resolve_by=resolve_by, repeat_at=repeat_at):
                unknown = self.moved(Unknown(resolve_by, repeat_at), at)
                in_doubt = self.in_doubt | self._latest
                return replace(unknown, bound_to=self.provider, in_doubt=in_doubt)
            case NotificationGivenUp():
                return self.moved(GivenUp(), at)
            case NotificationExpired(has_left=has_left):
                return self.moved(Expired(has_left), at)
            case DeliveryReported():
                return self._told(event, at)
            case _:
                assert_never(event)

    def moved(self, delivery: Delivery, at: datetime) -> "Notification":
        """The notification in its next state; what is final stays as it is."""
        return self if self.is_final else replace(self, delivery=delivery, changed_at=at)

    def _told(self, report: DeliveryReported, at: datetime) -> "Notification":
        told: Delivery
        match report.state:
            case ReportedState.DELAYED:
                told = Pending()
            case ReportedState.RELAYED:
                told = Relayed()
            case ReportedState.DELIVERED:
                told = Delivered()
            case ReportedState.FAILED:
                told = Failed(report.failure or Failure.FAILED)
        known = replace(self, reports=(*self.reports, report))
        if not outranks(told, self.delivery):
            return known
        return replace(known, delivery=told, changed_at=at)
