"""Which addresses bounced here for good, and which of them somebody has lifted the suppression of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.channel import Channel
from domain.contact_point import AddressKey
from domain.order.events import Failure, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedAddress:
    """An address that bounced, by its keyed hash, and the order whose history tells of it."""

    address_hash: str
    channel: Channel
    bounced_at: datetime
    failure: Failure
    order_id: OrderId


class Suppressions(Protocol):
    """Knows the addresses that bounced hard; it keeps keyed hashes, never an address.

    What was recorded a moment ago may not be known yet.

    Raises:
        StoreUnavailableError: from every method that is awaited: the store cannot be reached; try
            again later.
    """

    def address_hash(self, address: AddressKey) -> str:
        """The keyed hash of an address, in hexadecimal; who has no key cannot try addresses out."""
        ...

    async def bounced(
        self, addresses: Collection[AddressKey], *, since: datetime
    ) -> Mapping[AddressKey, datetime]:
        """Those that bounced from `since` on, each with when it last did; asked once for all.

        What bounced before it was lifted does not count.
        """
        ...

    async def latest(self, *, since: datetime, most: int) -> Sequence[BouncedAddress]:
        """The addresses that bounced from `since` on and were not lifted, newest first.

        Each comes once, with its latest bounce.
        """
        ...

    async def lift(self, address_hash: str, *, at: datetime) -> None:
        """Forget what bounced there up to a moment; to lift it twice is to lift it once."""
        ...
