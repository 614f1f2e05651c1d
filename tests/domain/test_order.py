"""What an order decides: given a history, when asked, then events."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.agreement import Agreement
from domain.channel import Channel, ChannelChoice
from domain.contact_point import comparison_key
from domain.message import EmailText, Language, SendingTime, SmsText
from domain.order.errors import TooLateToCancelError
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    ContactNotFound,
    ContactResolved,
    DeliveryPolicy,
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
    Reason,
    RecipientReserved,
    Refuser,
    ReportedState,
    SendConditionMet,
    SendConditionNotMet,
    SendConditionUnknown,
    Source,
    Target,
    Terms,
    Wording,
    WordingReason,
)
from domain.order.limits import Limits
from domain.order.notification import (
    Accepted,
    Attempting,
    Delivered,
    Delivery,
    Expired,
    Failed,
    GivenUp,
    NotIdentified,
    Pending,
    Relayed,
    Reserved,
    Simulated,
    Stopped,
)
from domain.order.order import BULK_FROM, CHUNK, Attempt, Lane, Order, duplicate, rebuild
from domain.order.state import OrderStatus, evolve_all
from domain.order.steps import (
    AttemptNotifications,
    CheckCondition,
    Finished,
    LookUpOutcomes,
    RecordTimeouts,
    ResolveRecipients,
    WaitUntil,
)
from domain.order.terms import terms_of
from domain.personal import Contact, Content, Identifier
from domain.recipient import Recipient, RecipientNo
from domain.resolution import Found, Resolution
from tests.samples import KARI, NOON, OLA, ORDER_ID, REMINDER_MAIL, REMINDER_SMS, placed

FIRST = NotificationNo(0)
KARIS = Contact("kari@post.example.no")
by_mail = Found(channel=Channel.EMAIL, address=KARIS, source=Source.KRR)
by_sms = Found(channel=Channel.SMS, address=Contact("+4740000001"), source=Source.KRR)
attempt = Attempt(
    provider="smtp",
    send_before=NOON + timedelta(seconds=30),
    settled_by=NOON + timedelta(minutes=12),
)


def target(number: int, found: Found) -> Target:
    return Target(
        notification_no=NotificationNo(number),
        channel=found.channel,
        address=found.address,
        source=found.source,
    )


kari_found = ContactResolved(recipient_no=RecipientNo(0), targets=(target(0, by_mail),))
attempted = NotificationAttempted(
    notification_no=FIRST,
    attempt=1,
    provider="smtp",
    token="00" * 16,
    send_before=attempt.send_before,
    settled_by=attempt.settled_by,
)
sent = NotificationSent(notification_no=FIRST, attempt=1, provider="smtp", reference="00" * 16)
delivered = DeliveryReported(
    notification_no=FIRST, provider="smtp", state=ReportedState.DELIVERED, code="2.0.0"
)
bounced = DeliveryReported(
    notification_no=FIRST,
    provider="smtp",
    state=ReportedState.FAILED,
    code="5.1.1",
    failure=Failure.BOUNCED,
)
quarantined = msgspec.structs.replace(bounced, failure=Failure.QUARANTINED, code="5.7.1")
delayed = msgspec.structs.replace(delivered, state=ReportedState.DELAYED, code="4.4.1")
relayed = msgspec.structs.replace(delivered, state=ReportedState.RELAYED, code="relayed 2.0.0")

by_sms_too = msgspec.structs.replace(placed, channel=ChannelChoice.EMAIL_AND_SMS, sms=REMINDER_SMS)
conditional = msgspec.structs.replace(placed, condition=Content("https://owner.example/ok"))


def order_after(*events: OrderEvent, at: datetime = NOON) -> Order:
    return rebuild(ORDER_ID, [(event, at) for event in events])


def resolved(order: Order, *found: Found, missing: tuple[Channel, ...] = ()) -> Order:
    events = order.resolve({RecipientNo(0): Resolution(found=found, missing=missing)}, {})
    return evolve_all(order, events, NOON)


# Waiting for whoever decides who may hear of it


WAIT = timedelta(minutes=10)
UNASKED = Resolution(
    found=(by_mail,),
    is_authority_awaited=True,
    considered=(
        Considered(
            source=Source.USER_PROFILE,
            reason=Reason.AUTHORITY_NOT_ASKED,
            user=Identifier("20001111"),
        ),
    ),
)
two_recipients = msgspec.structs.replace(
    placed, recipients=(Recipient(RecipientNo(0), KARI), Recipient(RecipientNo(1), OLA))
)


def test_nobody_waits_for_what_will_not_be_decided_soon() -> None:
    unjudgeable = msgspec.structs.replace(UNASKED, is_authority_awaited=False)
    assert order_after(two_recipients).put_off({RecipientNo(0): unjudgeable}, NOON, wait=WAIT) == ()


def put_off(order: Order, now: datetime, *recipients: int) -> tuple[Order, Sequence[OrderEvent]]:
    resolutions = {RecipientNo(each): UNASKED for each in recipients}
    decided = order.put_off(resolutions, now, wait=WAIT)
    return evolve_all(order, decided, now), decided


def test_whoever_cannot_be_asked_about_waits_a_minute_and_the_others_go_on() -> None:
    again = NOON + timedelta(seconds=60)
    order, decided = put_off(order_after(two_recipients), NOON, 0)

    assert decided == (
        AuthorityUnknown(recipients=(RecipientNo(0),), retry_at=again, until=NOON + WAIT),
    )
    assert order.status is OrderStatus.PROCESSING
    assert order.next_step(NOON) == ResolveRecipients([RecipientNo(1)])
    order = evolve_all(
        order, order.resolve({RecipientNo(1): Resolution(found=(by_mail,))}, {}), NOON
    )
    assert isinstance(order.next_step(NOON), AttemptNotifications)
    order = evolve_all(order, [attempted, sent, delivered], NOON)
    assert not order.is_finished
    assert order.next_step(NOON) == WaitUntil(again)
    assert order.next_step(again) == ResolveRecipients([RecipientNo(0)])


def test_the_wait_is_reckoned_from_the_first_time_and_ends_on_the_spot() -> None:
    until = NOON + WAIT
    order, _ = put_off(order_after(placed), NOON, 0)
    order, _ = put_off(order, until - timedelta(seconds=20), 0)

    assert order.next_step(until - timedelta(seconds=1)) == WaitUntil(until)
    assert put_off(order, until, 0) == (order, ())


def test_who_waits_since_another_moment_waits_until_another() -> None:
    later = NOON + timedelta(minutes=2)
    order, _ = put_off(order_after(two_recipients), NOON, 0)
    _, decided = put_off(order, later, 0, 1)
    assert [
        (each.recipients, each.until) for each in decided if isinstance(each, AuthorityUnknown)
    ] == [
        ((RecipientNo(0),), NOON + WAIT),
        ((RecipientNo(1),), later + WAIT),
    ]


def test_nobody_waits_who_is_resolved_or_of_whom_everything_is_known() -> None:
    order = resolved(order_after(two_recipients), by_mail)
    known = {RecipientNo(0): UNASKED, RecipientNo(1): Resolution(found=(by_mail,))}
    assert order.put_off(known, NOON, wait=WAIT) == ()


def test_nobody_waits_until_the_notification_would_have_expired() -> None:
    order = order_after(placed)
    expires_at = terms_of(order.placed, Channel.EMAIL).expires_at
    unasked = {RecipientNo(0): UNASKED}
    assert order.put_off(unasked, expires_at - WAIT, wait=WAIT) == ()
    assert order.put_off(unasked, expires_at - WAIT - timedelta(seconds=1), wait=WAIT)


# What comes next


def test_an_order_waits_for_its_send_time_and_then_for_its_recipients() -> None:
    order = order_after(placed)

    assert order.status is OrderStatus.REGISTERED
    assert order.next_step(NOON - timedelta(hours=1)) == WaitUntil(NOON)
    assert order.next_step(NOON) == ResolveRecipients([RecipientNo(0)])


def test_what_is_resolved_is_attempted_and_what_is_attempted_is_waited_for() -> None:
    order = order_after(placed, kari_found)

    assert order.status is OrderStatus.PROCESSED
    assert order.next_step(NOON) == AttemptNotifications([FIRST])
    order = order_after(placed, kari_found, attempted)
    assert order.next_step(NOON) == WaitUntil(attempt.settled_by)


def test_an_attempt_that_nobody_settles_becomes_unknown() -> None:
    order = order_after(placed, kari_found, attempted)
    late = attempt.settled_by

    assert order.next_step(late) == RecordTimeouts()
    assert order.record_timeouts(late) == (
        NotificationOutcomeUnknown(
            notification_no=FIRST,
            attempt=1,
            code="no_outcome",
            resolve_by=late + timedelta(minutes=15),
        ),
    )


def unknown_until(moment: datetime) -> NotificationOutcomeUnknown:
    return NotificationOutcomeUnknown(
        notification_no=FIRST, attempt=1, code="lost", resolve_by=moment
    )


def test_an_unknown_email_is_sent_again_only_when_no_report_has_come_in_time() -> None:
    until = NOON + timedelta(minutes=15)
    order = order_after(placed, kari_found, attempted, unknown_until(until))

    assert order.next_step(NOON) == WaitUntil(until)
    assert order.attempt({FIRST: attempt}, NOON) == ()
    assert order.next_step(until) == AttemptNotifications([FIRST])


def test_an_unknown_text_message_is_never_sent_again() -> None:
    by_phone = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, sms=REMINDER_SMS)
    found = msgspec.structs.replace(kari_found, targets=(target(0, by_sms),))
    until = NOON + timedelta(minutes=15)
    order = order_after(by_phone, found, attempted, unknown_until(until))

    assert order.next_step(until) == RecordTimeouts()
    assert order.record_timeouts(until) == (
        NotificationGivenUp(notification_no=FIRST),
        OrderCompleted(),
    )


# What is unknown, of a provider that remembers

MINUTES = timedelta(minutes=1)
remembered = msgspec.structs.replace(
    attempted, carried_once_until=NOON + 5 * MINUTES, can_be_looked_up=True
)
by_phone = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, sms=REMINDER_SMS)
phone_found = msgspec.structs.replace(kari_found, targets=(target(0, by_sms),))


def in_doubt(*, repeat_at: datetime | None = None) -> Order:
    """A text message that is sent at most once, and that its provider may have."""
    unknown = msgspec.structs.replace(unknown_until(NOON + 15 * MINUTES), repeat_at=repeat_at)
    return order_after(by_phone, phone_found, remembered, unknown)


def test_a_provider_that_can_tell_is_asked_what_became_of_it() -> None:
    assert in_doubt().next_step(NOON) == LookUpOutcomes([FIRST])
    assert in_doubt().due_at(NOON) == NOON
    assert in_doubt().wakes_at(NOON) == NOON + 15 * MINUTES


def test_what_its_provider_carries_once_is_handed_over_again_under_the_same_token() -> None:
    order = in_doubt(repeat_at=NOON + MINUTES)

    assert order.wakes_at(NOON) == NOON + MINUTES
    assert order.attempt({FIRST: attempt}, NOON) == ()
    assert order.next_step(NOON + MINUTES) == AttemptNotifications([FIRST])
    (again,) = order.attempt({FIRST: attempt}, NOON + MINUTES)
    assert again.token == remembered.token
    assert again.attempt == 2
    assert again.carried_once_until == remembered.carried_once_until


def test_it_is_not_handed_over_again_after_its_provider_has_forgotten() -> None:
    order = in_doubt(repeat_at=NOON + MINUTES)
    forgotten = NOON + 5 * MINUTES
    late = replace(attempt, send_before=forgotten + MINUTES)

    (last,) = order.attempt({FIRST: late}, forgotten - timedelta(seconds=1))

    assert last.send_before == forgotten
    assert order.attempt({FIRST: late}, forgotten) == ()
    assert order.wakes_at(forgotten) == NOON + 15 * MINUTES


def test_what_was_never_settled_is_handed_over_again_while_its_provider_remembers() -> None:
    settled_by = NOON + 2 * MINUTES
    quick = msgspec.structs.replace(remembered, settled_by=settled_by)
    (unknown,) = order_after(by_phone, phone_found, quick).record_timeouts(settled_by)
    assert isinstance(unknown, NotificationOutcomeUnknown)
    assert unknown.repeat_at == settled_by

    slow = msgspec.structs.replace(remembered, settled_by=NOON + 5 * MINUTES)
    (unknown,) = order_after(by_phone, phone_found, slow).record_timeouts(NOON + 5 * MINUTES)
    assert isinstance(unknown, NotificationOutcomeUnknown)
    assert unknown.repeat_at is None


def test_a_repeat_that_was_certainly_not_taken_leaves_the_first_attempt_in_doubt() -> None:
    order = in_doubt(repeat_at=NOON + MINUTES)
    (again,) = order.attempt({FIRST: attempt}, NOON + MINUTES)
    order = evolve_all(order, [again], NOON + MINUTES)
    later, resolve_by = NOON + 2 * MINUTES, NOON + 17 * MINUTES

    (told,) = order.record_deferred(FIRST, 2, "451", retry_at=later, resolve_by=resolve_by)

    assert told == NotificationOutcomeUnknown(
        notification_no=FIRST, attempt=2, code="451", resolve_by=resolve_by, repeat_at=later
    )


def test_that_a_provider_never_took_one_attempt_says_nothing_of_an_earlier_one() -> None:
    first = unknown_until(NOON + 15 * MINUTES)
    repeated = NotificationDeferred(
        notification_no=FIRST, attempt=1, code="421", retry_at=NOON + MINUTES
    )
    anew = msgspec.structs.replace(attempted, attempt=2, token="another")
    second = msgspec.structs.replace(first, attempt=2)
    order = order_after(placed, kari_found, attempted, first, repeated, anew, second)

    (told,) = order.record_not_taken(FIRST, 2, "never_seen", NOON + 3 * MINUTES)
    order = evolve_all(order, [told], NOON + 3 * MINUTES)

    assert order.notifications[0].bound_to == attempted.provider


def test_what_its_provider_never_took_may_go_through_any() -> None:
    order = in_doubt()

    (told,) = order.record_not_taken(FIRST, 1, "never_seen", NOON)
    order = evolve_all(order, [told], NOON)

    assert order.notifications[0].bound_to is None
    assert order.next_step(NOON) == AttemptNotifications([FIRST])
    (anew,) = order.attempt({FIRST: attempt}, NOON)
    assert anew.token != remembered.token


def test_what_one_provider_may_have_taken_is_claimed_for_no_other() -> None:
    order = order_after(placed, kari_found, attempted, unknown_until(NOON))

    assert order.attempt({FIRST: replace(attempt, provider="smtp:2")}, NOON) == ()
    assert len(order.attempt({FIRST: attempt}, NOON)) == 1


def test_an_unknown_text_message_is_given_up_in_the_night_too() -> None:
    night = NOON.replace(hour=22)
    order = order_after(by_phone, phone_found, attempted, unknown_until(night))

    assert order.next_step(NOON) == WaitUntil(night)


def test_a_daytime_text_message_that_may_come_twice_is_sent_again_in_the_morning() -> None:
    at_least_once = msgspec.structs.replace(by_phone, delivery_policy=DeliveryPolicy.AT_LEAST_ONCE)
    order = order_after(at_least_once, phone_found, attempted, unknown_until(NOON.replace(hour=22)))

    assert order.next_step(NOON) == WaitUntil(NOON.replace(day=2, hour=7))


def test_a_report_settles_what_was_unknown() -> None:
    order = order_after(placed, kari_found, attempted, unknown_until(NOON + timedelta(minutes=15)))

    assert order.record_reports([delivered]) == (delivered, OrderCompleted())


def test_a_daytime_text_message_waits_for_the_morning_even_in_a_backlog() -> None:
    by_phone = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, sms=REMINDER_SMS)
    found = msgspec.structs.replace(kari_found, targets=(target(0, by_sms),))
    order = order_after(by_phone, found)
    evening = NOON.replace(hour=15)  # 17:00 in Oslo

    assert order.next_step(evening - timedelta(seconds=1)) == AttemptNotifications([FIRST])
    assert order.next_step(evening) == WaitUntil(evening.replace(day=2, hour=7))


def test_a_text_message_for_any_time_leaves_at_night() -> None:
    anytime = msgspec.structs.replace(REMINDER_SMS, sending_time=SendingTime.ANYTIME)
    by_phone = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, sms=anytime)
    found = msgspec.structs.replace(kari_found, targets=(target(0, by_sms),))

    night = NOON.replace(hour=23)
    assert order_after(by_phone, found).next_step(night) == AttemptNotifications([FIRST])


def test_a_finished_order_needs_nothing_ever_again() -> None:
    order = order_after(placed, kari_found, attempted, sent, delivered, OrderCompleted())

    assert order.next_step(NOON + timedelta(days=1000)) == Finished()
    assert order.due_at(NOON) is None


def test_a_large_order_yields_to_others_between_chunks() -> None:
    many = tuple(Recipient(RecipientNo(n), OLA) for n in range(3 * CHUNK))
    order = order_after(msgspec.structs.replace(placed, recipients=many))

    step = order.next_step(NOON)

    assert isinstance(step, ResolveRecipients)
    assert len(step.recipients) == CHUNK
    assert order.lane is Lane.BULK
    assert BULK_FROM < 3 * CHUNK


# Cancelling


def test_an_order_can_be_cancelled_until_five_minutes_before_its_time() -> None:
    order = order_after(placed)

    assert order.cancel(NOON - timedelta(minutes=5, seconds=1)) == (OrderCancelled(),)
    with pytest.raises(TooLateToCancelError):
        order.cancel(NOON - timedelta(minutes=5))


def test_to_cancel_twice_is_to_cancel_once() -> None:
    assert order_after(placed, OrderCancelled()).cancel(NOON + timedelta(days=1)) == ()


def test_an_order_that_has_begun_cannot_be_cancelled() -> None:
    with pytest.raises(TooLateToCancelError):
        order_after(placed, kari_found).cancel(NOON - timedelta(days=1))


# The sender's condition


def test_the_condition_is_asked_before_anybody_is_looked_up() -> None:
    order = order_after(conditional)

    assert order.next_step(NOON) == CheckCondition("https://owner.example/ok")
    assert order_after(conditional, SendConditionMet()).next_step(NOON) == ResolveRecipients(
        [RecipientNo(0)]
    )


def test_a_negative_condition_ends_the_order() -> None:
    events = order_after(conditional).record_condition(False, NOON)  # noqa: FBT003

    order = order_after(conditional, *events)
    assert order.status is OrderStatus.SEND_CONDITION_NOT_MET
    assert order.next_step(NOON) == Finished()


def test_an_unreadable_condition_is_asked_once_more_and_then_does_not_stop_the_order() -> None:
    order = order_after(conditional)
    again = NOON + timedelta(seconds=60)

    first = order.record_condition("timeout", NOON)
    assert first == (SendConditionUnknown(reason="timeout", retry_at=again),)
    order = order_after(conditional, *first)
    assert order.status is OrderStatus.PROCESSING
    assert order.next_step(NOON) == WaitUntil(again)
    assert isinstance(order.next_step(again), CheckCondition)
    second = order.record_condition("timeout", again)
    assert second == (SendConditionUnknown(reason="timeout", retry_at=None),)
    assert order_after(conditional, *first, *second).next_step(again) == ResolveRecipients(
        [RecipientNo(0)]
    )


def test_a_condition_is_asked_again_for_what_leaves_much_later() -> None:
    by_phone = msgspec.structs.replace(conditional, channel=ChannelChoice.SMS, sms=REMINDER_SMS)
    found = msgspec.structs.replace(kari_found, targets=(target(0, by_sms),))
    order = order_after(by_phone, SendConditionMet(), found)

    assert isinstance(order.next_step(NOON), AttemptNotifications)
    assert isinstance(order.next_step(NOON + timedelta(hours=1)), CheckCondition)


def test_a_condition_that_turns_holds_back_what_has_not_left() -> None:
    order = order_after(
        msgspec.structs.replace(conditional, channel=ChannelChoice.EMAIL_AND_SMS, sms=REMINDER_SMS),
        SendConditionMet(),
        msgspec.structs.replace(kari_found, targets=(target(0, by_mail), target(1, by_sms))),
        attempted,
        sent,
        delivered,
        SendConditionNotMet(),
        OrderCompleted(),
    )

    assert [each.delivery for each in order.notifications] == [Delivered(), Stopped()]


# Resolution


def test_each_address_found_gets_a_notification() -> None:
    order = resolved(order_after(by_sms_too), by_mail, by_sms)

    assert [each.channel for each in order.notifications] == [Channel.EMAIL, Channel.SMS]
    assert all(each.delivery == Pending() for each in order.notifications)


def test_a_recipient_is_resolved_once() -> None:
    order = resolved(order_after(placed), by_mail)

    assert order.resolve({RecipientNo(0): Resolution(found=(by_mail,))}, {}) == ()


def test_an_order_nobody_of_which_can_be_reached_is_completed_at_once() -> None:
    order = resolved(order_after(placed), missing=(Channel.EMAIL,))

    assert order.status is OrderStatus.COMPLETED
    assert order.notifications[0].delivery == NotIdentified()


def test_with_one_of_two_channels_found_the_other_is_shown_as_not_identified() -> None:
    order = resolved(order_after(by_sms_too), by_mail, missing=(Channel.SMS,))

    assert [(each.channel, each.delivery) for each in order.notifications] == [
        (Channel.EMAIL, Pending()),
        (Channel.SMS, NotIdentified()),
    ]
    assert not order.is_completed


def test_a_reserved_person_gets_nothing_and_it_shows() -> None:
    order = order_after(placed)
    events = order.resolve(
        {RecipientNo(0): Resolution(missing=(Channel.EMAIL,), is_reserved=True)}, {}
    )

    assert isinstance(events[0], RecipientReserved)
    assert order_after(placed, *events).notifications[0].delivery == Reserved()


def test_a_recipient_who_stands_in_the_order_twice_is_notified_once() -> None:
    twice = msgspec.structs.replace(
        placed, recipients=(Recipient(RecipientNo(0), KARI), Recipient(RecipientNo(1), KARI))
    )
    order = order_after(twice)

    assert order.duplicates([RecipientNo(0), RecipientNo(1)]) == {0: None, 1: 0}
    events = order.resolve(
        {RecipientNo(0): Resolution(found=(by_mail,)), RecipientNo(1): duplicate(RecipientNo(0))},
        {},
    )
    assert len(order_after(twice, *events).notifications) == 1


# Outcomes


def in_hand() -> Order:
    return order_after(placed, kari_found, attempted)


def test_what_is_in_hand_is_attempted_by_nobody_else() -> None:
    assert in_hand().attempt({FIRST: attempt}, NOON) == ()


def test_every_attempt_has_a_token_of_its_own_and_always_the_same() -> None:
    order = order_after(placed, kari_found)

    (first,) = order.attempt({FIRST: attempt}, NOON)
    (again,) = order.attempt({FIRST: attempt}, NOON)

    assert first == again
    deferred = NotificationDeferred(notification_no=FIRST, attempt=1, code="451", retry_at=NOON)
    (second,) = order_after(placed, kari_found, first, deferred).attempt({FIRST: attempt}, NOON)
    assert isinstance(first, NotificationAttempted)
    assert isinstance(second, NotificationAttempted)
    assert second.token != first.token


def test_a_notification_keeps_its_name_across_attempts() -> None:
    assert in_hand().notification_id(FIRST) == order_after(placed).notification_id(FIRST)


def test_an_accepted_notification_waits_for_its_report() -> None:
    order = order_after(placed, kari_found, attempted, sent)

    assert order.notifications[0].delivery == Accepted()
    assert order.status is OrderStatus.PROCESSED
    assert order.next_step(NOON) == WaitUntil(NOON + timedelta(hours=48, minutes=5))


def test_a_refused_notification_completes_the_order() -> None:
    events = in_hand().record_rejected(FIRST, 1, Failure.INVALID_ADDRESS, "550 5.1.1")

    assert events == (
        NotificationRejected(
            notification_no=FIRST, attempt=1, failure=Failure.INVALID_ADDRESS, code="550 5.1.1"
        ),
        OrderCompleted(),
    )


def test_a_deferred_notification_is_tried_again_at_its_time() -> None:
    later = NOON + timedelta(minutes=1)
    events = in_hand().record_deferred(FIRST, 1, "451", retry_at=later, resolve_by=later)

    order = order_after(placed, kari_found, attempted, *events)
    assert order.next_step(NOON) == WaitUntil(later)
    assert order.next_step(later) == AttemptNotifications([FIRST])


def outcomes_of(order: Order) -> Sequence[Sequence[OrderEvent]]:
    return [
        order.record_sent(FIRST, 1, "00" * 16),
        order.record_rejected(FIRST, 1, Failure.FAILED, "554"),
        order.record_deferred(FIRST, 1, "451", retry_at=NOON, resolve_by=NOON),
        order.record_unknown(FIRST, 1, "lost", resolve_by=NOON, repeat_at=NOON),
        order.record_not_taken(FIRST, 1, "never_seen", NOON),
    ]


def test_an_outcome_is_taken_down_once() -> None:
    order = order_after(placed, kari_found, attempted, sent)

    assert outcomes_of(order) == [(), (), (), (), ()]


def test_a_report_before_the_answer_stands_and_the_reference_is_still_taken_down() -> None:
    order = order_after(placed, kari_found, attempted, delivered, OrderCompleted())

    assert order.notifications[0].delivery == Delivered()
    assert order.record_sent(FIRST, 1, "ref") != ()
    after = evolve_all(order, order.record_sent(FIRST, 1, "ref"), NOON)
    assert after.notifications[0].delivery == Delivered()
    assert after.notifications[0].reference == "ref"


# Reports


reports = st.builds(
    DeliveryReported,
    notification_no=st.just(FIRST),
    provider=st.just("smtp"),
    state=st.sampled_from(ReportedState),
    code=st.sampled_from(["2.0.0", "4.4.1", "5.1.1"]),
    failure=st.sampled_from([None, *Failure]),
)
lives: Sequence[Sequence[OrderEvent]] = [
    [sent],
    [sent, NotificationExpired(notification_no=FIRST, has_left=True), OrderCompleted()],
    [unknown_until(NOON), NotificationGivenUp(notification_no=FIRST), OrderCompleted()],
    [unknown_until(NOON), sent],
    [NotificationDeferred(notification_no=FIRST, attempt=1, code="451", retry_at=NOON)],
]


@given(life=st.sampled_from(lives), told=st.lists(reports, max_size=6), data=st.data())
def test_whenever_and_in_whatever_order_the_same_reports_come_the_state_is_the_same(
    life: Sequence[OrderEvent], told: list[DeliveryReported], data: st.DataObject
) -> None:
    before = order_after(placed, kari_found, attempted)
    usual = evolve_all(before, life, NOON)
    usual = evolve_all(usual, usual.record_reports(told), NOON)

    order = before
    shuffled = data.draw(st.permutations(told))
    at = sorted(data.draw(st.lists(st.integers(0, len(life)), min_size=6, max_size=6)))
    for place in range(len(life) + 1):
        early = [each for each, when in zip(shuffled, at, strict=False) if when == place]
        order = evolve_all(order, order.record_reports(early), NOON)
        order = evolve_all(order, life[place : place + 1], NOON)

    (expected,), (notification,) = usual.notifications, order.notifications
    assert notification.delivery == expected.delivery
    assert set(notification.reports) == set(expected.reports)


@pytest.mark.parametrize("reports", list(permutations([bounced, quarantined, delayed])))
def test_of_contradictory_failures_the_same_one_stays(reports: Sequence[DeliveryReported]) -> None:
    order = order_after(placed, kari_found, attempted, sent, *reports)

    assert order.notifications[0].delivery == Failed(Failure.QUARANTINED)
    assert len(order.notifications[0].reports) == 3


@pytest.mark.parametrize("reports", list(permutations([relayed, bounced, delayed])))
def test_what_was_handed_on_and_then_came_back_has_failed(
    reports: Sequence[DeliveryReported],
) -> None:
    order = order_after(placed, kari_found, attempted, sent, *reports)

    assert order.notifications[0].delivery == Failed(Failure.BOUNCED)


@pytest.mark.parametrize("reports", list(permutations([relayed, delivered])))
def test_what_was_handed_on_and_then_arrived_is_delivered(
    reports: Sequence[DeliveryReported],
) -> None:
    order = order_after(placed, kari_found, attempted, sent, *reports)

    assert order.notifications[0].delivery == Delivered()


def test_of_what_was_handed_on_nothing_more_is_waited_for() -> None:
    order = order_after(placed, kari_found, attempted, sent)

    assert order.record_reports([relayed]) == (relayed, OrderCompleted())
    assert evolve_all(order, [relayed], NOON).notifications[0].delivery == Relayed()


def test_a_report_is_taken_down_once() -> None:
    order = order_after(placed, kari_found, attempted, sent, delivered)

    assert order.record_reports([delivered, delivered]) == ()
    assert order.record_reports([bounced, bounced]) == (bounced, OrderCompleted())


def test_a_late_report_corrects_an_expiry() -> None:
    expired = NotificationExpired(notification_no=FIRST, has_left=True)
    order = order_after(placed, kari_found, attempted, sent, expired, OrderCompleted())

    assert order.record_reports([delivered]) == (delivered,)
    assert evolve_all(order, [delivered], NOON).notifications[0].delivery == Delivered()


# Expiry


@pytest.mark.parametrize(
    "history, late, has_left",
    [
        ((), timedelta(hours=48), False),
        (
            (msgspec.structs.replace(attempted, settled_by=NOON + timedelta(hours=48)),),
            timedelta(hours=48),
            True,
        ),
        ((attempted, sent), timedelta(hours=48, minutes=5), True),
        (
            (attempted, unknown_until(NOON + timedelta(days=3))),
            timedelta(hours=48),
            True,
        ),
        (
            (
                attempted,
                NotificationDeferred(
                    notification_no=FIRST,
                    attempt=1,
                    code="451",
                    retry_at=NOON + timedelta(days=3),
                ),
            ),
            timedelta(hours=48),
            False,
        ),
        (
            (
                attempted,
                unknown_until(NOON + timedelta(hours=1)),
                msgspec.structs.replace(attempted, attempt=2, token="11" * 16),
                NotificationDeferred(
                    notification_no=FIRST,
                    attempt=2,
                    code="451",
                    retry_at=NOON + timedelta(days=3),
                ),
            ),
            timedelta(hours=48),
            True,
        ),
    ],
    ids=["pending", "attempting", "accepted", "unknown", "deferred", "unknown, then put off"],
)
def test_time_runs_out_in_every_state(
    history: Sequence[OrderEvent],
    late: timedelta,
    has_left: bool,  # noqa: FBT001
) -> None:
    order = order_after(placed, kari_found, *history)

    assert order.record_timeouts(NOON + late - timedelta(seconds=1)) == ()
    assert order.next_step(NOON + late) == RecordTimeouts()
    settled: list[OrderEvent] = []
    while events := order.record_timeouts(NOON + late):
        settled += events
        order = evolve_all(order, events, NOON + late)
    assert settled[-2:] == [
        NotificationExpired(notification_no=FIRST, has_left=has_left),
        OrderCompleted(),
    ]
    assert {type(each) for each in settled[:-2]} <= {NotificationOutcomeUnknown}


def test_what_may_have_left_before_it_was_put_off_is_not_called_unsent() -> None:
    reschedule = NotificationDeferred(
        notification_no=FIRST, attempt=2, code="451", retry_at=NOON + timedelta(days=3)
    )
    again = msgspec.structs.replace(attempted, attempt=2)
    order = order_after(placed, kari_found, attempted, unknown_until(NOON), again, reschedule)

    assert order.record_timeouts(NOON + timedelta(hours=48)) == (
        NotificationExpired(notification_no=FIRST, has_left=True),
        OrderCompleted(),
    )


def test_the_final_states_of_a_notification_stay_whatever_time_it_is() -> None:
    final: list[Delivery] = [
        Delivered(),
        Failed(Failure.FAILED),
        Expired(has_left=True),
        GivenUp(),
        Reserved(),
    ]
    order = order_after(placed, kari_found)

    for delivery in final:
        ended_so = msgspec.structs.replace(order.notifications[0], delivery=delivery)
        ended = msgspec.structs.replace(order, notifications=(ended_so,))
        assert ended.record_timeouts(NOON + timedelta(days=9)) == (OrderCompleted(),)


# History


def test_a_history_opens_with_the_order_being_placed() -> None:
    with pytest.raises(ValueError, match="opens with OrderPlaced"):
        order_after(kari_found)


def test_an_order_knows_when_its_status_changed_last() -> None:
    order = rebuild(
        ORDER_ID,
        [(placed, NOON), (kari_found, NOON + timedelta(1)), (attempted, NOON + timedelta(2))],
    )

    assert order.changed_at == NOON + timedelta(1)
    assert order.notifications[0].changed_at == NOON + timedelta(2)
    assert order.notifications[0].delivery == Attempting(attempt.settled_by)
    assert order.version == 3


def test_not_found_is_told_with_its_channels() -> None:
    events = order_after(placed).resolve({RecipientNo(0): Resolution(missing=(Channel.EMAIL,))}, {})

    assert events[0] == ContactNotFound(
        recipient_no=RecipientNo(0), notifications=((FIRST, Channel.EMAIL),)
    )


# What was decided when it was placed


def test_an_order_keeps_to_the_terms_that_were_decided_when_it_was_placed() -> None:
    soon = NOON + timedelta(hours=1)
    terms = Terms(
        channel=Channel.EMAIL,
        expires_at=soon,
        expiry_rule="1h_after_it_could_leave",
        delivery_policy=DeliveryPolicy.AT_MOST_ONCE,
    )
    order = order_after(
        msgspec.structs.replace(placed, terms=(terms,)), kari_found, attempted, unknown_until(NOON)
    )

    assert order.notification(FIRST).expires_at == soon
    assert order.record_timeouts(NOON) == (
        NotificationGivenUp(notification_no=FIRST),
        OrderCompleted(),
    )


# How long a text message is, and where it goes


NAMED_SMS = msgspec.structs.replace(
    REMINDER_SMS, body=Content("$recipientName$, log in."), sending_time=SendingTime.ANYTIME
)
named_by_sms = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, email=None, sms=NAMED_SMS)
karis_number_found = ContactResolved(
    recipient_no=RecipientNo(0),
    targets=(target(0, by_sms),),
    name=Identifier("Kari " * 40),
)


def test_an_attempt_tells_how_many_segments_a_text_message_has_once_the_name_is_in_it() -> None:
    order = order_after(named_by_sms, karis_number_found)

    (claimed,) = order.attempt({FIRST: replace(attempt, country="NO")}, NOON)

    assert (claimed.segments, claimed.country) == (2, "NO")


def test_an_attempt_of_an_email_tells_of_no_segments() -> None:
    (claimed,) = order_after(placed, kari_found).attempt({FIRST: attempt}, NOON)

    assert (claimed.segments, claimed.country) == (None, None)


def test_a_text_message_that_a_name_has_made_too_long_is_refused_and_never_offered() -> None:
    order = order_after(named_by_sms, karis_number_found)

    refused = order.refuse_too_long([FIRST], Limits(segments=1))

    assert refused == (
        NotificationRejected(
            notification_no=FIRST,
            attempt=0,
            failure=Failure.PAYLOAD_TOO_LARGE,
            code="too_many_segments",
            by=Refuser.SERVICE,
        ),
        OrderCompleted(),
    )
    assert order.refuse_too_long([FIRST], Limits(segments=2)) == ()
    assert evolve_all(order, refused, NOON).refuse_too_long([FIRST], Limits(segments=1)) == ()


def test_a_text_message_that_was_offered_before_is_not_refused_for_its_length() -> None:
    order = order_after(named_by_sms, karis_number_found, attempted, unknown_until(NOON))

    assert order.refuse_too_long([FIRST], Limits(segments=1)) == ()


# Only tried out

TRIES_KARI = Agreement(test_recipients=frozenset({comparison_key(KARIS, Channel.EMAIL)}))


def test_what_its_sender_only_tries_is_simulated_and_ends_the_order() -> None:
    order = order_after(placed, kari_found)

    simulated = order.simulate([FIRST], TRIES_KARI, NOON)

    assert simulated == (NotificationSimulated(notification_no=FIRST), OrderCompleted())
    after = evolve_all(order, simulated, NOON)
    assert after.notification(FIRST).delivery == Simulated()
    assert after.attempt({FIRST: attempt}, NOON) == ()
    assert after.simulate([FIRST], TRIES_KARI, NOON) == ()


def test_what_goes_to_anybody_else_is_not_simulated() -> None:
    order = order_after(placed, kari_found)

    assert order.simulate([FIRST], Agreement(), NOON) == ()


def test_what_was_offered_to_a_provider_before_goes_on_as_it_began() -> None:
    order = order_after(placed, kari_found, attempted, unknown_until(NOON))

    assert order.may_be_attempted(order.notification(FIRST), NOON)
    assert order.simulate([FIRST], TRIES_KARI, NOON) == ()


def test_what_may_not_leave_yet_is_not_simulated_yet() -> None:
    later = msgspec.structs.replace(by_sms_too, channel=ChannelChoice.SMS)
    found = ContactResolved(recipient_no=RecipientNo(0), targets=(target(0, by_sms),))
    order = order_after(later, found)
    tries = Agreement(test_recipients=frozenset({"4740000001"}))
    night = NOON.replace(hour=23)

    assert order.simulate([FIRST], tries, night) == ()
    assert order.simulate([FIRST], tries, NOON) != ()


def seconds_to_rebuild(recipients: int) -> float:
    wide = msgspec.structs.replace(
        placed, recipients=tuple(Recipient(RecipientNo(n), KARI) for n in range(recipients))
    )
    order = rebuild(ORDER_ID, [(wide, NOON)])
    found = Resolution(found=(Found(channel=Channel.EMAIL, address=KARIS, source=Source.KRR),))
    several = {RecipientNo(n): found for n in range(recipients)}
    history = [(event, NOON) for event in (wide, *order.resolve(several, {}))]
    took = []
    for _ in range(3):
        began = time.thread_time()
        rebuild(ORDER_ID, history)
        took.append(time.thread_time() - began)
    return min(took)


def test_the_fold_costs_what_is_in_a_history_and_not_its_square() -> None:
    assert seconds_to_rebuild(8000) < 40 * seconds_to_rebuild(500)


# Waiting for the day

by_day = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, sms=REMINDER_SMS)
NIGHT = datetime(2026, 9, 1, 20, tzinfo=UTC)
MORNING = datetime(2026, 9, 2, 7, tzinfo=UTC)
by_number = Found(channel=Channel.SMS, address=Contact("+4799999999"), source=Source.KRR)


def test_a_text_message_of_the_night_tells_until_when_it_waits() -> None:
    tonight = msgspec.structs.replace(by_day, requested_send_time=NIGHT)
    order = order_after(tonight, at=NIGHT)

    assert order.waits_for_the_day(NOON) == MORNING
    assert resolved(order, by_number).waits_for_the_day(NIGHT) == MORNING


def test_what_may_leave_now_or_at_its_send_time_waits_for_no_day() -> None:
    order = resolved(order_after(by_day), by_number)

    assert order.waits_for_the_day(NOON) is None
    assert order.waits_for_the_day(NIGHT) == MORNING
    assert order_after(by_day).waits_for_the_day(NOON - timedelta(hours=1)) is None
    at_any_time = msgspec.structs.replace(
        by_day, sms=msgspec.structs.replace(REMINDER_SMS, sending_time=SendingTime.ANYTIME)
    )
    assert order_after(at_any_time).waits_for_the_day(NIGHT) is None


def test_an_e_mail_and_what_is_finished_wait_for_no_day() -> None:
    assert resolved(order_after(by_sms_too), by_mail).waits_for_the_day(NIGHT) is None
    assert order_after(by_day, OrderCancelled()).waits_for_the_day(NIGHT) is None


# In the recipient's language

in_nynorsk = EmailText(
    language=Language.NN,
    subject=Content("Påminning om sak 77"),
    body=Content("Hei $recipientNumber$, logg inn."),
)
in_sami = SmsText(language=Language.SE, body=Content("Čálit sisa."))
in_languages = msgspec.structs.replace(
    placed,
    channel=ChannelChoice.EMAIL_AND_SMS,
    email=msgspec.structs.replace(REMINDER_MAIL, languages=(in_nynorsk,)),
    sms=msgspec.structs.replace(REMINDER_SMS, languages=(in_sami,)),
)


@pytest.mark.parametrize(
    "theirs, by_email, by_text",
    [
        (
            "nn",
            Wording(language=Language.NN, because=WordingReason.RECIPIENTS_LANGUAGE),
            Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
        ),
        (
            "se",
            Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
            Wording(language=Language.SE, because=WordingReason.RECIPIENTS_LANGUAGE),
        ),
        (
            "de",
            Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
            Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
        ),
        (
            None,
            Wording(because=WordingReason.LANGUAGE_UNKNOWN),
            Wording(because=WordingReason.LANGUAGE_UNKNOWN),
        ),
    ],
)
def test_each_recipient_gets_their_own_language_or_the_senders_first_and_it_is_written_down_why(
    theirs: str | None, by_email: Wording, by_text: Wording
) -> None:
    found = [msgspec.structs.replace(each, language=theirs) for each in (by_mail, by_sms)]

    order = resolved(order_after(in_languages), *found)

    assert [each.wording for each in order.notifications] == [by_email, by_text]


@pytest.mark.parametrize(
    "theirs, because",
    [
        ("nb", WordingReason.RECIPIENTS_LANGUAGE),
        ("en", WordingReason.NOT_IN_THEIR_LANGUAGE),
        (None, WordingReason.LANGUAGE_UNKNOWN),
    ],
)
def test_who_reads_the_language_of_the_first_text_gets_theirs_by_it(
    theirs: str | None, because: WordingReason
) -> None:
    mail = msgspec.structs.replace(REMINDER_MAIL, language=Language.NB, languages=(in_nynorsk,))
    order = order_after(msgspec.structs.replace(placed, email=mail))

    (notification,) = resolved(
        order, msgspec.structs.replace(by_mail, language=theirs)
    ).notifications

    assert notification.wording == Wording(language=Language.NB, because=because)
    assert mail.text_in(notification.language) == (mail.subject, mail.body)


def test_where_the_sender_gave_one_text_nothing_is_written_down_of_languages() -> None:
    order = resolved(order_after(by_sms_too), msgspec.structs.replace(by_mail, language="nn"))

    assert [each.wording for each in order.notifications] == [None]


def test_a_text_message_is_counted_and_sent_in_the_recipients_language() -> None:
    long = msgspec.structs.replace(in_sami, body=Content("č" * 71))
    sms = msgspec.structs.replace(REMINDER_SMS, languages=(long,))
    event = msgspec.structs.replace(in_languages, channel=ChannelChoice.SMS, sms=sms)

    theirs, first = (
        resolved(order_after(event), msgspec.structs.replace(by_sms, language=each))
        for each in ("se", "nb")
    )

    assert theirs.text_message(theirs.notification(FIRST)) == long.body
    assert first.text_message(first.notification(FIRST)) == REMINDER_SMS.body
    assert theirs.segments(theirs.notification(FIRST)) == 2
    assert first.segments(first.notification(FIRST)) == 1


def test_names_are_waited_for_though_they_stand_in_one_language_alone() -> None:
    order = order_after(in_languages)

    assert order.keywords_on(Channel.EMAIL) == {"$recipientName$", "$recipientNumber$"}
