import json
from datetime import timedelta

import pytest

from domain.channel import ChannelChoice
from domain.message import SendingTime, SmsMessage
from domain.personal import Contact, Content
from domain.recipient import Direct
from entrypoints.http.placing.instant import read_instant, read_instant_email, read_instant_sms
from tests.entrypoints.http.requests.reading import (
    INSTANT,
    INSTANT_EMAIL,
    INSTANT_SMS,
    RULES,
    Json,
    but,
    faults,
    places,
    without,
)

WRAPPED = "InstantNotificationRecipient.ShortMessageDeliveryDetails"


@pytest.mark.parametrize("read, body", [(read_instant_sms, INSTANT_SMS), (read_instant, INSTANT)])
def test_an_instant_text_message_is_read(read: type, body: Json) -> None:
    asked = read_instant_sms(json.dumps(INSTANT_SMS).encode(), RULES)

    assert read(json.dumps(body).encode(), RULES) == asked
    assert asked.idempotency_key == "77-2"
    assert asked.order.channel is ChannelChoice.SMS
    assert asked.order.recipients == (Direct(mobile=Contact("+4799999999")),)
    assert asked.order.sms == SmsMessage(
        sender="Varsel", body=Content("Your code is 4711"), sending_time=SendingTime.ANYTIME
    )
    assert asked.order.time_to_live == timedelta(minutes=6).total_seconds()


def test_an_instant_email_is_read_and_its_subject_is_one_line() -> None:
    body = but(INSTANT_EMAIL, "recipientEmail.emailSettings.subject", "Your\r\ncode")

    asked = read_instant_email(json.dumps(body).encode(), RULES)

    assert asked.order.email is not None
    assert asked.order.email.subject.text == "Your code"
    assert asked.order.email.sender == "noreply@varsel.example"
    assert asked.order.time_to_live is None


@pytest.mark.parametrize(
    "seconds, is_taken",
    [
        (59, False),
        (60, True),
        (172_800, True),
        (172_801, False),
        (0, False),
        (-60, False),
        ("360", True),
    ],
)
def test_a_text_message_is_worth_something_for_a_minute_to_two_days(
    seconds: object,
    is_taken: bool,  # noqa: FBT001  # a table's column
) -> None:
    sms = but(INSTANT_SMS, "recipientSms.timeToLiveInSeconds", seconds)
    wrapped = but(INSTANT, "recipient.recipientSms.timeToLiveInSeconds", seconds)

    expected = [] if is_taken else ["RecipientSms.TimeToLiveInSeconds"]
    assert places(read_instant_sms, sms) == expected
    expected = [] if is_taken else [f"{WRAPPED}.TimeToLiveInSeconds"]
    assert places(read_instant, wrapped) == expected


def test_every_fault_of_a_text_message_is_told_at_once_by_its_property() -> None:
    body: Json = {
        "idempotencyId": " ",
        "recipientSms": {
            "phoneNumber": "99999999",
            "timeToLiveInSeconds": 1,
            "smsSettings": {"body": " ", "sender": "a\nb"},
        },
    }

    assert places(read_instant_sms, body) == [
        "IdempotencyId",
        "RecipientSms.PhoneNumber",
        "RecipientSms.TimeToLiveInSeconds",
        "RecipientSms.ShortMessageContent.Sender",
        "RecipientSms.ShortMessageContent.Body",
    ]
    wrapped = {"idempotencyId": " ", "recipient": {"recipientSms": body["recipientSms"]}}
    assert places(read_instant, wrapped)[1] == f"{WRAPPED}.PhoneNumber"


def test_every_fault_of_an_email_is_told_at_once_by_its_property() -> None:
    body = {
        "idempotencyId": "",
        "recipientEmail": {
            "emailAddress": "kari",
            "emailSettings": {
                "subject": "",
                "body": None,
                "senderEmailAddress": "",
                "contentType": 7,
            },
        },
    }

    assert set(places(read_instant_email, body)) == {
        "IdempotencyId",
        "InstantEmailDetails.EmailAddress",
        "InstantEmailDetails.EmailSettings.Subject",
        "InstantEmailDetails.EmailSettings.Body",
        "InstantEmailDetails.EmailSettings.SenderEmailAddress",
        "InstantEmailDetails.EmailSettings.ContentType",
    }


@pytest.mark.parametrize(
    "path",
    [
        "idempotencyId",
        "recipientSms",
        "recipientSms.phoneNumber",
        "recipientSms.timeToLiveInSeconds",
    ],
)
def test_a_required_member_that_is_missing_is_told_by_its_json_path(path: str) -> None:
    told = faults(read_instant_sms, without(INSTANT_SMS, path))

    assert all(each.startswith("$") or each == "request" for each in told)
    assert "request" in told
