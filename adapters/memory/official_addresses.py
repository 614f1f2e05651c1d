"""A register of official addresses in memory: what it has, what its feed has told, and how it fails."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from application.ports.address_register import (
    ChangeOutcome,
    ChangeRefused,
    ChangeTaken,
)
from application.ports.official_addresses import AddressesHeld
from domain.official_address import HeldAddress, Place
from domain.recipient import OrganisationNumber


class InMemoryAddressRegister:
    """Takes every change of an organisation that it knows; its feed tells of them when it is read."""

    def __init__(self) -> None:
        self.has: dict[str, tuple[OrganisationNumber, Place]] = {}
        self.unknown: set[OrganisationNumber] = set()
        """Organisations that it does not know."""
        self.told: list[tuple[str, str]] = []
        """What it was told, each time: to do what, and with whose or which."""
        self._names = count(1)

    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        self.told.append(("add", organisation))
        if organisation in self.unknown:
            return ChangeRefused("unknown_organisation")
        return self._put(organisation, place)

    async def replace(
        self, registry_id: str, organisation: OrganisationNumber, place: Place
    ) -> ChangeOutcome:
        self.told.append(("replace", registry_id))
        if self.has.pop(registry_id, None) is None:
            return ChangeRefused("validation_error")
        return self._put(organisation, place)

    async def remove(self, registry_id: str) -> ChangeOutcome:
        self.told.append(("remove", registry_id))
        if self.has.pop(registry_id, None) is None:
            return ChangeRefused("validation_error")
        return ChangeTaken(registry_id)

    def _put(self, organisation: OrganisationNumber, place: Place) -> ChangeTaken:
        registry_id = f"{next(self._names):032x}"
        self.has[registry_id] = (organisation, place)
        return ChangeTaken(registry_id)


class InMemoryOfficialAddresses:
    """Knows of a register what its feed had told when it was read last."""

    def __init__(self, register: InMemoryAddressRegister) -> None:
        self._register = register
        self._known: dict[str, tuple[OrganisationNumber, Place]] = {}
        self._read_at: datetime | None = None

    def read_feed(self, now: datetime) -> None:
        """Read the register's feed to its end."""
        self._known, self._read_at = dict(self._register.has), now

    def forget(self) -> None:
        """Know nothing any more, as if the feed had never been read."""
        self._known, self._read_at = {}, None

    async def of(self, organisation: OrganisationNumber) -> AddressesHeld:
        held: Sequence[HeldAddress] = [
            HeldAddress(registry_id=registry_id, place=place)
            for registry_id, (whose, place) in sorted(self._known.items())
            if whose == organisation
        ]
        return AddressesHeld(addresses=held, read_at=self._read_at)
