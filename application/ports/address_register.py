"""The register in which organisations' official addresses are changed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

from domain.official_address import Place
from domain.recipient import OrganisationNumber


@dataclass(frozen=True, slots=True)
class ChangeTaken:
    """The register took the change."""

    registry_id: str
    """Its own name for the address now."""


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """The register does not take the change, and would not at another time."""

    code: str
    """Why, in a stable code: `unknown_organisation`, `validation_error`."""


@dataclass(frozen=True, slots=True)
class ChangeNotTaken:
    """The register certainly did not take the change this time."""

    code: str
    again_in: timedelta | None = None
    """When it wants to be told again, if it said so."""


@dataclass(frozen=True, slots=True)
class ChangeUnknown:
    """Nobody can tell whether the register took the change."""

    code: str


ChangeOutcome: TypeAlias = ChangeTaken | ChangeRefused | ChangeNotTaken | ChangeUnknown


class AddressRegister(Protocol):
    """Takes changes of official addresses; that one counts, its feed tells and nothing else does.

    It may take the same change twice if it is told twice. No method raises for want of an answer, and
    each takes a bounded time.
    """

    async def add(self, organisation: OrganisationNumber, place: Place) -> ChangeOutcome:
        """Add an address."""
        ...

    async def replace(
        self, registry_id: str, organisation: OrganisationNumber, place: Place
    ) -> ChangeOutcome:
        """Put another address in the place of one."""
        ...

    async def remove(self, registry_id: str) -> ChangeOutcome:
        """Remove an address."""
        ...
