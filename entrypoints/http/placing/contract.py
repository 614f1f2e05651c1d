"""What the doors by which orders are placed take and answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from domain import limits
from entrypoints.http.orders.responses import OrdersAnswer
from entrypoints.http.placing.bodies import (
    ChainOrderRequest,
    ComposedEmailOrderRequest,
    EmailOrderRequest,
    InstantEmailOrderRequest,
    InstantOrderRequest,
    InstantSmsOrderRequest,
    OrderRequest,
    SmsOrderRequest,
)
from entrypoints.http.placing.responses import ChainPlacedAnswer, OrderPlacedAnswer
from entrypoints.http.transport.contract import IN_JSON, Access, Body, Parameter, Reply, Route
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import AltinnProblem, PlainProblem, ValidationProblem

WARNED: Final[Mapping[str, str]] = {
    "Varsel-Warning": (
        "`national-number`: a subject or a body holds a national identity number, which does not "
        "belong in an e-mail or a text message."
    )
}
"""What a sender is warned of."""
_INVALID: Final = Reply(words="What is wrong, by the place where it is.", kind=ValidationProblem)
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
_INSTANT_PLACED: Final = {
    "notificationOrderId": "c2d4c8a0-4444-4f00-8aaa-9b9b9b9b9b9b",
    "notification": {
        "shipmentId": "d9e7a1b0-5555-4f00-8aaa-9b9b9b9b9b9b",
        "sendersReference": "login",
    },
}
_ACCEPTED: Final = Reply(
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

_REPEATED: Final = Reply(
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
_RECORDED: Final = Reply(
    words="It is recorded, and will be carried out.",
    kind=ChainPlacedAnswer,
    headers={"Location": "Names the order and its reminders; not to be read.", **WARNED},
    example=_CHAIN,
)
_INSTANT_SMS: Final = {
    "phoneNumber": "+4799999999",
    "timeToLiveInSeconds": 360,
    "smsSettings": {"sender": "Altinn", "body": "Your code is 4711"},
}


def _instant(name: str, below: str, summary: str, kind: object, example: object) -> Route:
    """An order that is handed over while its sender waits."""
    return Route(
        name=name,
        method="POST",
        path=f"{BASE}/future/orders/instant{below}",
        tag="Shipments",
        summary=summary,
        words=(
            "Recorded, handed to the provider, and answered when the provider has answered. "
            "What the provider certainly did not take may be asked for again under the same key; "
            "what it may have taken is never sent twice."
        ),
        takes=Body(media_types=[IN_JSON], kind=kind, example=example),
        replies={
            **REFUSED,
            200: replace(_REPEATED, example=_INSTANT_PLACED),
            201: replace(
                _RECORDED,
                words="It is recorded, and the provider has taken it, refused it, or not answered.",
                example=_INSTANT_PLACED,
            ),
            400: _INVALID,
            503: Reply(
                words=(
                    "The provider certainly did not take it (`NOT-00004`); "
                    "ask again under the same key. Or nothing could be recorded."
                ),
                kind=AltinnProblem | PlainProblem,
                headers={"Retry-After": "Seconds."},
            ),
        },
    )


ROUTES: Final = (
    Route(
        name="placeOrder",
        method="POST",
        path=f"{BASE}/orders",
        tag="Orders",
        summary="Place an order, on a channel of choice",
        words="Every accepted request is an order of its own; nothing makes two of them one.",
        takes=Body(
            media_types=[IN_JSON],
            kind=OrderRequest,
            example={
                "sendersReference": "case-77",
                "notificationChannel": "EmailPreferred",
                "recipients": [{"nationalIdentityNumber": "15859010099"}],
                "emailTemplate": {"subject": "Case 77", "body": "Please log in."},
                "smsTemplate": {"body": "Please log in."},
            },
        ),
        replies={**REFUSED, 202: _ACCEPTED, 400: _INVALID},
    ),
    Route(
        name="findOrders",
        method="GET",
        path=f"{BASE}/orders",
        tag="Orders",
        summary="The orders under a sender's reference",
        parameters=[
            Parameter(
                name="sendersReference",
                place="query",
                words="The reference, exactly as it was given.",
                most=limits.SENDERS_REFERENCE,
                example="case-77",
            )
        ],
        replies={
            200: Reply(words="The orders; none is no error.", kind=OrdersAnswer),
            400: _INVALID,
        },
    ),
    Route(
        name="placeEmailOrder",
        method="POST",
        path=f"{BASE}/orders/email",
        tag="Orders",
        summary="Place an order by e-mail",
        takes=Body(
            media_types=[IN_JSON],
            kind=EmailOrderRequest,
            example={
                "sendersReference": "case-77",
                "subject": "Case 77",
                "body": "Hi $recipientName$, please log in.",
                "recipients": [
                    {"emailAddress": "kari@example.org"},
                    {"nationalIdentityNumber": "15859010099"},
                ],
            },
        ),
        replies={**REFUSED, 202: _ACCEPTED, 400: _INVALID},
    ),
    Route(
        name="placeSmsOrder",
        method="POST",
        path=f"{BASE}/orders/sms",
        tag="Orders",
        summary="Place an order by SMS",
        takes=Body(
            media_types=[IN_JSON],
            kind=SmsOrderRequest,
            example={
                "body": "Please log in.",
                "recipients": [{"mobileNumber": "+4799999999"}],
            },
        ),
        replies={**REFUSED, 202: _ACCEPTED, 400: _INVALID},
    ),
    Route(
        name="placeChain",
        method="POST",
        path=f"{BASE}/future/orders",
        tag="Shipments",
        summary="Place an order and its reminders",
        words="Asked for again under the same key, it is the same order; the first request stands.",
        takes=Body(
            media_types=[IN_JSON],
            kind=ChainOrderRequest,
            example={
                "idempotencyId": "case-77-1",
                "sendersReference": "case-77",
                "recipient": {
                    "recipientPerson": {
                        "nationalIdentityNumber": "15859010099",
                        "channelSchema": "EmailPreferred",
                        "emailSettings": {"subject": "Case 77", "body": "Please log in."},
                        "smsSettings": {"body": "Please log in.", "sendingTimePolicy": "Daytime"},
                    }
                },
                "reminders": [
                    {
                        "delayDays": 7,
                        "recipient": {
                            "recipientSms": {
                                "phoneNumber": "+4799999999",
                                "smsSettings": {"body": "Please log in today."},
                            }
                        },
                    }
                ],
            },
        ),
        replies={
            **REFUSED,
            200: _REPEATED,
            201: _RECORDED,
            400: _INVALID,
            422: Reply(
                words="A recipient has no contact point (`NOT-00001`); nothing was recorded.",
                kind=AltinnProblem,
            ),
        },
    ),
    Route(
        name="placeComposedEmail",
        method="POST",
        path=f"{BASE}/future/orders/composed-email",
        access=Access.COMPOSED,
        tag="Shipments",
        summary="Place an order of one e-mail with attachments",
        words=(
            "The attachments are fetched when the e-mail leaves, each by its own signed address; "
            "the addresses are kept as confidentially as what the e-mail says."
        ),
        takes=Body(
            media_types=[IN_JSON],
            kind=ComposedEmailOrderRequest,
            example={
                "idempotencyId": "letter-1",
                "sendersReference": "letter",
                "recipient": {
                    "emailAddress": "kari@example.org",
                    "emailSettings": {
                        "subject": "Your letter",
                        "body": "See the attachment.",
                        "contentType": "Plain",
                        "attachments": [
                            {
                                "filename": "letter.pdf",
                                "mimeType": "application/pdf",
                                "sasUrl": (
                                    "https://acct.blob.core.windows.net/c/letter.pdf?sv=2024-11-04"
                                    "&sr=b&sp=r&se=2099-01-01T00%3A00%3A00Z&sig=abc%3D"
                                ),
                            }
                        ],
                    },
                },
            },
        ),
        replies={**REFUSED, 200: _REPEATED, 201: _RECORDED, 400: _INVALID},
    ),
    _instant(
        "placeInstantSms",
        "/sms",
        "Send one text message now",
        InstantSmsOrderRequest,
        {"idempotencyId": "otp-42", "sendersReference": "login", "recipientSms": _INSTANT_SMS},
    ),
    _instant(
        "placeInstantEmail",
        "/email",
        "Send one e-mail now",
        InstantEmailOrderRequest,
        {
            "idempotencyId": "otp-43",
            "recipientEmail": {
                "emailAddress": "kari@example.org",
                "emailSettings": {"subject": "Your code", "body": "Your code is 4711"},
            },
        },
    ),
    _instant(
        "placeInstant",
        "",
        "Send one text message now, as it was asked for at first",
        InstantOrderRequest,
        {"idempotencyId": "otp-44", "recipient": {"recipientSms": _INSTANT_SMS}},
    ),
)
