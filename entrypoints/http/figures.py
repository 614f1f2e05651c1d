"""A notification as a row of the daily files."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from application.counting import Ended
from domain.channel import Channel
from domain.personal import Contact
from domain.sms_segments import segments
from entrypoints.http.answering import utc
from entrypoints.http.answers_deliveries import result_of

_COMMON: Final[Mapping[str, str]] = {
    "ShipmentId": "string",
    "SendersReference": "string",
    "RequestedSendTime": "string",
    "CreatorName": "string",
    "ResourceId": "string",
    "Result": "string",
}
COLUMNS: Final[Mapping[Channel, Mapping[str, str]]] = MappingProxyType(
    {
        Channel.EMAIL: {"EmailId": "int64", **_COMMON, "OperationId": "string"},
        Channel.SMS: {
            "SmsId": "int64",
            **_COMMON,
            "GatewayReference": "string",
            "Rate": "string",
            "MobileNumberPrefix": "string",
            "AltinnSmsCount": "int32",
            "AltinnSmsBodyLength": "int32",
            "AltinnSmsCustomBodyLength": "int32",
        },
    }
)
"""The columns of each channel's file, in their order, with their types."""

_PREFIX: Final = 4
_NORWAY: Final = ("+47", "0047")


def figure_of(ended: Ended) -> Sequence[object]:
    """The row of a notification; a number of 63 bits stands for its id, the same for ever."""
    order, notification = ended.order, ended.notification
    placed = order.placed
    notification_id = order.notification_id(notification.notification_no)
    common = (
        notification_id.int & (2**63 - 1),
        str(order.order_id),
        placed.senders_reference,
        utc(placed.requested_send_time).isoformat().replace("+00:00", "Z"),
        placed.owner,
        placed.resource,
        result_of(notification.channel, notification.delivery),
        notification.reference,
    )
    if notification.channel is Channel.EMAIL:
        return common
    number = _number(notification.address)
    return (*common, _rate(number), number[:_PREFIX] or None, *_lengths(ended))


def _number(address: Contact | None) -> str:
    return "" if address is None or address.is_erased else address.text


def _rate(number: str) -> str:
    if not number:
        return "n/a"
    return "innland" if number.startswith(_NORWAY) else "utland"


def _lengths(ended: Ended) -> tuple[int | None, int | None, int | None]:
    """Segments, characters of the text as ordered, and of it with its keywords filled, where it has any."""
    sms = ended.order.placed.sms
    if sms is None or sms.body.is_erased:
        return None, None, None
    ordered = sms.body.text
    filled = ended.order.keywords(ended.notification).fill(ordered)
    return (
        segments(filled).count,
        len(ordered),
        None if filled == ordered else len(filled),
    )
