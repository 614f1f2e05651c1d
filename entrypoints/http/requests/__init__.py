"""Read what clients send: strictly where it is right, with patience where it is only unusual.

A body that is right goes through one prebuilt decoder. Where that refuses, a slower reader knows
what clients of the API are used to (names in any case) and gathers every fault with its place.
Either way the same rules then judge the same wire structs, and report all faults at once, under the
names that clients know.
"""

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
from entrypoints.http.placing.chains import ChainRequest, read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.instant import (
    InstantRequest,
    read_instant,
    read_instant_email,
    read_instant_sms,
)
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.validation.national_numbers import check_texts
from entrypoints.http.validation.rules import Rules

__all__ = [
    "ChainOrderRequest",
    "ChainRequest",
    "ComposedEmailOrderRequest",
    "EmailOrderRequest",
    "InstantEmailOrderRequest",
    "InstantOrderRequest",
    "InstantRequest",
    "InstantSmsOrderRequest",
    "InvalidRequestError",
    "OrderRequest",
    "Rules",
    "SmsOrderRequest",
    "check_texts",
    "read_chain",
    "read_composed",
    "read_email_order",
    "read_instant",
    "read_instant_email",
    "read_instant_sms",
    "read_order",
    "read_sms_order",
]
