"""The recipient index over a repository in memory."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from adapters.memory.order_repository import InMemoryOrderRepository
from domain.order.events import OrderId, OrderPlaced
from domain.recipient import ExternalIdentity, Organisation, Person


class InMemoryRecipientIndex:
    """Reads the log from its beginning, each time."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        self._orders = orders
        self._key = secrets.token_bytes(32)

    def identity_hash(self, recipient: Person | Organisation | ExternalIdentity) -> str:
        said = f"{type(recipient).__name__} {_name(recipient)}"
        return hmac.digest(self._key, said.encode(), "sha256").hex()

    async def orders_for(
        self, recipient: Person | Organisation, *, since: datetime, until: datetime
    ) -> Sequence[OrderId]:
        found = [
            (each.event.requested_send_time, each.order_id)
            for each in self._orders.everything()
            if isinstance(each.event, OrderPlaced)
            and since <= each.event.requested_send_time < until
            and any(one.identity == recipient for one in each.event.recipients)
        ]
        newest = sorted(found, key=lambda each: (-each[0].timestamp(), each[1]))
        return [order_id for _, order_id in newest]


def _name(recipient: Person | Organisation | ExternalIdentity) -> str:
    match recipient:
        case Person(number=number):
            return number.text
        case Organisation(number=organisation):
            return organisation
        case ExternalIdentity(urn=urn):
            return urn.text
