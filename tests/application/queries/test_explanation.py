"""An explanation agrees with what was decided, and shows nobody's address or number."""

import dataclasses
from collections.abc import Generator
from datetime import timedelta
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from application.masking import masked
from application.queries.explanation import (
    LookupExplanation,
    OrderExplanation,
    Stage,
    explaining,
    explaining_resolution,
)
from application.queries.resolution_words import Outcome
from domain.channel import Channel, ChannelChoice
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    Consulted,
    ContactNotFound,
    ContactResolved,
    NotificationNo,
    OrderEvent,
    OrderPlaced,
    PlacingLookup,
    Reason,
    RecipientReserved,
    Source,
    Target,
    Unreachable,
)
from domain.order.order import duplicate, open_order
from domain.order.placing import placed_knowing
from domain.personal import Contact, Identifier
from domain.recipient import Recipient, RecipientNo
from domain.resolution import Finding, Policy, resolve
from tests.domain.test_resolution_properties import FINDINGS, NOW, POLICIES
from tests.samples import BAKERY, KARI, NOON, OLA, ORDER_ID, STRANGER, placed

T = TypeVar("T")

FIRST = RecipientNo(0)


def explained(*events: OrderEvent, asked: OrderPlaced = placed) -> OrderExplanation:
    """An order to which each of these happened, a minute after the other."""
    history = [
        (each, NOON + minute * timedelta(minutes=1)) for minute, each in enumerate((asked, *events))
    ]
    return whole(explaining(ORDER_ID, history))


