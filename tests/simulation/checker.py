"""What must be true of every history once everything has come to rest."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

from application.envelope import Recorded
from application.ports.provider import OutboundSms
from domain.message import SendingTime
from domain.order.events import (
    AuthorityUnknown,
    ContactNotFound,
    ContactResolved,
    DeliveryPolicy,
    NotificationAttempted,
    NotificationOutcomeUnknown,
    NotificationSent,
    OrderId,
    OrderPlaced,
    Reason,
    RecipientReserved,
)
from domain.order.notification import Delivered, Expired
from domain.order.order import Order, rebuild
from domain.order.terms import terms_of
from domain.recipient import RecipientNo
from domain.schedule import OSLO
from tests.simulation.address_checker import PAUSED
from tests.simulation.processes import Held


def findings(
    accepted: Sequence[OrderId],
    histories: Mapping[OrderId, Sequence[Recorded]],
    held: Sequence[Held],
    on_the_agenda: Sequence[OrderId],
    *,
    refused: Sequence[OrderId] = (),
    stuck: Sequence[OrderId] = (),
    permitted: Collection[str] = (),
    max_age: timedelta = timedelta.max,
) -> Iterator[str]:
    """Each promise that was not kept, in words; `stuck` is what no death of a worker explains."""
    for order_id in refused:
        if order_id in histories:
            yield f"order {order_id} was refused, and is there"
    for order_id in stuck:
        yield f"order {order_id} was lent to nobody any more, and no worker had died"
    by_token: dict[str, list[Held]] = defaultdict(list)
    for each in held:
        by_token[each.letter.token].append(each)
    for order_id in accepted:
        if order_id not in histories:
            yield f"order {order_id} was accepted, and is not there"
    known: set[str] = set()
    for order_id, history in histories.items():
        order = rebuild(order_id, [(each.event, each.recorded_at) for each in history])
        if not order.is_finished:
            yield f"order {order_id} never ended: {order.status}"
        if order.is_finished == (order_id in on_the_agenda):
            yield f"order {order_id} is on the agenda, or off it, in error"
        for line in _of_notifications(order, history, by_token):
            yield f"order {order_id}: {line}"
        for line in _of_users(history, permitted):
            yield f"order {order_id}: {line}"
        for line in _of_copies(history, max_age):
            yield f"order {order_id}: {line}"
        known |= {e.event.token for e in history if isinstance(e.event, NotificationAttempted)}
    for token in by_token.keys() - known:
        yield f"a provider holds {token}, and no attempt is on record"


def _of_copies(history: Sequence[Recorded], max_age: timedelta) -> Iterator[str]:
    """Whether nobody was looked up in a copy that was too old."""
    for each in history:
        match each.event:
            case ContactResolved() | ContactNotFound() | RecipientReserved() as event:
                for asked in event.consulted:
                    if asked.as_of is None:
                        yield f"recipient {event.recipient_no} was looked up in a copy never loaded"
                    elif each.recorded_at - asked.as_of > max_age + PAUSED:
                        age = each.recorded_at - asked.as_of
                        yield f"recipient {event.recipient_no} was looked up in a copy as of {age} ago"
            case _:
                pass


def _of_users(history: Sequence[Recorded], permitted: Collection[str]) -> Iterator[str]:
    """Whether only those were told who may, and whoever could not be asked about had time."""
    until: dict[RecipientNo, datetime] = {}
    for each in history:
        match each.event:
            case AuthorityUnknown(recipients=recipients, until=moment):
                for number in recipients:
                    if until.setdefault(number, moment) != moment:
                        yield f"recipient {number} was to wait until {until[number]}, and then {moment}"
            case ContactResolved() | ContactNotFound() as event:
                number = event.recipient_no
                targets = event.targets if isinstance(event, ContactResolved) else ()
                for target in targets:
                    if target.user is not None and target.user.text not in permitted:
                        yield f"recipient {number}: a user was told who may not"
                is_unasked = any(
                    one.reason is Reason.AUTHORITY_NOT_ASKED for one in event.considered
                )
                had_time = number in until and until[number] <= each.recorded_at
                # What has expired waits for nobody's word.
                if is_unasked and not had_time and each.recorded_at < _end(history):
                    yield f"recipient {number} was given no time for its users to be asked about"
            case _:
                pass


def _end(history: Sequence[Recorded]) -> datetime:
    """When the first of an order's notifications could expire."""
    placed = history[0].event
    assert isinstance(placed, OrderPlaced)
    return min(terms_of(placed, each).expires_at for each in placed.channel.possible)


def _of_notifications(
    order: Order, history: Sequence[Recorded], by_token: Mapping[str, Sequence[Held]]
) -> Iterator[str]:
    events = [each.event for each in history]
    for notification in order.notifications:
        number = notification.notification_no
        tokens = dict.fromkeys(
            each.token
            for each in events
            if isinstance(each, NotificationAttempted) and each.notification_no == number
        )
        held = [one for token in tokens for one in by_token.get(token, ())]
        unknown = sum(
            isinstance(each, NotificationOutcomeUnknown) and each.notification_no == number
            for each in events
        )
        is_once = order.delivery_policy(notification.channel) is DeliveryPolicy.AT_MOST_ONCE
        name = f"notification {number} ({notification.channel}, {notification.delivery})"
        if len(held) > 1 and is_once:
            yield f"{name} was handed over {len(held)} times, and at most once was promised"
        if len(held) > 1 + unknown:
            yield f"{name} was handed over {len(held)} times with {unknown} unknown outcomes"
        if len({one.provider for one in held}) > 1:
            yield f"{name} went through another provider after one had it"
        if any(len(by_token.get(token, ())) > 1 for token in tokens):
            yield f"{name}: one attempt was made twice"
        references = [
            each.reference
            for each in events
            if isinstance(each, NotificationSent) and each.notification_no == number
        ]
        if not by_token.keys() >= set(references):
            yield f"{name} is on record as sent, and nobody holds it"
        if isinstance(notification.delivery, Delivered) and not held:
            yield f"{name} is on record as delivered, and nobody ever held it"
        if notification.delivery == Expired(has_left=False) and held:
            yield f"{name} is on record as never sent, and a provider holds it"
        if not notification.is_final:
            yield f"{name} has no final result"
        for one in held:
            yield from (
                f"{name} {fault}" for fault in _untimely(order, notification.expires_at, one)
            )


def _untimely(order: Order, expires_at: datetime, held: Held) -> Iterator[str]:
    if held.at > held.letter.send_before:
        yield "left after its attempt had run out"
    if held.at >= expires_at:
        yield "left after it had expired"
    sms = order.placed.sms
    is_daytime = sms is not None and sms.sending_time is SendingTime.DAYTIME
    if isinstance(held.letter, OutboundSms) and is_daytime:
        clock = held.at.astimezone(OSLO).time()
        if not time(9) <= clock <= time(17):
            yield f"left at {clock:%H:%M:%S} in Oslo, outside the day"
