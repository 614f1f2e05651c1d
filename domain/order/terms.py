"""What is decided of notifications when their order is placed: when they expire, and how often they may go.

Today's decision stands in the order's first event.
For orders that were placed before it was recorded, the rule of their time stands here, too: in words and
numbers of its own, which nothing of today shares, so that their histories stay what they were.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from domain.channel import Channel
from domain.message import SendingTime, SmsMessage
from domain.order.events import DeliveryPolicy, OrderKind, OrderPlaced, Terms
from domain.schedule import LIFETIME, expires_at

POLICIES: Final[Mapping[Channel, DeliveryPolicy]] = MappingProxyType(
    {
        Channel.EMAIL: DeliveryPolicy.AT_LEAST_ONCE,
        Channel.SMS: DeliveryPolicy.AT_MOST_ONCE,
    }
)
"""A text message twice costs twice and frightens; an e-mail that is missing does more harm than two."""

_AFTER_A_LIFETIME: Final = f"{LIFETIME // timedelta(hours=1)}h_after_it_could_leave"


def decide_terms(  # each is a word of what the sender asked for
    *,
    kind: OrderKind,
    channel: Channel,
    requested: datetime,
    sms: SmsMessage | None = None,
    time_to_live: int | None = None,
    delivery_policy: DeliveryPolicy | None = None,
) -> Terms:
    """Decide what applies to the notifications of a new order on one channel.

    An instant order is offered while its sender waits, and never again by itself: whatever may have
    been taken is not sent a second time.
    """
    policy = delivery_policy or POLICIES[channel]
    if kind is OrderKind.INSTANT:
        policy = DeliveryPolicy.AT_MOST_ONCE
    if time_to_live is not None:
        moment, rule = requested + timedelta(seconds=time_to_live), "time_to_live"
    else:
        moment = expires_at(requested, channel, sending_time(channel, sms))
        rule = _AFTER_A_LIFETIME
    return Terms(channel=channel, expires_at=moment, expiry_rule=rule, delivery_policy=policy)


def sending_time(channel: Channel, sms: SmsMessage | None) -> SendingTime:
    """When in the day notifications on a channel may leave; e-mails at any time."""
    if channel is Channel.EMAIL or sms is None:
        return SendingTime.ANYTIME
    return sms.sending_time


def terms_of(placed: OrderPlaced, channel: Channel) -> Terms:
    """What was decided for a channel when an order was placed."""
    for each in placed.terms:
        if each.channel is channel:
            return each
    return _terms_before_they_were_recorded(placed, channel)


def _terms_before_they_were_recorded(placed: OrderPlaced, channel: Channel) -> Terms:
    """The terms of orders whose first event does not tell them. Never changed again.

    Text messages for the daytime could leave from 09:00 until before 17:00 in Oslo, everything else at
    once; and each lived for 48 hours from when it could first leave.
    """
    usual = (
        DeliveryPolicy.AT_LEAST_ONCE if channel is Channel.EMAIL else DeliveryPolicy.AT_MOST_ONCE
    )
    policy = placed.delivery_policy or usual
    if placed.kind is OrderKind.INSTANT:
        policy = DeliveryPolicy.AT_MOST_ONCE
    moment, rule = placed.requested_send_time, "48h_after_it_could_leave"
    if placed.time_to_live is not None:
        moment, rule = moment + timedelta(seconds=placed.time_to_live), "time_to_live"
    else:
        text = placed.sms if channel is Channel.SMS else None
        if text is not None and text.sending_time is SendingTime.DAYTIME:
            opens, closes, oslo = 9, 17, ZoneInfo("Europe/Oslo")
            local = moment.astimezone(oslo)
            if not opens <= local.hour < closes:
                day = local.date() + timedelta(days=1 if local.hour >= closes else 0)
                moment = datetime.combine(day, time(opens), oslo).astimezone(UTC)
        moment += timedelta(hours=48)
    return Terms(channel=channel, expires_at=moment, expiry_rule=rule, delivery_policy=policy)
