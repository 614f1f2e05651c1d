"""Absolute addresses, as clients find them in answers."""

from dataclasses import dataclass
from typing import Final

from domain.order.events import ChainId, OrderId

BASE: Final = "/notifications/api/v1"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links that begin with the address by which clients reach the service."""

    base_url: str
    """Without a slash at its end: `https://platform.example.no`."""

    def absolute(self, path: str) -> str:
        """The address of a path."""
        return f"{self.base_url}{path}"

    def order(self, order_id: OrderId) -> str:
        """Where an order is read."""
        return f"{self.base_url}{BASE}/orders/{order_id}"

    def status(self, order_id: OrderId) -> str:
        """Where an order's status is read."""
        return f"{self.order(order_id)}/status"

    def notifications(self, order_id: OrderId, channel: str) -> str:
        """Where an order's notifications of one channel are read."""
        return f"{self.order(order_id)}/notifications/{channel}"

    def chain(self, chain_id: ChainId) -> str:
        """What names an order and its reminders; nothing is to be read there."""
        return f"{self.base_url}{BASE}/orders/chain/{chain_id}"