def whole(steps: Generator[None, None, T]) -> T:
    """What comes of an explanation once all its steps are done."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            told: T = done.value
            return told


UNTIL = NOON + timedelta(minutes=11)
put_off = AuthorityUnknown(recipients=(FIRST,), retry_at=NOON + timedelta(minutes=2), until=UNTIL)


def test_who_waits_since_nobody_could_be_asked_is_said_to_and_until_when() -> None:
    lookup = before_sending(explained(put_off))

    assert (lookup.outcome, lookup.at) == (Outcome.WAITS, NOON + timedelta(minutes=1))
    assert UNTIL.isoformat() in lookup.words
    assert (lookup.found, lookup.missing) == ((), ())


def test_that_somebody_had_to_wait_changes_nothing_of_what_came_of_it() -> None:
    found = ContactResolved(recipient_no=FIRST, targets=())
    waited, at_once = before_sending(explained(put_off, found)), before_sending(explained(found))

    assert waited == dataclasses.replace(at_once, at=NOON + timedelta(minutes=2))


def before_sending(explanation: OrderExplanation, recipient_no: int = 0) -> LookupExplanation:
    (lookup,) = [
        each
        for each in explanation.recipients[recipient_no].lookups
        if each.stage is Stage.RESOLVED
    ]
    return lookup


def target(number: int, channel: Channel, address: str, **more: object) -> Target:
    return replace(
        Target(
            notification_no=NotificationNo(number),
            channel=channel,
            address=Contact(address),
            source=Source.KRR,
        ),
        **more,
    )


def test_where_somebody_is_reached_is_told_masked_with_who_was_asked_and_when() -> None:
    lookup = before_sending(
        explained(
            ContactResolved(
                recipient_no=FIRST,
                targets=(target(0, Channel.EMAIL, "kari@post.example.no"),),
                considered=(
                    Considered(source=Source.KRR, reason=Reason.OUTDATED, channel=Channel.SMS),
                ),
            )
        )
    )

    assert (lookup.outcome, lookup.at) == (Outcome.REACHED, NOON + timedelta(minutes=1))
    assert [each.source for each in lookup.asked] == [Source.KRR]
    assert [each.address for each in lookup.found] == ["k***@p***.no"]
    assert [(each.reason, each.rule.source) for each in lookup.left_out] == [
        (Reason.OUTDATED, "eForvaltningsforskriften § 32")
    ]


def test_what_is_found_on_one_channel_and_missing_on_another_is_one_look_up() -> None:
    lookup = before_sending(
        explained(
            ContactResolved(
                recipient_no=FIRST, targets=(target(0, Channel.EMAIL, "kari@example.no"),)
            ),
            ContactNotFound(recipient_no=FIRST, notifications=((NotificationNo(1), Channel.SMS),)),
        )
    )

    assert lookup.outcome is Outcome.PARTLY_REACHED
    assert list(lookup.missing) == [Channel.SMS]
    assert lookup.words == "Reached by e-mail, and not by text message."


def test_whoever_has_declined_is_told_of_as_such() -> None:
    lookup = before_sending(
        explained(
            RecipientReserved(
                recipient_no=FIRST,
                notifications=((NotificationNo(0), Channel.EMAIL),),
                considered=(Considered(source=Source.KRR, reason=Reason.RESERVED),),
            )
        )
    )

    assert lookup.outcome is Outcome.RESERVED
    assert [each.rule.source for each in lookup.left_out] == ["eForvaltningsforskriften § 9"]


def test_an_order_that_waits_says_that_nobody_was_looked_up_yet() -> None:
    lookup = before_sending(explained())

    assert (lookup.outcome, lookup.at, lookup.asked) == (Outcome.NOT_YET, None, ())


def test_of_an_order_from_before_it_was_kept_that_is_said() -> None:
    at_order = explained().recipients[0].lookups[0]

    assert (at_order.stage, at_order.outcome) == (Stage.PLACED, Outcome.NOT_KEPT)


def test_about_an_address_that_the_sender_gave_nobody_was_asked() -> None:
    to_address = replace(placed, recipients=(Recipient(FIRST, STRANGER),))
    reached = ContactResolved(
        recipient_no=FIRST,
        targets=(target(0, Channel.EMAIL, "stranger@example.org", source=Source.SENDER),),
    )

    told = explained(reached, asked=to_address)

    assert told.recipients[0].lookups[0].outcome is Outcome.NOT_NEEDED
    assert before_sending(told).asked == []


def test_whoever_stands_in_an_order_twice_was_asked_about_once() -> None:
    twice = replace(placed, recipients=(Recipient(FIRST, KARI), Recipient(RecipientNo(1), KARI)))
    second = ContactResolved(
        recipient_no=RecipientNo(1), targets=(), considered=duplicate(FIRST).considered
    )

    lookup = before_sending(explained(second, asked=twice), 1)

    assert (lookup.outcome, lookup.asked) == (Outcome.DUPLICATE, [])
    assert [each.duplicate_of for each in lookup.left_out] == [FIRST]


def test_an_organisations_users_are_counted_and_not_named() -> None:
    about = replace(placed, recipients=(Recipient(FIRST, BAKERY),), resource="urn:x")
    reached = ContactResolved(
        recipient_no=FIRST,
        targets=(
            target(0, Channel.EMAIL, "kari@example.no", user=Identifier("20001111")),
            target(1, Channel.SMS, "+4799999123", user=Identifier("20002222")),
        ),
        considered=(
            Considered(
                source=Source.USER_PROFILE,
                reason=Reason.NOT_AUTHORISED,
                user=Identifier("20003333"),
            ),
            Considered(
                source=Source.USER_PROFILE,
                reason=Reason.NO_ADDRESS,
                channel=Channel.SMS,
                user=Identifier("20001111"),
            ),
        ),
    )

    lookup = before_sending(explained(reached, asked=about))

    assert [each.user for each in lookup.found] == ["user 1", "user 2"]
    assert [each.user for each in lookup.left_out] == ["user 3", "user 1"]
    assert "2000" not in str(lookup)
    assert [each.source for each in lookup.asked] == [
        Source.BUSINESS_REGISTER,
        Source.USER_PROFILE,
    ]


def test_without_a_resource_no_user_profile_was_asked() -> None:
    about_nothing = replace(placed, recipients=(Recipient(FIRST, BAKERY),))
    nowhere = ContactNotFound(
        recipient_no=FIRST,
        notifications=((NotificationNo(0), Channel.EMAIL),),
        considered=(Considered(source=Source.USER_PROFILE, reason=Reason.NOT_CONSULTED),),
    )

    lookup = before_sending(explained(nowhere, asked=about_nothing))

    assert [each.source for each in lookup.asked] == [Source.BUSINESS_REGISTER]


def test_what_was_erased_is_told_as_erased() -> None:
    erased = ContactResolved(
        recipient_no=FIRST,
        targets=(
            replace(target(0, Channel.EMAIL, ""), address=Contact(None), user=Identifier(None)),
        ),
    )

    (place,) = before_sending(explained(erased)).found

    assert (place.address, place.user) == ("(erased)", "a user whose id was erased")


def resolved(finding: Finding, policy: Policy, asked: OrderPlaced) -> LookupExplanation:
    """The explanation of what resolving a finding makes of an order to one recipient."""
    order = open_order(ORDER_ID, asked, NOW)
    events = order.resolve({FIRST: resolve(finding, policy)}, {})
    (told,) = whole(explaining_resolution(asked, events, NOW))
    (lookup,) = told.lookups
    return lookup


@given(finding=FINDINGS, policy=POLICIES)
def test_an_explanation_agrees_with_the_resolution(finding: Finding, policy: Policy) -> None:
    asked = replace(placed, channel=policy.choice)
    decided = resolve(finding, policy)

    told = resolved(finding, policy, asked)

    assert [(each.channel, each.address, each.source, each.origin) for each in told.found] == [
        (each.channel, masked(each.address), each.source, each.origin) for each in decided.found
    ]
    assert [(each.source, each.channel, each.reason) for each in told.left_out] == [
        (each.source, each.channel, each.reason) for each in decided.considered
    ]
    assert tuple(told.missing) == decided.missing
    assert (told.outcome is Outcome.RESERVED) == decided.is_reserved
    assert (told.outcome in (Outcome.REACHED, Outcome.PARTLY_REACHED)) == bool(decided.found)


@given(finding=FINDINGS, policy=POLICIES, choice=st.sampled_from(ChannelChoice))
def test_an_explanation_shows_no_address_and_no_number(
    finding: Finding, policy: Policy, choice: ChannelChoice
) -> None:
    people = (Recipient(FIRST, KARI), Recipient(RecipientNo(1), OLA))
    asked = replace(placed, channel=choice, recipients=people)

    order = open_order(ORDER_ID, asked, NOW)
    events = order.resolve({each.recipient_no: resolve(finding, policy) for each in people}, {})
    history = [(asked, NOW), *((each, NOW) for each in events)]
    shown = str(whole(explaining(ORDER_ID, history)))

    assert "@x.no" not in shown.lower()
    assert "4000" not in shown
    assert KARI.number.text not in shown


# When the order was placed


def when_placed(lookup: PlacingLookup, asked: OrderPlaced = placed) -> LookupExplanation:
    (told,) = explained(asked=replace(asked, lookup=lookup)).recipients
    return told.lookups[0]


def test_whoever_could_be_reached_when_it_was_placed_is_told_of_with_who_was_asked() -> None:
    krr = Consulted(
        source=Source.KRR, position="4711004", as_of=NOON - timedelta(minutes=10, seconds=5)
    )

    told = when_placed(PlacingLookup(consulted=(krr,)))

    (asked,) = told.asked
    assert told.outcome is Outcome.REACHABLE
    assert (asked.consulted, asked.age) == (krr, timedelta(minutes=10, seconds=5))
    assert asked.words == (
        "The contact and reservation register (KRR) was asked, in our copy at change 4711004; what it "
        "answered holds as of 2026-09-01T09:49:55+00:00, 10 minutes before."
    )


def test_whoever_could_not_be_reached_when_it_was_placed_is_told_of_with_why() -> None:
    outdated = Considered(source=Source.KRR, reason=Reason.OUTDATED, channel=Channel.SMS)
    unreachable = Unreachable(recipient_no=FIRST, missing=(Channel.SMS,), considered=(outdated,))
    both = replace(placed, channel=ChannelChoice.EMAIL_AND_SMS)

    partly = when_placed(PlacingLookup(unreachable=(unreachable,)), both)
    reserved = when_placed(
        PlacingLookup(unreachable=(replace(unreachable, is_reserved=True),)), both
    )

    assert partly.outcome is Outcome.PARTLY_REACHED
    assert partly.words == "Reached by e-mail, and not by text message."
    assert [each.reason for each in partly.left_out] == [Reason.OUTDATED]
    assert reserved.outcome is Outcome.RESERVED


def test_that_a_register_gave_no_answer_when_it_was_placed_is_told() -> None:
    assert when_placed(PlacingLookup(unanswered=True)).outcome is Outcome.UNANSWERED


@given(finding=FINDINGS, policy=POLICIES)
def test_what_is_told_of_the_placing_agrees_with_the_resolution(
    finding: Finding, policy: Policy
) -> None:
    decided = resolve(finding, policy)
    asked = placed_knowing(replace(placed, channel=policy.choice), {FIRST: decided})

    told = explained(asked=asked).recipients[0].lookups[0]

    assert tuple(told.missing) == decided.missing
    assert (told.outcome is Outcome.RESERVED) == decided.is_reserved
    assert (told.outcome is Outcome.NOT_REACHED) == (not decided.found and not decided.is_reserved)
    if decided.missing:
        assert {(each.source, each.channel, each.reason) for each in told.left_out} == {
            (each.source, each.channel, each.reason) for each in decided.considered
        }
    assert "@x.no" not in str(told).lower()
    assert "4000" not in str(told)


@given(finding=FINDINGS, policy=POLICIES)
def test_who_was_asked_and_as_of_when_is_told_wherever_it_was_recorded(
    finding: Finding, policy: Policy
) -> None:
    krr = Consulted(source=Source.KRR, position="7", as_of=NOW - timedelta(hours=3))
    asked = replace(placed, channel=policy.choice)

    told = resolved(dataclasses.replace(finding, consulted=(krr,)), policy, asked)

    assert [(each.source, each.consulted, each.age) for each in told.asked] == [
        (Source.KRR, krr, timedelta(hours=3))
    ]
