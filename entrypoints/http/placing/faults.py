"""What the domain refuses of an order, by the places that clients know."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

from application.ordering.commands import NewOrder
from domain.order.errors import CannotBePlacedError, Fault
from entrypoints.http.validation.errors import Faults

_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "attachments": "Recipient.Settings.Attachments",
        "sms": "SmsTemplate",
        "email": "EmailTemplate",
    }
)
"""How clients know the parts of an order; another is written as its own name is, in capitals."""


def tell_faults(refused: CannotBePlacedError, order: NewOrder) -> NoReturn:
    """Tell what the domain refuses of an order as what is wrong with the request.

    Raises:
        InvalidRequestError: the order cannot be placed as it is asked for.
    """
    faults = Faults()
    for fault in refused.faults:
        faults.broken(_path(fault), _words(fault, order))
    faults.raise_any()
    raise refused


def _path(fault: Fault) -> str:
    capitals = "".join(word.capitalize() for word in fault.part.split("_"))
    path = _PARTS.get(fault.part, capitals)
    if fault.number is not None:
        path = f"{path}[{fault.number}]"
    return path if fault.reminder is None else f"Reminders[{fault.reminder}].{path}"


def _words(fault: Fault, order: NewOrder) -> str:
    if fault.part != "attachments" or fault.number is None or order.email is None:
        return fault.words
    name = order.email.attachments[fault.number].filename.text
    return (
        f"Attachment '{name}': sasUrl must be valid for at least 15 minutes "
        "after the requested send time"
    )
