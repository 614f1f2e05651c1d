"""How far orders and notifications have come, in the words of Altinn's API.

The first version of the API (`/orders`) and the second (`/future`) spell some of them differently.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias, assert_never

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
from entrypoints.http.validation.wire_struct import one_of

CHANNELS: Final[Mapping[ChannelChoice, str]] = MappingProxyType(
    {
        ChannelChoice.EMAIL: "Email",
        ChannelChoice.SMS: "Sms",
        ChannelChoice.EMAIL_PREFERRED: "EmailPreferred",
        ChannelChoice.SMS_PREFERRED: "SmsPreferred",
        ChannelChoice.EMAIL_AND_SMS: "EmailAndSms",
    }
)

KINDS: Final[Mapping[OrderKind, str]] = MappingProxyType(
    {
        OrderKind.NOTIFICATION: "Notification",
        OrderKind.REMINDER: "Reminder",
        OrderKind.INSTANT: "Instant",
        OrderKind.COMPOSED: "Composed",
    }
)

ORDER_STATUS: Final[Mapping[OrderStatus, str]] = MappingProxyType(
    {
        OrderStatus.REGISTERED: "Registered",
        OrderStatus.PROCESSING: "Processing",
        OrderStatus.PROCESSED: "Processed",
        OrderStatus.COMPLETED: "Completed",
        OrderStatus.SEND_CONDITION_NOT_MET: "SendConditionNotMet",
        OrderStatus.CANCELLED: "Cancelled",
    }
)

ORDER_WORDS: Final[Mapping[OrderStatus, str]] = MappingProxyType(
    {
        OrderStatus.REGISTERED: "The order is registered and waits for its requested send time.",
        OrderStatus.PROCESSING: (
            "The order is being processed: the recipients' contact points are found and their "
            "notifications made."
        ),
        OrderStatus.PROCESSED: (
            "The order is processed: every notification is made, and some have no final result yet."
        ),
        OrderStatus.COMPLETED: "The order is completed: every notification has its final result.",
        OrderStatus.SEND_CONDITION_NOT_MET: (
            "The order was stopped: the sender's send condition was not met."
        ),
        OrderStatus.CANCELLED: "The order was stopped: its sender cancelled it.",
    }
)

_EMAIL_FAILURES: Final[Mapping[Failure, str]] = MappingProxyType(
    {
        Failure.FAILED: "Failed",
        Failure.INVALID_ADDRESS: "Failed_InvalidEmailFormat",
        Failure.SUPPRESSED: "Failed_SupressedRecipient",
        Failure.BOUNCED: "Failed_Bounced",
        Failure.FILTERED_AS_SPAM: "Failed_FilteredSpam",
        Failure.QUARANTINED: "Failed_Quarantined",
        Failure.PAYLOAD_TOO_LARGE: "Failed_PayloadTooLarge",
        Failure.BARRED: "Failed",
        Failure.DELETED: "Failed",
        Failure.EXPIRED_AT_PROVIDER: "Failed",
        Failure.UNDELIVERED: "Failed",
        Failure.REJECTED: "Failed",
        Failure.INVALID_ATTACHMENT: "Failed_InvalidSasUrl",
    }
)

_SMS_FAILURES: Final[Mapping[Failure, str]] = MappingProxyType(
    {
        Failure.FAILED: "Failed",
        Failure.INVALID_ADDRESS: "Failed_InvalidRecipient",
        Failure.SUPPRESSED: "Failed",
        Failure.BOUNCED: "Failed",
        Failure.FILTERED_AS_SPAM: "Failed",
        Failure.QUARANTINED: "Failed",
        Failure.PAYLOAD_TOO_LARGE: "Failed",
        Failure.BARRED: "Failed_BarredReceiver",
        Failure.DELETED: "Failed_Deleted",
        Failure.EXPIRED_AT_PROVIDER: "Failed_Expired",
        Failure.UNDELIVERED: "Failed_Undelivered",
        Failure.REJECTED: "Failed_Rejected",
        Failure.INVALID_ATTACHMENT: "Failed",
    }
)

_TTL: Final = "Failed_TTL"

_RESPELT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Failed_InvalidEmailFormat": "Failed_InvalidFormat",
        "Failed_SupressedRecipient": "Failed_SuppressedRecipient",
    }
)

_PREFIX: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.EMAIL: "Email_", Channel.SMS: "SMS_"}
)

RESULT_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "New": "The notification is made, and waits to be sent.",
        "Sending": "The notification is being handed over to the provider.",
        "Succeeded": "The e-mail was accepted by the provider.",
        "Accepted": "The text message was accepted by the provider.",
        "Delivered": "The notification arrived, says the provider: it, or the recipient's own server, has it.",
        "Simulated": "The notification was only tried out: its recipient is one for tests, and nothing was sent.",
        "Failed": "The notification was not handed over, or did not arrive.",
        "Failed_TTL": "The notification was not sent, or its arrival not confirmed, in time.",
        "Failed_RecipientReserved": "Not sent: the recipient has declined digital communication.",
        "Failed_RecipientNotIdentified": "Not sent: no contact point was found for the recipient.",
        "Failed_InvalidEmailFormat": "The e-mail address is not one that mail can be sent to.",
        "Failed_InvalidRecipient": "The mobile number is not one that messages can be sent to.",
        "Failed_SupressedRecipient": "The provider does not send to this e-mail address any more.",
        "Failed_Bounced": "The e-mail came back: there is no such mailbox, or it takes no mail.",
        "Failed_FilteredSpam": "The e-mail was taken for spam.",
        "Failed_Quarantined": "The e-mail was put in quarantine on its way.",
        "Failed_PayloadTooLarge": "The e-mail was too large.",
        "Failed_InvalidSasUrl": "An attachment could not be fetched from where it was said to lie.",
        "Failed_BarredReceiver": "The recipient's number is barred from such messages.",
        "Failed_Deleted": "The text message was deleted on its way.",
        "Failed_Expired": "The text message could not be delivered before the operator gave up.",
        "Failed_Undelivered": "The text message could not be delivered.",
        "Failed_Rejected": "The text message was refused on its way.",
    }
)


def result_of(channel: Channel, delivery: Delivery) -> str:
    """A notification's result, as it is stored in the words of the first version."""
    match delivery:
        case Pending():
            return "New"
        case Attempting() | Unknown():
            return "Sending"
        case Accepted():
            return "Succeeded" if channel is Channel.EMAIL else "Accepted"
        case Delivered() | Relayed():
            # Altinn's own provider calls delivered what the recipient's server has accepted.
            return "Delivered"
        case Failed(failure=failure):
            return (_EMAIL_FAILURES if channel is Channel.EMAIL else _SMS_FAILURES)[failure]
        case Expired():
            return _TTL
        case GivenUp() | Stopped():
            return "Failed"
        case Simulated():
            return "Simulated"
        case NotIdentified():
            return "Failed_RecipientNotIdentified"
        case Reserved():
            return "Failed_RecipientReserved"
        case _:
            assert_never(delivery)


