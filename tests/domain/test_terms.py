"""What is decided of notifications when their order is placed."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from domain.channel import Channel
from domain.message import SendingTime, SmsMessage
from domain.order.events import DeliveryPolicy, OrderKind
from domain.order.terms import decide_terms
from domain.personal import Content
from tests.samples import NOON

NIGHT: Final = datetime(2026, 9, 1, 22, tzinfo=UTC)


def text(sending_time: SendingTime) -> SmsMessage:
    return SmsMessage(sender="Altinn", body=Content("Log in."), sending_time=sending_time)


@pytest.mark.parametrize(
    "channel, kind, policy",
    [
        (Channel.EMAIL, OrderKind.NOTIFICATION, DeliveryPolicy.AT_LEAST_ONCE),
        (Channel.SMS, OrderKind.NOTIFICATION, DeliveryPolicy.AT_MOST_ONCE),
        (Channel.EMAIL, OrderKind.INSTANT, DeliveryPolicy.AT_MOST_ONCE),
        (Channel.SMS, OrderKind.INSTANT, DeliveryPolicy.AT_MOST_ONCE),
    ],
)
def test_a_text_message_goes_once_and_an_email_arrives_unless_its_sender_waits(
    channel: Channel, kind: OrderKind, policy: DeliveryPolicy
) -> None:
    assert decide_terms(kind=kind, channel=channel, requested=NOON).delivery_policy is policy


def test_what_the_sender_wants_where_an_outcome_stays_unknown_is_what_applies() -> None:
    terms = decide_terms(
        kind=OrderKind.NOTIFICATION,
        channel=Channel.SMS,
        requested=NOON,
        delivery_policy=DeliveryPolicy.AT_LEAST_ONCE,
    )

    assert terms.delivery_policy is DeliveryPolicy.AT_LEAST_ONCE


def test_a_text_message_for_the_daytime_lives_for_48_hours_from_the_morning() -> None:
    terms = decide_terms(
        kind=OrderKind.NOTIFICATION,
        channel=Channel.SMS,
        requested=NIGHT,
        sms=text(SendingTime.DAYTIME),
    )

    assert terms.expires_at == datetime(2026, 9, 4, 7, tzinfo=UTC)
    assert terms.expiry_rule == "48h_after_it_could_leave"


def test_an_instant_text_message_lives_for_as_long_as_its_sender_said() -> None:
    terms = decide_terms(
        kind=OrderKind.INSTANT, channel=Channel.SMS, requested=NIGHT, time_to_live=90
    )

    assert terms.expires_at == NIGHT + timedelta(seconds=90)
    assert terms.expiry_rule == "time_to_live"
