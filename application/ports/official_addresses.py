"""Which official addresses an organisation has, as the register's feed has told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.official_address import HeldAddress
from domain.recipient import OrganisationNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressesHeld:
    """What the register has for one organisation."""

    addresses: Sequence[HeldAddress]
    read_at: datetime | None
    """When the feed was last read to its end; None if it never was."""


class OfficialAddresses(Protocol):
    """The local copy of the register, with the register's own names of addresses."""

    async def of(self, organisation: OrganisationNumber) -> AddressesHeld:
        """An organisation's own addresses, in an order that stays.

        Raises:
            RegistryUnavailableError: it cannot be told now, or not for certain, since a change could not be
                read; try again later.
        """
        ...
