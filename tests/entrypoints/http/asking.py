"""Requests that are right, for tests to send or to spoil."""

from typing import Any

from tests.samples import KARI, OLA

EMAIL_ORDER: dict[str, Any] = {
    "sendersReference": "case-77",
    "subject": "Case 77",
    "body": "Please log in.",
    "requestedSendTime": "2026-09-01T12:00:00Z",
    "recipients": [{"emailAddress": "kari@example.org"}],
}
SMS_ORDER: dict[str, Any] = {
    "body": "Please log in.",
    "recipients": [{"mobileNumber": "+4799999999"}],
}
ORDER: dict[str, Any] = {
    "notificationChannel": "EmailPreferred",
    "recipients": [{"nationalIdentityNumber": KARI.number.text}],
    "emailTemplate": {"subject": "Case 77", "body": "Please log in."},
    "smsTemplate": {"body": "Please log in."},
}
STRANGERS_NUMBER = "02817412345"


def to_person(number: str) -> dict[str, Any]:
    return {
        "recipientPerson": {
            "nationalIdentityNumber": number,
            "channelSchema": "Email",
            "emailSettings": {"subject": "Case 77", "body": "Please log in."},
        }
    }


def chain(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any member of a request
    return {
        "idempotencyId": "case-77-1",
        "sendersReference": "case-77",
        "requestedSendTime": "2026-09-01T12:00:00Z",
        "recipient": to_person(KARI.number.text),
        "reminders": [
            {
                "sendersReference": "case-77-r1",
                "delayDays": 7,
                "recipient": to_person(OLA.number.text),
            },
            {"delayDays": 14, "recipient": to_person(KARI.number.text)},
        ],
    } | changes
