"""Every state of a notification, every failure and every channel, row by row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

import pytest

from domain.channel import Channel, ChannelChoice
from domain.order.events import Failure, OrderKind
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
    Unknown,
)
from domain.order.state import OrderStatus
from entrypoints.http.transport.altinn_vocabulary import (
    CHANNELS,
    KINDS,
    ORDER_WORDS,
    RESULT_WORDS,
    first_version,
    has_succeeded,
    order_status_first,
    order_status_second,
    result_of,
    second_version,
)

LATER = datetime(2026, 9, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    channel: Channel
    delivery: Delivery
    result: str
    first: str
    second: str
    succeeded: bool = False


def both(delivery: Delivery, name: str, *, first: str | None = None) -> list[Row]:
    shown = first or name
    return [
        Row(Channel.EMAIL, delivery, name, shown, f"Email_{name}"),
        Row(Channel.SMS, delivery, name, shown, f"SMS_{name}"),
    ]


def email(failure: Failure, name: str, second: str | None = None) -> Row:
    return Row(Channel.EMAIL, Failed(failure), name, name, f"Email_{second or name}")


def sms(failure: Failure, name: str) -> Row:
    return Row(Channel.SMS, Failed(failure), name, name, f"SMS_{name}")


ROWS = [
    *both(Pending(), "New"),
    *both(Pending(LATER), "New"),
    *both(Attempting(LATER), "Sending"),
    *both(Unknown(LATER), "Sending"),
    Row(Channel.EMAIL, Accepted(), "Succeeded", "Succeeded", "Email_Succeeded", succeeded=True),
    Row(Channel.SMS, Accepted(), "Accepted", "Accepted", "SMS_Accepted", succeeded=True),
    Row(Channel.EMAIL, Delivered(), "Delivered", "Delivered", "Email_Delivered", succeeded=True),
    Row(Channel.SMS, Delivered(), "Delivered", "Delivered", "SMS_Delivered", succeeded=True),
    Row(Channel.EMAIL, Relayed(), "Delivered", "Delivered", "Email_Delivered", succeeded=True),
    Row(Channel.SMS, Relayed(), "Delivered", "Delivered", "SMS_Delivered", succeeded=True),
    Row(Channel.EMAIL, Simulated(), "Simulated", "Simulated", "Email_Simulated", succeeded=True),
    Row(Channel.SMS, Simulated(), "Simulated", "Simulated", "SMS_Simulated", succeeded=True),
    *both(Expired(has_left=True), "Failed_TTL", first="Failed"),
    *both(Expired(has_left=False), "Failed_TTL", first="Failed"),
    *both(GivenUp(), "Failed"),
    *both(Stopped(), "Failed"),
    *both(NotIdentified(), "Failed_RecipientNotIdentified"),
    *both(Reserved(), "Failed_RecipientReserved"),
    email(Failure.FAILED, "Failed"),
    email(Failure.INVALID_ADDRESS, "Failed_InvalidEmailFormat", "Failed_InvalidFormat"),
    email(Failure.SUPPRESSED, "Failed_SupressedRecipient", "Failed_SuppressedRecipient"),
    email(Failure.BOUNCED, "Failed_Bounced"),
    email(Failure.FILTERED_AS_SPAM, "Failed_FilteredSpam"),
    email(Failure.QUARANTINED, "Failed_Quarantined"),
    email(Failure.PAYLOAD_TOO_LARGE, "Failed_PayloadTooLarge"),
    email(Failure.INVALID_ATTACHMENT, "Failed_InvalidSasUrl"),
    email(Failure.BARRED, "Failed"),
    email(Failure.DELETED, "Failed"),
    email(Failure.EXPIRED_AT_PROVIDER, "Failed"),
    email(Failure.UNDELIVERED, "Failed"),
    email(Failure.REJECTED, "Failed"),
    sms(Failure.FAILED, "Failed"),
    sms(Failure.INVALID_ADDRESS, "Failed_InvalidRecipient"),
    sms(Failure.SUPPRESSED, "Failed"),
    sms(Failure.BOUNCED, "Failed"),
    sms(Failure.FILTERED_AS_SPAM, "Failed"),
    sms(Failure.QUARANTINED, "Failed"),
    sms(Failure.PAYLOAD_TOO_LARGE, "Failed"),
    sms(Failure.INVALID_ATTACHMENT, "Failed"),
    sms(Failure.BARRED, "Failed_BarredReceiver"),
    sms(Failure.DELETED, "Failed_Deleted"),
    sms(Failure.EXPIRED_AT_PROVIDER, "Failed_Expired"),
    sms(Failure.UNDELIVERED, "Failed_Undelivered"),
    sms(Failure.REJECTED, "Failed_Rejected"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.channel}-{row.delivery}")
def test_a_notifications_state_has_its_name_on_the_wire(row: Row) -> None:
    result = result_of(row.channel, row.delivery)

    assert result == row.result
    assert first_version(result) == row.first
    assert second_version(row.channel, result) == row.second
    assert has_succeeded(row.delivery) is row.succeeded
    assert RESULT_WORDS[result].endswith(".")


def test_the_rows_have_every_state_and_every_failure_on_both_channels() -> None:
    told = {(row.channel, type(row.delivery)) for row in ROWS}
    failed = {
        (row.channel, row.delivery.failure) for row in ROWS if isinstance(row.delivery, Failed)
    }

    assert told == {(channel, state) for channel in Channel for state in get_args(Delivery)}
    assert failed == {(channel, failure) for channel in Channel for failure in Failure}


def test_a_result_that_ran_out_of_time_keeps_its_own_words_where_its_name_is_masked() -> None:
    assert first_version("Failed_TTL") == first_version("Failed")
    assert RESULT_WORDS["Failed_TTL"] != RESULT_WORDS["Failed"]


@pytest.mark.parametrize(
    "status, first, second",
    [
        (OrderStatus.REGISTERED, "Registered", "Order_Registered"),
        (OrderStatus.PROCESSING, "Processing", "Order_Processing"),
        (OrderStatus.PROCESSED, "Completed", "Order_Processed"),
        (OrderStatus.COMPLETED, "Completed", "Order_Completed"),
        (OrderStatus.SEND_CONDITION_NOT_MET, "SendConditionNotMet", "Order_SendConditionNotMet"),
        (OrderStatus.CANCELLED, "Cancelled", "Order_Cancelled"),
    ],
)
def test_an_orders_status_has_its_name_on_the_wire(
    status: OrderStatus, first: str, second: str
) -> None:
    assert order_status_first(status) == first
    assert order_status_second(status) == second


def test_a_processed_order_keeps_its_own_words_where_its_name_is_masked() -> None:
    assert set(ORDER_WORDS) == set(OrderStatus)
    assert ORDER_WORDS[OrderStatus.PROCESSED] != ORDER_WORDS[OrderStatus.COMPLETED]


def test_channels_and_kinds_have_their_names_on_the_wire() -> None:
    assert {each: CHANNELS[each] for each in ChannelChoice} == {
        ChannelChoice.EMAIL: "Email",
        ChannelChoice.SMS: "Sms",
        ChannelChoice.EMAIL_PREFERRED: "EmailPreferred",
        ChannelChoice.SMS_PREFERRED: "SmsPreferred",
        ChannelChoice.EMAIL_AND_SMS: "EmailAndSms",
    }
    assert {each: KINDS[each] for each in OrderKind} == {
        OrderKind.NOTIFICATION: "Notification",
        OrderKind.REMINDER: "Reminder",
        OrderKind.INSTANT: "Instant",
        OrderKind.COMPOSED: "Composed",
    }
