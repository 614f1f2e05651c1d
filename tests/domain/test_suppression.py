"""What counts as a hard bounce, and for how long an address is left alone after it."""

from datetime import timedelta

import pytest

from domain.contact_point import RegisteredAddress
from domain.order.events import (
    DeliveryReported,
    Failure,
    NotificationNo,
    NotificationRejected,
    OrderCompleted,
    OrderEvent,
    Refuser,
    ReportedState,
    Suppression,
)
from domain.personal import Contact
from domain.suppression import bounced_at, hard_bounce, is_suppressed
from tests.samples import NOON

FIRST = NotificationNo(0)
HOUR = timedelta(hours=1)


def reported(
    failure: Failure | None, state: ReportedState = ReportedState.FAILED
) -> DeliveryReported:
    return DeliveryReported(
        notification_no=FIRST, provider="smtp", state=state, code="5.1.1", failure=failure
    )


def refused(failure: Failure, by: Refuser = Refuser.PROVIDER) -> NotificationRejected:
    return NotificationRejected(
        notification_no=FIRST, attempt=1, failure=failure, code="550 5.1.1", by=by
    )


@pytest.mark.parametrize("failure", Failure)
def test_a_report_of_no_such_address_is_a_hard_bounce_and_no_other(failure: Failure) -> None:
    is_hard = failure in {Failure.BOUNCED, Failure.INVALID_ADDRESS, Failure.BARRED}

    assert hard_bounce(reported(failure)) == (failure if is_hard else None)


@pytest.mark.parametrize("failure", Failure)
def test_of_what_is_refused_at_once_a_mail_servers_word_on_the_recipient_alone_counts(
    failure: Failure,
) -> None:
    is_hard = failure is Failure.BOUNCED

    assert hard_bounce(refused(failure)) == (failure if is_hard else None)
    assert hard_bounce(refused(failure, Refuser.SERVICE)) is None


@pytest.mark.parametrize(
    "event",
    [
        reported(Failure.BOUNCED, ReportedState.DELAYED),
        reported(None),
        reported(None, ReportedState.DELIVERED),
        OrderCompleted(),
    ],
)
def test_nothing_else_that_happens_is_a_bounce(event: OrderEvent) -> None:
    assert hard_bounce(event) is None


def test_it_bounced_when_the_provider_says_and_never_after_we_heard_of_it() -> None:
    report = reported(Failure.BOUNCED)
    early, late = (
        DeliveryReported(
            notification_no=FIRST,
            provider="smtp",
            state=ReportedState.FAILED,
            code="5.1.1",
            failure=Failure.BOUNCED,
            occurred_at=at,
        )
        for at in (NOON - HOUR, NOON + HOUR)
    )

    assert bounced_at(report, NOON) == NOON
    assert bounced_at(early, NOON) == NOON - HOUR
    assert bounced_at(late, NOON) == NOON
    assert bounced_at(refused(Failure.BOUNCED), NOON) == NOON


@pytest.mark.parametrize(
    "confirmed, passed, is_left_alone",
    [
        (None, timedelta(), True),
        (-HOUR, timedelta(), True),
        (timedelta(), timedelta(), True),
        (HOUR, HOUR, False),
        (None, timedelta(days=30) - HOUR, True),
        (None, timedelta(days=30), False),
    ],
)
def test_an_address_is_left_alone_until_its_time_is_over_or_its_holder_confirms_it(
    confirmed: timedelta | None, passed: timedelta, *, is_left_alone: bool
) -> None:
    registered = RegisteredAddress(
        address=Contact("kari@post.example.no"),
        confirmed_at=None if confirmed is None else NOON + confirmed,
    )
    suppression = Suppression(bounced_at=NOON, until=NOON + timedelta(days=30))

    assert is_suppressed(registered, suppression, NOON + passed) is is_left_alone
