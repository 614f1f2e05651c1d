"""Where orders are placed, of every kind and version, and found again by their sender's reference."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from litestar.di import NamedDependency

from application.assembly import Application
from domain import limits
from entrypoints.http.orders.responses import OrdersAnswer, orders_found
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
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.instant import read_instant, read_instant_email, read_instant_sms
from entrypoints.http.placing.intake import Asking, Placing
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.placing.replies import (
    ACCEPTED,
    INSTANT_PLACED,
    INSTANT_SMS,
    INVALID,
    RECORDED,
    REFUSED,
    REPEATED,
)
from entrypoints.http.transport.contract import (
    IN_JSON,
    Access,
    Body,
    Endpoint,
    Parameter,
    Reply,
    Route,
    operation,
)
from entrypoints.http.transport.links import BASE, Links
from entrypoints.http.transport.problem_types import (
    AltinnProblem,
    MissingContactProblem,
    PlainProblem,
)
from entrypoints.http.transport.responses import Answer, left_out, told
from entrypoints.http.validation.parameters import read_senders_reference

_UNREACHABLE: Final = {
    "type": "urn:altinn:error:NOT-00001",
    "title": "Missing contact information for recipient(s)",
    "status": 422,
    "code": "NOT-00001",
    "statusDescription": "Unprocessable Entity",
    "traceId": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    "recipients": [
        {
            "pointer": "/reminders/0/recipient",
            "reasons": [
                {
                    "source": "krr",
                    "reason": "no_record",
                    "words": (
                        "Nothing in the contact and reservation register (KRR): the recipient is not "
                        "registered there."
                    ),
                }
            ],
        }
    ],
}


def _instant(name: str, below: str, kind: object, example: object) -> Callable[[Endpoint], Route]:
    """An order that is handed over while its sender waits."""
    return operation(
        "POST",
        f"{BASE}/future/orders/instant{below}",
        name=name,
        is_direct=True,
        tag="Shipments",
        words=(
            "Recorded, handed to the provider, and answered when the provider has answered. "
            "What the provider certainly did not take may be asked for again under the same key; "
            "what it may have taken is never sent twice."
        ),
        takes=Body(media_types=[IN_JSON], kind=kind, example=example),
        replies={
            **REFUSED,
            200: replace(REPEATED, example=INSTANT_PLACED),
            201: replace(
                RECORDED,
                words="It is recorded, and the provider has taken it, refused it, or not answered.",
                example=INSTANT_PLACED,
            ),
            400: INVALID,
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


@operation(
    "POST",
    f"{BASE}/orders",
    name="placeOrder",
    is_direct=True,
    tag="Orders",
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
    replies={**REFUSED, 202: ACCEPTED, 400: INVALID},
)
async def place_order(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Place an order, on a channel of choice.

    Every accepted request is an order of its own; nothing makes two of them one.
    """
    return await placing.order(read_order, request)


@operation(
    "GET",
    f"{BASE}/orders",
    name="findOrders",
    tag="Orders",
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
        400: INVALID,
    },
)
async def find_orders(
    request: Asking,
    application: NamedDependency[Application],
    links: NamedDependency[Links],
) -> Answer:
    """The orders under a sender's reference."""
    reference = read_senders_reference(request.scope["query_string"])
    found = await application.orders.with_reference(request.user.owner, reference)
    return told(orders_found(found.orders, links), headers=left_out(found.spoilt))


@operation(
    "POST",
    f"{BASE}/orders/email",
    name="placeEmailOrder",
    is_direct=True,
    tag="Orders",
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
    replies={**REFUSED, 202: ACCEPTED, 400: INVALID},
)
async def place_email_order(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Place an order by e-mail."""
    return await placing.order(read_email_order, request)


@operation(
    "POST",
    f"{BASE}/orders/sms",
    name="placeSmsOrder",
    is_direct=True,
    tag="Orders",
    takes=Body(
        media_types=[IN_JSON],
        kind=SmsOrderRequest,
        example={
            "body": "Please log in.",
            "recipients": [{"mobileNumber": "+4799999999"}],
        },
    ),
    replies={**REFUSED, 202: ACCEPTED, 400: INVALID},
)
async def place_sms_order(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Place an order by SMS."""
    return await placing.order(read_sms_order, request)


@operation(
    "POST",
    f"{BASE}/future/orders",
    name="placeChain",
    is_direct=True,
    tag="Shipments",
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
        200: REPEATED,
        201: RECORDED,
        400: INVALID,
        422: Reply(
            words=(
                "A recipient has no contact point (`NOT-00001`): `recipients` says which by its place in "
                "the request, and why. There is no order."
            ),
            kind=MissingContactProblem,
            example=_UNREACHABLE,
        ),
    },
)
async def place_chain(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Place an order and its reminders.

    Asked for again under the same key, it is the same order; the first request stands.
    """
    return await placing.chain(read_chain, request)


@operation(
    "POST",
    f"{BASE}/future/orders/composed-email",
    name="placeComposedEmail",
    is_direct=True,
    access=Access.COMPOSED,
    tag="Shipments",
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
    replies={**REFUSED, 200: REPEATED, 201: RECORDED, 400: INVALID},
)
async def place_composed_email(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Place an order of one e-mail with attachments.

    The attachments are fetched when the e-mail leaves, each by its own signed address; the
    addresses are kept as confidentially as what the e-mail says.
    """
    return await placing.chain(read_composed, request)


@_instant(
    "placeInstantSms",
    "/sms",
    InstantSmsOrderRequest,
    {"idempotencyId": "otp-42", "sendersReference": "login", "recipientSms": INSTANT_SMS},
)
async def place_instant_sms(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Send one text message now."""
    return await placing.instantly(read_instant_sms, request)


@_instant(
    "placeInstantEmail",
    "/email",
    InstantEmailOrderRequest,
    {
        "idempotencyId": "otp-43",
        "recipientEmail": {
            "emailAddress": "kari@example.org",
            "emailSettings": {"subject": "Your code", "body": "Your code is 4711"},
        },
    },
)
async def place_instant_email(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Send one e-mail now."""
    return await placing.instantly(read_instant_email, request)


@_instant(
    "placeInstant",
    "",
    InstantOrderRequest,
    {"idempotencyId": "otp-44", "recipient": {"recipientSms": INSTANT_SMS}},
)
async def place_instant(request: Asking, placing: NamedDependency[Placing]) -> Answer:
    """Send one text message now, as it was asked for at first."""
    return await placing.instantly(read_instant, request)


ROUTES: Final = (
    place_order,
    find_orders,
    place_email_order,
    place_sms_order,
    place_chain,
    place_composed_email,
    place_instant_sms,
    place_instant_email,
    place_instant,
)