def first_version(result: str) -> str:
    """A result as the first version shows it: what ran out of time has merely failed."""
    return "Failed" if result == _TTL else result


def second_version(channel: Channel, result: str) -> str:
    """A result as the second version spells it: `SMS_Delivered`."""
    return _PREFIX[channel] + without_channel(result)


def without_channel(result: str) -> str:
    """A result as the second version spells it where the channel is told beside it: `Delivered`."""
    return _RESPELT.get(result, result)


def order_status_first(status: OrderStatus) -> str:
    """An order's status as the first version shows it: what is processed is completed."""
    return ORDER_STATUS[OrderStatus.COMPLETED if status is OrderStatus.PROCESSED else status]


def order_status_second(status: OrderStatus) -> str:
    """An order's status as the second version spells it: `Order_Processed`."""
    return f"Order_{ORDER_STATUS[status]}"


def has_succeeded(delivery: Delivery) -> bool:
    """Whether the provider took it over, and has not said since that it failed; or it was only tried out.

    Counted alike for both channels and in both places where they are counted.
    """
    return isinstance(delivery, Accepted | Relayed | Delivered | Simulated)


_OF_EMAIL_ALONE: Final = frozenset(
    {
        "Succeeded",
        "Failed_InvalidEmailFormat",
        "Failed_SupressedRecipient",
        "Failed_Bounced",
        "Failed_FilteredSpam",
        "Failed_Quarantined",
        "Failed_PayloadTooLarge",
        "Failed_InvalidSasUrl",
    }
)
_OF_SMS_ALONE: Final = frozenset(
    {
        "Accepted",
        "Failed_InvalidRecipient",
        "Failed_BarredReceiver",
        "Failed_Deleted",
        "Failed_Expired",
        "Failed_Undelivered",
        "Failed_Rejected",
    }
)

ChannelWord: TypeAlias = Annotated[str, one_of(CHANNELS.values())]
KindWord: TypeAlias = Annotated[str, one_of(KINDS.values())]
OrderStatusFirst: TypeAlias = Annotated[
    str, one_of(sorted({order_status_first(each) for each in ORDER_STATUS}))
]
OrderStatusSecond: TypeAlias = Annotated[str, one_of(map(order_status_second, ORDER_STATUS))]
ResultFirst: TypeAlias = Annotated[str, one_of(sorted(set(map(first_version, RESULT_WORDS))))]
Result: TypeAlias = Annotated[str, one_of(sorted(set(map(without_channel, RESULT_WORDS))))]
ResultSecond: TypeAlias = Annotated[
    str,
    one_of(
        second_version(channel, each)
        for channel, others in ((Channel.EMAIL, _OF_SMS_ALONE), (Channel.SMS, _OF_EMAIL_ALONE))
        for each in RESULT_WORDS
        if each not in others
    ),
]
