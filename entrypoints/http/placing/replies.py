"""What is answered where orders are placed."""

from collections.abc import Mapping
from typing import Final

from entrypoints.http.placing.responses import ChainPlacedAnswer, OrderPlacedAnswer
from entrypoints.http.transport.contract import Reply
from entrypoints.http.transport.problem_types import PlainProblem, ValidationProblem

WARNED: Final[Mapping[str, str]] = {
    "Varsel-Warning": (
        "`national-number`: a subject or a body holds a national identity number, which does not "
        "belong in an e-mail or a text message."
    )
}
"""What a sender is warned of."""
INVALID: Final = Reply(words="What is wrong, by the place where it is.", kind=ValidationProblem)
REFUSED: Final[Mapping[int, Reply]] = {
    423: Reply(
        words="An operator has stopped the owner (`owner_stopped`); nothing was recorded.",
        kind=PlainProblem,
    ),
    429: Reply(
        words="It is more than the owner may order today; nothing was recorded.",
        kind=PlainProblem,
        headers={
            "Retry-After": "Seconds until a new day begins.",
            "RateLimit-Policy": "The ceilings: recipients and segments of text messages in a day.",
            "RateLimit": "What is left of each today.",
        },
    ),
}
INSTANT_PLACED: Final = {
    "notificationOrderId": "c2d4c8a0-4444-4f00-8aaa-9b9b9b9b9b9b",
    "notification": {
        "shipmentId": "d9e7a1b0-5555-4f00-8aaa-9b9b9b9b9b9b",
        "sendersReference": "login",
    },
}
ACCEPTED: Final = Reply(
    words="The order is recorded, and will be carried out.",
    kind=OrderPlacedAnswer,
    headers={"Location": "Where the order is read.", **WARNED},
    example={
        "orderId": "6f1d4c9e-5c0e-4a7b-9a53-1f6f0a8f2b11",
        "recipientLookup": {
            "status": "PartialSuccess",
            "isReserved": ["06927530250"],
            "missingContact": [],
        },
    },
)
_CHAIN: Final = {
    "notificationOrderId": "0b7a7f0e-8e0f-4c34-a5f1-7e3d0d1b2c3d",
    "notification": {
        "shipmentId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
        "sendersReference": "case-77",
        "reminders": [{"shipmentId": "77c4a0d2-2222-4f00-8aaa-9b9b9b9b9b9b"}],
    },
}

REPEATED: Final = Reply(
    words="It was recorded before; the answer is that of the first time.",
    kind=ChainPlacedAnswer,
    headers={
        "Varsel-Repeat": (
            "`same-content`; or `different-content`, where the request asked for "
            "something else than the one that stands."
        ),
        **WARNED,
    },
    example=_CHAIN,
)
RECORDED: Final = Reply(
    words="It is recorded, and will be carried out.",
    kind=ChainPlacedAnswer,
    headers={"Location": "Names the order and its reminders; not to be read.", **WARNED},
    example=_CHAIN,
)
INSTANT_SMS: Final = {
    "phoneNumber": "+4799999999",
    "timeToLiveInSeconds": 360,
    "smsSettings": {"sender": "Altinn", "body": "Your code is 4711"},
}
