"""Rebuild what was known of an order, when, and by whom."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, assert_never

from application.envelope import Actor, Recorded
from application.masking import masked
from application.operations.recorder import ActRecorder
from application.pace import Pace
from application.ports.order_repository import Histories
from application.queries.history_line import HistoryLine
from application.seeking import OrderNotFoundError, seek_history_for
from domain.operations.acts import HistoryRead
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    ContactNotFound,
    ContactResolved,
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
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderId,
    OrderPlaced,
    RecipientReserved,
    Refuser,
    ReportedState,
    SendConditionMet,
    SendConditionNotMet,
    SendConditionUnknown,
    Target,
    Withdrawal,
    Wording,
    WordingReason,
)
from domain.order.order import Order, rebuild
from domain.recipient import RecipientNo

_GOES_ON: Final = frozenset({ReportedState.DELAYED, ReportedState.RELAYED})
_WITHDRAWN: Final[Mapping[Withdrawal | None, str]] = MappingProxyType(
    {
        None: "the order was cancelled in time",
        Withdrawal.MAIN_ORDER_CANCELLED: (
            "the reminder was withdrawn, since the order that it reminds of was cancelled"
        ),
        Withdrawal.MAIN_CONDITION_NOT_MET: (
            "the reminder was withdrawn, since the condition of the order that it reminds of said: "
            "do not send"
        ),
    }
)
_CONTRADICTS: Final = ", which contradicts what was reported before"


class AuditQueries:
    """Tells an order's history in words, and rebuilds it as it stood at a moment."""

    def __init__(self, *, orders: Histories, recorder: ActRecorder) -> None:
        self._orders = orders
        self._recorder = recorder

    async def history(
        self, order_id: OrderId, *, by: Actor, reason: str | None = None
    ) -> Sequence[HistoryLine]:
        """Everything that was recorded of an order, oldest first, with who and when.

        An owner may read its own orders' histories, an operator everybody's; that it was read is on
        record.

        Raises:
            OrderNotFoundError: there is no such order (of this owner).
            StoreUnavailableError: try again later.
        """
        history = await seek_history_for(self._orders, order_id, by)
        await self._recorder.record(HistoryRead(order_id=order_id), by=by, reason=reason)
        contradicting = _contradicting(history)
        lines = []
        with Pace() as pace:
            for each in history:
                await pace.keep()
                words = in_words(each.event)
                lines.append(
                    HistoryLine(
                        version=each.version,
                        recorded_at=each.recorded_at,
                        recorded_by=each.recorded_by,
                        event=str(type(each.event).__struct_config__.tag),
                        words=words + (_CONTRADICTS if each.version in contradicting else ""),
                    )
                )
        return lines

    async def as_at(
        self, order_id: OrderId, moment: datetime, *, by: Actor, reason: str | None = None
    ) -> Order:
        """Rebuild an order as it stood at a moment: from what had been recorded by then.

        That it was read is on record.

        Raises:
            OrderNotFoundError: there was no such order (of this owner) yet.
            StoreUnavailableError: try again later.
        """
        known = [
            (each.event, each.recorded_at)
            for each in await seek_history_for(self._orders, order_id, by)
            if each.recorded_at <= moment
        ]
        if not known:
            raise OrderNotFoundError
        act = HistoryRead(order_id=order_id, as_at=moment)
        await self._recorder.record(act, by=by, reason=reason)
        return rebuild(order_id, known)


def _contradicting(history: Sequence[Recorded]) -> Collection[int]:
    """The versions of the reports that tell another end of a notification than one before them.

    What was delayed, or handed on, may end in any way.
    """
    ends: dict[NotificationNo, set[tuple[ReportedState, Failure | None]]] = defaultdict(set)
    versions = set()
    for each in history:
        report = each.event
        if isinstance(report, DeliveryReported) and report.state not in _GOES_ON:
            told = ends[report.notification_no]
            if told - {(report.state, report.failure)}:
                versions.add(each.version)
            told.add((report.state, report.failure))
    return versions


