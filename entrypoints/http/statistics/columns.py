"""A notification as a row of the daily files."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from application.phone_number import AT_HOME
from application.queries.statistics import Ended
from domain.channel import Channel
from domain.order.notification import Notification
from domain.personal import Contact
from domain.sms_segments import segments
from entrypoints.http.transport.altinn_vocabulary import result_of
from entrypoints.http.transport.responses import utc

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
_AT_HOME: Final = "innland"
_ABROAD: Final = "utland"


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
    return (*common, _rate(notification, number), number[:_PREFIX] or None, *_lengths(ended))


def _number(address: Contact | None) -> str:
    return "" if address is None or address.is_erased else address.text


def _rate(notification: Notification, number: str) -> str:
    """At home or abroad, by the country on record, or by the number where there is none."""
    attempted = notification.attempted
    if attempted is not None and attempted.country is not None:
        return _AT_HOME if attempted.country in AT_HOME else _ABROAD
    if not number:
        return "n/a"
    return _AT_HOME if number.startswith(_NORWAY) else _ABROAD


def _lengths(ended: Ended) -> tuple[int | None, int | None, int | None]:
    """Segments, characters of the text as ordered, and of it with its keywords filled, where it has any."""
    sms, attempted = ended.order.placed.sms, ended.notification.attempted
    count = None if attempted is None else attempted.segments
    body = None if sms is None else sms.text_in(ended.notification.language)
    if body is None or body.is_erased:
        return count, None, None
    ordered = body.text
    filled = ended.order.keywords(ended.notification).fill(ordered)
    return (
        segments(filled).count if count is None else count,
        len(ordered),
        None if filled == ordered else len(filled),
    )