def in_words(event: OrderEvent) -> str:
    """What happened, as a caseworker would say it."""
    match event:
        case OrderPlaced():
            whom = _count(len(event.recipients), "recipient")
            return (
                f"{event.owner} placed an order ({event.kind}) for {whom}, by {_spoken(event.channel)}, "
                f"to be sent from {event.requested_send_time.isoformat()}"
            )
        case OrderCancelled(because=because):
            return _WITHDRAWN[because]
        case SendConditionMet():
            return "the sender's condition said: send"
        case SendConditionNotMet():
            return "the sender's condition said: do not send"
        case SendConditionUnknown(reason=reason, retry_at=retry_at):
            then = (
                "the order goes on without"
                if retry_at is None
                else f"it is asked again at {retry_at.isoformat()}"
            )
            return f"the sender's condition gave no answer ({reason}); {then}"
        case AuthorityUnknown(recipients=recipients, retry_at=retry_at, until=until):
            return (
                f"whether users may hear of it on behalf of {_numbered(recipients)} could not be "
                f"asked; that is asked again at {retry_at.isoformat()}, and waited for until "
                f"{until.isoformat()} at most"
            )
        case ContactResolved():
            found = ", ".join(_target(each) for each in event.targets) or "nowhere new"
            return (
                f"recipient {event.recipient_no} is reached at {found}{_reasons(event.considered)}"
            )
        case ContactNotFound():
            channels = " and ".join(channel for _, channel in event.notifications)
            return (
                f"recipient {event.recipient_no} has no contact point for {channels}"
                f"{_reasons(event.considered)}"
            )
        case RecipientReserved():
            return f"recipient {event.recipient_no} has declined digital communication"
        case NotificationAttempted():
            return (
                f"notification {event.notification_no} is about to be handed to {event.provider}, "
                f"attempt {event.attempt}"
            )
        case NotificationSimulated():
            return (
                f"notification {event.notification_no} was simulated: it was handed to nobody, since "
                f"its sender only tries its recipient out ({_spoken(event.rule)}), and costs nothing"
            )
        case NotificationSent():
            asked = ", as it says now that it was asked" if event.was_looked_up else ""
            return f"notification {event.notification_no} was accepted by the provider{asked}"
        case NotificationRejected(by=Refuser.SERVICE):
            return (
                f"notification {event.notification_no} was not handed over: "
                f"{_spoken(event.failure)} ({event.code})"
            )
        case NotificationRejected():
            return (
                f"notification {event.notification_no} was refused by the provider: "
                f"{_spoken(event.failure)} ({event.code})"
            )
        case NotificationDeferred(was_looked_up=True):
            return (
                f"notification {event.notification_no} was never accepted by the provider, as it "
                f"says now that it was asked ({event.code})"
            )
        case NotificationDeferred():
            return (
                f"notification {event.notification_no} was put off by the provider ({event.code}); "
                f"next attempt from {event.retry_at.isoformat()}"
            )
        case NotificationOutcomeUnknown():
            return (
                f"nobody can tell whether notification {event.notification_no} was accepted "
                f"({event.code}); a report may tell until {event.resolve_by.isoformat()}"
            )
        case NotificationGivenUp():
            return f"notification {event.notification_no} may have been accepted, and is not sent again"
        case DeliveryReported(state=ReportedState.RELAYED):
            return (
                f"{event.provider} reported notification {event.notification_no} handed on to a "
                f"server that reports nothing ({event.code})"
            )
        case DeliveryReported():
            why = "" if event.failure is None else f": {_spoken(event.failure)}"
            return (
                f"{event.provider} reported notification {event.notification_no} "
                f"{event.state}{why} ({event.code})"
            )
        case NotificationExpired(has_left=has_left):
            how = "was never confirmed" if has_left else "could not be sent in time"
            return f"notification {event.notification_no} {how}"
        case OrderCompleted():
            return "the order is completed"
        case _:
            assert_never(event)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _numbered(recipients: Sequence[RecipientNo]) -> str:
    noun = "recipient" if len(recipients) == 1 else "recipients"
    return f"{noun} {', '.join(str(each) for each in recipients)}"


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _target(target: Target) -> str:
    origin = "" if target.origin is None else f" of main unit {target.origin}"
    wording = "" if target.wording is None else f"; {_wording(target.wording)}"
    return f"{masked(target.address)} (from {_spoken(target.source)}{origin}{wording})"


def _wording(wording: Wording) -> str:
    match wording.because:
        case WordingReason.RECIPIENTS_LANGUAGE:
            return f"in their own language, {wording.language}"
        case WordingReason.NOT_IN_THEIR_LANGUAGE:
            return "in the sender's first words, since none are named in their language"
        case WordingReason.LANGUAGE_UNKNOWN:
            return "in the sender's first words, since their language is not known"
        case _:
            assert_never(wording.because)


def _reasons(considered: Sequence[Considered]) -> str:
    if not considered:
        return ""
    return f" — not used: {'; '.join(map(_reason, considered))}"


def _reason(considered: Considered) -> str:
    channel = "" if considered.channel is None else f" {considered.channel}"
    of = considered.duplicate_of
    whose = "" if of is None else f" of recipient {of}"
    left_alone = considered.suppression
    since = (
        ""
        if left_alone is None
        else f" on {left_alone.bounced_at:%Y-%m-%d}, not used until {left_alone.until:%Y-%m-%d}"
    )
    return f"{_spoken(considered.source)}{channel}: {_spoken(considered.reason)}{whose}{since}"
